#### undefined function
p := f(1)
#### undefined builtin
p := strings.nope("a")
#### undefined namespaced
p := foo.bar.baz(1)
#### undefined in body
p if { f(1) }
#### undefined in negation
p if { not f(1) }
#### undefined in comprehension
p := [x | x := f(1)]
#### undefined in every
p if { every x in [1] { f(x) } }
#### undefined nested
p := count(f(1))
#### undefined data function
p := data.other.f(1)
#### undefined in with value
p if { true with input as f(1) }
#### undefined in head key
p contains f(1)
#### undefined in template
p := $"{f(1)}"
#### two undefined
p := f(1)

q := g(1)
#### builtin too few
p := count()
#### builtin too many
p := count([1], [2], 3)
#### builtin too many in body
p if { startswith("a", "b", "c", "d") }
#### builtin with output too many
p if { count([1], x, 2); x }
#### builtin too few infix name
p := plus(1)
#### function too few
f(x, y) := x + y

p := f(1)
#### function too many
f(x) := x

p := f(1, 2)
#### function much too many
f(x) := x

p := f(1, 2, 3)
#### function too many in body
f(x) := x

p if { f(1, 2, 3) }
#### function none
f(x) := x

p := f()
#### rule called
q := 1

p := q(1)
#### rule called without arguments
q := 1

p := q()
#### rule called in body
q := 1

p if { q(1, 2) }
#### function used as value
f(x) := x

p := f
#### function used as ref
f(x) := x

p := f.a
#### function in comparison
f(x) := x

p if { f == 1 }
#### function indexed by variable
f(x) := x

p if { f[x] }
#### package of functions called
p := data.test(1)
#### input called
p := input(1)
#### input path called
p := input.f(1)
#### print as value
p := print("a")
#### print in array
p := [print("a")]
#### print in comparison
p if { x := print("a"); x }
#### print negated value
p if { print("a") == 1 }
#### eq with one argument
p if { eq(1) }
#### eq with three arguments
p if { eq(1, 1, x); x }
#### assign with one argument
p if { assign(x) }
#### local called
p if {
	f = 1
	f(1)
}
#### arity differs
f(x) := x

f(x, y) := y
#### builtin replaced by other arity
p if { count([1]) == 1 with count as concat }
#### user function replaced by other arity
f(x) := x

g(x, y) := x

p if { f(1) == 1 with f as g }

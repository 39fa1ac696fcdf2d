#### body
p if { x == 1 }
#### body two
p if { x < y }
#### head value
p := x if { true }
#### head key
p contains x if { true }
#### object key
p[x] := 1 if { true }
#### object value
p["a"] := x if { true }
#### negation
p if { not x == 1 }
#### negation of local
p if {
	not x.y
}
#### call argument
p if { count(x) > 1 }
#### call in head
p := count(x)
#### ref head
p if { x.y == 1 }
#### ref to unbound in bracket of unbound
p if { x[y] }
#### function body
f(x) := y if { x }
#### function value
f(x) := y
#### comprehension head
p := [x | true]
#### comprehension body
p := [1 | x > 1]
#### set comprehension head
p := {x | true}
#### object comprehension key
p := {x: 1 | true}
#### object comprehension value
p := {"a": x | true}
#### every domain
p if { every x in xs { x } }
#### every body
p if { every x in [1] { x == y } }
#### with value
p if { true with input as x }
#### with value later bound
p if { x = input.y with input as x }
#### some declared only
p if {
	some x
	x > 1
}
#### some in domain
p if { some x in y }
#### unify two unknown
p if { x = y }
#### unify arrays
p if { [x, 1] = [y, 1] }
#### unify self
p if { x = x }
#### unify depends on itself
p if { x = x + 1 }
#### assignment of unknown
p if { x := y }
#### assignment of itself
p if { x := x }
#### assignment cycle
p if {
	x := y + 1
	y = x + 1
}
#### set pattern
p if { {x} = {1} }
#### object key pattern
p if { {x: 1} = {"a": 1} }
#### closure before binding of itself
p if { xs = [x | x = xs[_]] }
#### closure cycle
p if {
	xs = [x | x = ys[_]]
	ys = [y | y = xs[_]]
}
#### function output as input
p if { plus(x, 1, 2) }
#### wildcard in comparison
p if { _ == 1 }
#### wildcard in negation
p if { not _ }
#### wildcard argument
p if { count(_) }
#### template undeclared
p := $"{x}"
#### template undeclared field
p := $"{x.y}"
#### template undeclared call
p := $"{upper(x)}"
#### print undeclared
p if { print(x) }
#### print before assignment
p if {
	print(x)
	x = 1
}
#### print in comprehension
p := [1 | print(y)]
#### keyword like variable
p if { contain == 1 }
#### else body
p if { false } else := 1 if { y }
#### else value
p if { false } else := y
#### nested comprehension
p := [[y | y > x] | true]
#### nested every
p if { every x in [1] { every y in z { y == x } } }
#### argument not in body is safe elsewhere
f(x) := z if { y = x }
#### two rules
p if { x }

q if { y }
#### same variable twice
p if {
	x > 1
	x < 3
}
#### multi line
p if {
	input.x
	y > 1
	input.z
	w
}
#### dynamic rule reference
p if { data.test[x] == y; z }
#### with target function and unbound value
p if { count([1]) == 1 with count as x }
#### ref arg not ground
p if { object.get(input, x, 1) }
#### in membership
p if { x in [1, 2] }
#### in membership right
p if { 1 in x }
#### in key
p if { k, 1 in [1] }
#### arithmetic
p if { x + 1 == 2 }
#### array with call
p if { [count(x), 1] = [1, 1] }
#### else shares no locals
p if { x := 1; x == 2 } else := x
#### head ref variable
p[x].y := 1 if { true }
#### head ref nested variable
p.q[x][y] := 1 if { x := 1 }
#### head ref set
p[x] contains 1 if { true }

#### nothing but a package [raw]
package a
#### package with brackets [raw]
package a.b["c d"].e
#### package of keywords [raw]
package if.not["else"]
#### imports
import data.a
import data.b as c
import input.d
import rego.v1
import future.keywords
import future.keywords.in

p := [a, c, d]
#### keywords in refs
p := input.if.else.not.package.default.in.every.some.with.as.contains

if.x := 1

q if data.test.if.x == 1
#### out of order
p := y if {
	z == 2
	y = z + x
	x = 1
	z = x + 1
}
#### out of order through calls
p := z if {
	count(z) == n
	z = split(x, ",")
	x = "a,b"
	n = 2
}
#### unification both ways
p := [x, y] if [x, 1, {"a": y}] = [2, 1, {"a": 3}]
#### aliases
p := x if {
	x = y
	y = z
	z = 1
}
#### closures see what is bound later
p := xs if {
	xs := [(x + y) | some x in [1, 2]]
	y = 3
}
#### wildcards
p if {
	_ = 1
	input[_][_] == 1
	f(input.x, 1) with input as {}
	[_, _] = [1, 2]
}

f(_, _) := 1
#### every kind of rule
complete := 1

default fallback := false

fallback if input.x

set contains x if some x in [1, 2]

set contains 3

object[k] := v if some k, v in {"a": 1}

object["b"] := 2

f(x) := x + 1

f("a") := "b"

default g(_) := 0

g(x) := x if x > 1

a.b.c := 1

a.b.d[x] contains y if {
	x := "k"
	y := "v"
}

h[x][y].z := 1 if {
	x := "a"
	y := "b"
}
#### else
p := 1 if {
	input.a
} else := 2 if {
	input.b
} else if {
	input.c
} else := {"d": 4}
#### chained bodies
p if {
	input.a
} {
	input.b
}
#### every
p if {
	every x in [1, 2] {
		x > 0
	}
	every k, v in {"a": 1} {
		k != "b"
		some y in [v]
		y == v
	}
	every _ in [] { false }
}
#### some
p if {
	some x, y
	[x, y] = [1, 2]
	some z in [x, y]
	some i, [a, b] in [[1, 2]]
	some {"k": c} in [{"k": 1}]
	a + b + c + i > z
}
#### membership
p if {
	1 in [1]
	"a", 1 in {"a": 1}
	not 2 in {1}
	x := 1 in [1]
	x
}
#### with
p if {
	input.x == 1 with input as {"x": 1}
	input.x.y == 1 with input.x.y as 1
	data.a.b == 1 with data.a.b as 1 with input as 2
	q with data.test.r as 5
	f(1) == 2 with f as g
	f(1) == 3 with f as 3
	count([]) == 5 with count as 5
	count("a") == 1 with count as g
	time.now_ns() == 0 with time.now_ns as 0
	json.unmarshal("{}") == {} with input as object.union({}, {"a": f(1)})
}

q if r == 5

r := 1

f(x) := x

g(x) := 2 if x
#### comprehensions
p := [
	[x | some x in [1]],
	{x | some x in [1]},
	{x: y | some x, y in {"a": 1}},
	[[y | some y in [x]] | some x in [1]],
	{f(x) | some x in [1]},
]

f(x) := x * 2
#### template strings
p := $"a {input.x} {1 + 1} {[x | some x in [1]]} \{ {f(1)} {$"inner {input.y}"}"

q := $`raw {input.x}
second line {upper("a")}`

f(x) := x
#### print
p if {
	x := 1
	print("x is", x, input.y)
	print()
}
#### variables named like builtins
p := count if count := 1

q(upper) := lower(upper)
#### rules named like builtins
count(x) := x

p := count(1)
#### names with underscores and digits
__local0__ := 1

_a1 := __local0__

p if {
	__local1__ := 2
	__local1__ == 2
}
#### mutual use without recursion
a.b := a.c

a.c := 1

d[x] := 1 if x := "e"

e := d.f
#### refs to base documents
p if {
	data.other[x].y[_] == input[x]
}
#### refs to whole packages
q := 1
#### file: b.rego
package other

p := data.test

r := data.test.q
#### rules in several files
p contains 1
#### file: b.rego
package test

p contains 2
#### rule below a package of the same path
a.b := 1
#### file: b.rego
package test.a

c := 1
#### types that cannot be known
p if {
	upper(input.x) == "A"
	input.y + 1 == 2
	data.a.b.c == "x"
	input.z[0].a == 1
	f(input.x) == 1
}

f(x) := x
#### types that fit in part
q := 1 if input.x

q := "a" if input.y

p if q == "a"

r := q + 1
#### comparison of different types
p if {
	1 < "a"
	[1] < {"a": 1}
	1 != "a"
}
#### indirect refs
p := [[1, 2][0], {"a": 1}.a, f(1)[0], {1, 2}[1], [x | x := 1][0]]

f(x) := [x]
#### composite keys
p[[x, y]] := 1 if {
	x := 1
	y := 2
}

q if p[[1, 2]] == 1
#### function arguments are patterns
f([x, y], {"a": z}, "b", 1, _) := x + y + z

p := f([1, 2], {"a": 3}, "b", 1, null)
#### walk
p contains path if {
	some path, value
	walk(input, [path, value])
	value == 1
}
#### metadata
# METADATA
# title: a rule
# custom:
#   severity: high
p := rego.metadata.rule().custom.severity

q := [x | some x in rego.metadata.chain()]
#### comments and blank lines

# one

p if { # two
	# three
	input.x # four
	# five
}
# six
#### semicolons and one line
p if { input.x; input.y; input.z }

q if { input.x;
	input.y }
#### commas at ends
p := [1, 2,]

q := {"a": 1,}

r := {1, 2,}
#### numbers
p := [0, -1, 1.5, 1e3, 1E-3, -0.5, .5, 123456789012345678901234567890, 1.0]
#### strings
p := ["", "\"\\\/\b\f\n\r\t\u00e9", `raw "x"
y`, "é😀"]
#### set constructor
p := [set(), {}, {1}, {"a": 1}]
#### ambiguous or
p := {1 | 2}

q := {a | b, c} if {
	a := {1}
	b := {2}
	c := {3}
}
#### query with several variables [query: x = 1; y = x + 1; [z, _] = [y, 2]]
p := 1
#### query with comprehension [query: xs = [x | x = data.test.p]]
p := 1
#### query on several statements [query: data.test.p = x; y := x]
p := 1
#### query equality [query: data.test.p == 1]
p := 1
#### query of function [query: data.test.f(1, x)]
f(x) := x

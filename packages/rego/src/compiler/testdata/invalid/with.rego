#### unknown target
p if { true with foo as 1 }
#### unknown dotted target
p if { true with foo.bar as 1 }
#### local target
p if {
	x := 1
	true with x as 2
}
#### relation
p if { true with walk as 1 }
#### void
p if { true with print as 1 }
#### equality
p if { true with eq as 1 }
#### internal
p if { true with internal.member_2 as 1 }
#### internal print
p if { true with internal.print as 1 }
#### metadata chain
p if { true with rego.metadata.chain as 1 }
#### metadata rule
p if { true with rego.metadata.rule as 1 }
#### part of rule
q := {"a": 1}

p if { true with data.test.q.a as 1 }
#### part of partial object
q[x] := 1 if { x := "a" }

p if { true with data.test.q.a as 1 }
#### part of partial set
q contains 1

p if { true with data.test.q[1] as 1 }
#### deep part of rule
q := {"a": {"b": 1}}

p if { true with data.test.q.a.b as 1 }
#### in comprehension
p := [x | x := 1 with foo as 1]
#### second of two
p if { true with input as 1 with foo as 1 }
#### in every body
p if { every x in [1] { x == 1 with foo as 1 } }
#### number as function argument
p if { true with data.test.f(1) as 1 }
f(x) := x
#### function with wrong types
f(x) := upper(x)

g(x) := x + 1

p if { f("a") == 1 with f as g }
#### rule argument used as target
f(x) := y if { y := 1 with x as 2 }

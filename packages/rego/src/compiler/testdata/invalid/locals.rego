#### assigned twice
p if {
	x := 1
	x := 2
}
#### assigned after use
p if {
	x == 1
	x := 1
}
#### declared twice
p if {
	some x, x
	x = 1
}
#### declared after use
p if {
	x = 1
	some x
}
#### declared after assignment
p if {
	x := 1
	some x
}
#### assigned after declaration
p if {
	some x
	x := 1
}
#### argument assigned
f(x) := y if {
	x := 1
	y := x
}
#### argument declared
f(x) := y if {
	some x
	y := x
}
#### argument in some in
f(x) := y if {
	some x in [1]
	y := x
}
#### declared unused
p if {
	some x
	true
}
#### declared unused of two
p if {
	some x, y
	x = 1
}
#### declared unused in comprehension
p := [1 | some x; true]
#### assign in negation
p if { not x := 1 }
#### assign to number
p if { 1 := 1 }
#### assign to string
p if { "a" := "a" }
#### assign to boolean
p if { true := true }
#### assign to null
p if { null := null }
#### assign to ref
p if { input.x := 1 }
#### assign to ref of local
p if {
	x := {}
	x.y := 1
}
#### assign to set
p if { {x} := {1} }
#### assign to call
p if { count([1]) := 1 }
#### assign to comprehension
p if { [x | x = 1] := [1] }
#### assign to array with number
p if { [x, 1] := [1, 1]; x }
#### assign to object value string
p if { {"a": "b"} := {"a": "b"} }
#### assign array twice
p if { [x, x] := [1, 1] }
#### assign object twice
p if {
	x := 1
	{"a": x} := {"a": 2}
}
#### assign template
p if { $"{input.x}" := "a" }
#### every variable twice
p if { every x, x in [1] { x } }
#### every shadows argument used
p if { every x in [1] { x := 2; x } }
#### some in twice
p if {
	some x in [1]
	some x in [2]
}
#### some in after use
p if {
	x = 1
	some x in [1]
}
#### argument is call
f(count(x)) := 1
#### argument is infix
f(x + 1) := 1
#### called function shadowed
f(x) := x

p if {
	f := 1
	y := [f(1)]
	y
}
#### called builtin shadowed
p if {
	count := 1
	y := [count([1])]
	y
}
#### called local
p if {
	g := 1
	g(1)
}
#### two errors
p if {
	x := 1
	x := 2
	y := 1
	y := 2
}
#### errors in two rules
p if {
	x := 1
	x := 2
}

q if {
	some y
	y := 1
}
#### comprehension assigned twice
p := [x | x := 1; x := 2]
#### else assigned twice
p if { false } else := 1 if {
	x := 1
	x := 2
}
#### function else redeclared
f(x) if { false } else := 1 if { x := 1 }
#### wildcard declared
p if { some _; true }

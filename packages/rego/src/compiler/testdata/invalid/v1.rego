#### body without if
p { true }
#### body without if on function
f(x) { x }
#### partial set in brackets
p[x] { x := 1 }
#### partial set in brackets without body
p["a"]
#### partial object without if
p[x] := 1 { x := 1 }
#### else without if
p if { false } else { true }
#### else with value without if
p if { false } else := 1 { true }
#### contains without if
p contains x { x := 1 }
#### assigned body without if
p := 1 { true }
#### keyword rule name
if := 1
#### keyword rule name with body
every if { true }
#### contains as rule
contains := 1
#### in as rule
in := 1
#### dotted rule without value
a.b.c
#### several without if
p { true }

q { true }

r[x] { x := 1 }
#### rule named input
input := 1
#### rule named data
data := 1
#### function named input
input(x) := x
#### rule below input
input.x := 1
#### argument named input
f(input) := 1
#### argument named data
f(data) := data
#### nested argument named input
f([input]) := 1
#### variable named input
p if { input := 1 }
#### variable named data
p if { data := 1; data == 1 }
#### variable named input in comprehension
p := [x | input := 1; x := input]
#### import twice
import data.a
import data.a
#### import same name
import data.a
import data.b.a
#### import same alias
import data.a as x
import data.b as x
#### import alias equals name
import data.a
import data.b as a
#### import input and data
import data.x
import input.x
#### three imports of one name
import data.a
import data.b.a
import data.c.a
#### deprecated any
p := any([true])
#### deprecated all
p if { all([true]) }
#### deprecated re_match
p if { re_match("a", "b") }
#### deprecated set_diff
p := set_diff({1}, {2})
#### deprecated cast
p := cast_array({1})
#### deprecated cast in comprehension
p := [y | some x in [1]; y := cast_string(x)]
#### deprecated cidr overlap
p := net.cidr_overlap("10.0.0.0/8", "10.1.0.0/16")
#### deprecated several
p if {
	any([true])
	all([true])
}

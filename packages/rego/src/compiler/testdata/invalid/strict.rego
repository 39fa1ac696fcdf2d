#### unused import [strict]
import data.a

p := 1
#### unused import with alias [strict]
import data.a as b

p := 1
#### unused input import [strict]
import input.a

p := 1
#### two unused imports [strict]
import data.a
import data.b

p := 1
#### unused assignment [strict]
p if {
	x := 1
	true
}
#### unused assignment of two [strict]
p if {
	x := 1
	y := 2
	x == 1
}
#### unused in comprehension [strict]
p := [1 | x := 1]
#### unused in array pattern [strict]
p if {
	[x, y] := [1, 2]
	x == 1
}
#### unused in else [strict]
p if { false } else := 1 if { x := 1 }
#### unused argument [strict]
f(x) := 1
#### unused argument of two [strict]
f(x, y) := x
#### unused argument in pattern [strict]
f([x, y]) := x
#### unused argument in body [strict]
f(x) if { input.y }
#### unused argument in else [strict]
f(x) if { input.y } else := 1
#### unused in every [strict]
p if { every x in [1] { y := x } }
#### unused in function [strict]
f(x) := x if { y := 1 }
#### unused some [strict]
p if {
	some x
	input.y
}

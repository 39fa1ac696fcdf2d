#### locals, some key value twice
p if { some x, x in [1]; x }
#### locals, wildcard assigned
p if { _ := 1; _ := 2 }
#### parse, empty body
p if {}
#### parse, default without value
default p
#### parse, two rules on one line
p := 1 q := 2
#### parse, builtin as function rule
count(x) := 1
#### parse, infix head
p + 1 := 2
#### recursion, dynamic package
p := x if { x := data[y].q; y }
#### recursion, name below
p.a := p.b

p.b := 1

p[x] := y if { x := "c"; y := 1 }
#### types, minus set and number
p := {1} - 1
#### types, every domain number
p if { every x in 1 { x } }
#### types, every member used wrongly
p if { every x in [1] { upper(x) == "A" } }
#### types, member of number
p if { 1 in 2 }
#### types, number as package part
p := data[1]
#### types, array as package part
p := data.test[[1]]

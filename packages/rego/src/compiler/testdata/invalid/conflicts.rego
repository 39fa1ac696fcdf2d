#### complete and set
p := 1

p contains 2
#### complete and object
p := 1

p[x] := 2 if { x := "a" }
#### set and object
p contains 1

p[x] := 2 if { x := "a" }
#### complete and function
p := 1

p(x) := x
#### set and function
p contains 1

p(x) := x
#### function of two arities
p(x) := x

p(x, y) := y
#### two defaults
default p := 1

default p := 2
#### two default functions
default f(_) := 1

default f(_) := 2
#### rule below rule
p := 1

p.q := 2
#### rule deep below rule
p := 1

p.q.r.s := 2
#### several below rule
p := 1

p.q := 2

p.r := 3
#### set below rule
p := 1

p.q contains 2
#### object below rule
p := 1

p.q[x] := 2 if { x := "a" }
#### rule below set
p contains 1

p.q := 2
#### rule below function
p(x) := x

p.q := 2
#### ref head complete and set
a.b := 1

a.b contains 2
#### ref head kinds
a.b[x] := 1 if { x := 1 }

a.b contains 1
#### number in name
p[1] := 1

p[1].q := 2
#### default and set
default p := 1

p contains 1
#### default function and rule
default f(_) := 1

f := 2
#### package and rule
a := 1
#### file: b.rego
package test.a

x := 1
#### package and function
a(x) := x
#### file: b.rego
package test.a

x := 1
#### package and deep rule
a.b := 1
#### file: b.rego
package test.a.b

x := 1
#### package and set
a contains 1
#### file: b.rego
package test.a

x := 1
#### rules in two files
p := 1
#### file: b.rego
package test

p contains 1
#### defaults in two files
default p := 1
#### file: b.rego
package test

default p := 2
#### rule of other package
p := 1
#### file: b.rego
package test.p.q

r := 1
#### two conflicts
p := 1

p contains 1

q := 1

q(x) := x

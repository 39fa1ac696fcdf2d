#### itself
p if { p }
#### value
p := p
#### two
p if { q }

q if { p }
#### three
p if { q }

q if { r }

r if { p }
#### function
f(x) := f(x)
#### function to rule
f(x) := p

p := f(1)
#### set
p contains x if { some x in p }
#### object
p[x] := y if { y := p[x]; x := 1 }
#### through else
p if { false } else := q

q := p
#### in else
p if { false } else := p
#### in comprehension
p := [x | x := p]
#### in negation
p if { not p }
#### in every
p if { every x in p { x } }
#### through data
p := data
#### through package
p := data.test
#### dynamic
p := x if { x := data.test[y]; y }
#### through two packages
p := data.other.q
#### file: b.rego
package other

q := data.test.p
#### in with value
p if { true with input as p }
#### in with target
p if { true with data.test.p as 1 }
#### default
default p := false

p if { p }
#### head key
p contains p
#### two cycles
a if { b }

b if { a }

c if { d }

d if { c }
#### set of refs
p.q contains x if { some x in data.test.p[_] }

#### unsafe [query: x]
p := 1
#### unsafe comparison [query: x > 1]
p := 1
#### undefined function [query: f(1)]
p := 1
#### arity [query: count()]
p := 1
#### function arity [query: data.test.f(1, 2, 3)]
f(x) := x
#### match error [query: 1 = "a"]
p := 1
#### operand [query: upper(1, x)]
p := 1
#### undefined ref [query: data.test.p.a]
p := 1
#### assigned twice [query: x := 1; x := 2]
p := 1
#### referenced above [query: x = 1; x := 2]
p := 1
#### assign to ref [query: input.x := 1]
p := 1
#### print as value [query: x := print("a")]
p := 1
#### with target [query: true with foo as 1]
p := 1
#### with part of rule [query: true with data.test.p.a as 1]
p := {"a": 1}
#### declared unused [query: some x; true]
p := 1
#### parse error [query: x := ]
p := 1
#### parse error bracket [query: data.test[]
p := 1
#### unsafe negation [query: not x]
p := 1
#### template [query: x = $"{y.z}"]
p := 1
#### two lines [query: data.test.p = x, 1]
p := 1

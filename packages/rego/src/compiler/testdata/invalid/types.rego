#### string plus
p := "a" + 1
#### plus string
p := 1 + "a"
#### minus strings
p := "a" - "b"
#### multiply boolean
p := true * 2
#### divide array
p := [1] / 2
#### modulo string
p := 5 % "a"
#### and numbers
p := 1 & 2
#### or numbers
p := 1 | 2
#### and set with array
p := {1} & [1]
#### count number
p := count(1)
#### count boolean
p := count(true)
#### count null
p := count(null)
#### upper number
p := upper(1)
#### lower array
p := lower([])
#### concat number
p := concat(1, ["a"])
#### concat string
p := concat(",", "a")
#### concat numbers
p := concat(",", [1])
#### sprintf args
p := sprintf("%d", 1)
#### sprintf format
p := sprintf(1, [1])
#### split number
p := split(1, ",")
#### startswith number
p if { startswith(1, "a") }
#### contains number
p if { contains("a", 1) }
#### replace number
p := replace("a", "b", 1)
#### substring string
p := substring("abc", "a", 1)
#### trim number
p := trim(1, "a")
#### regex number
p if { regex.match(1, "a") }
#### sum string
p := sum("a")
#### sum of strings
p := sum(["a"])
#### max number
p := max(1)
#### sort string
p := sort("a")
#### abs string
p := abs("a")
#### round null
p := round(null)
#### to_number array
p := to_number([1])
#### format_int string
p := format_int("a", 10)
#### array concat set
p := array.concat([1], {2})
#### array slice string
p := array.slice([1], "a", 2)
#### object get array
p := object.get([1], 0, 1)
#### object union array
p := object.union({}, [])
#### object keys string
p := object.keys("a")
#### object remove number
p := object.remove({}, 1)
#### json unmarshal number
p := json.unmarshal(1)
#### base64 number
p := base64.encode(1)
#### time string
p := time.date("a")
#### numbers range string
p := numbers.range(1, "a")
#### bits strings
p := bits.or("a", 1)
#### intersection of numbers
p := intersection({1, 2})
#### glob number
p if { glob.match(1, [], "a") }
#### glob delimiters string
p if { glob.match("a", ".", "a") }
#### semver number
p := semver.compare(1, "1.0.0")
#### units number
p := units.parse(1)
#### uuid number
p := uuid.parse(1)
#### walk result
p if { walk({}, 1) }
#### result unified with wrong type
p if { x := count([1]); x == "a" }
#### result compared by unification
p if { count([1]) = "a" }
#### result used wrongly
p := upper(count([1]))
#### boolean result used as string
p := upper(startswith("a", "b"))
#### array index
p if { x := [1, 2]; x.a }
#### array string index
p := [1, 2]["a"]
#### object missing key
p if { x := {"a": 1}; x.b }
#### object missing nested key
p if { x := {"a": {"b": 1}}; x.a.c }
#### number has no fields
p if { x := 1; x.a }
#### string has no fields
p if { x := "a"; x.b }
#### boolean has no index
p if { x := true; x[0] }
#### null has no fields
p if { x := null; x.a }
#### set missing member
p if { x := {"a"}; x[1] }
#### rule field
q := {"a": 1}

p := q.b
#### rule number field
q := 1

p := q.a
#### rule string iterated
q := "abc"

p if { q[_] }
#### set of strings by number
q contains "a"

p if { q[1] }
#### object rule by wrong key
q[x] := 1 if { x := "a" }

p if { q[1] }
#### nested object rule
q.a.b := 1

p := q.a.b.c
#### nested ref head known
q.a := 1

q.b := 2

p := q.a.x
#### function result field
f(x) := {"a": x}

p := f(1).b
#### comprehension item field
p if { xs := [1 | true]; xs[0].a }
#### match numbers and strings
p if { 1 = "a" }
#### match boolean and null
p if { true = null }
#### match equals
p if { 1 == "a" }
#### match array lengths
p if { [1, 2] = [1] }
#### match array kinds
p if { [1, "a"] = [1, 2] }
#### match objects
p if { {"a": 1} = {"b": 1} }
#### match object values
p if { {"a": 1} = {"a": "b"} }
#### match array and object
p if { [] = {} }
#### match set and array
p if { {1} = [1] }
#### match rule
q := "a"

p if { q == 1 }
#### match function result
f(x) := "a" if { x }

p if { f(1) == 1 }
#### match local
p if {
	x := 1
	y := "a"
	x == y
}
#### match pattern
p if { [x, y] := [1]; x; y }
#### match object pattern
p if { {"a": x} := {"b": 1}; x }
#### match comprehension
p if { [x | x := 1] == "a" }
#### match nested
p if { [[1]] = [["a"]] }
#### assign pattern to number
p if { [x] := 1; x }
#### compare types allowed but match not
p if { x := "a"; x = 1 }
#### input cannot be wrong but literal can
p if { upper(input.x) == 1 }
#### some in number
p if { some x in 1; x }
#### some in string
p if { some x in "abc"; x }
#### some value wrong type
p if { some x in [1, 2]; x == "a" }
#### some key wrong type
p if { some i, _ in [1, 2]; i == "a" }
#### iteration value
p if { xs := ["a", "b"]; xs[_] == 1 }
#### iteration key
p if { xs := ["a", "b"]; xs[i]; i == "a" }
#### object key iteration
p if { xs := {"a": 1}; xs[k]; k == 1 }
#### set member iteration
p if { xs := {1, 2}; xs[x]; x == "a" }
#### argument of user function
f(x) := upper(x)

p := f(1)
#### argument of user function nested
f(x) := y if { [y] = x }

p := f("a")
#### argument pattern
f([x, y]) := x + y

p := f([1])
#### argument constant
f("a") := 1

p := f(1)
#### two definitions of argument
f(1) := 1

f("a") := 2

p := f(true)
#### in comprehension
p := [x | x := upper(1)]
#### in nested comprehension
p := [[y | y := upper(1)] | true]
#### in comprehension match
p := {x | x := 1; x == "a"}
#### in object comprehension
p := {k: v | k := "a"; v := lower(1)}
#### in else
p if { false } else := upper(1)
#### in negation
p if { not upper(1) }
#### in with value
p if { true with input as upper(1) }
#### in head value
p contains upper(1)
#### in template
p := $"{upper(1)}"
#### template result
p := count([1]) + $"a"
#### two errors
p := upper(1)

q := lower(1)
#### error once per rule
p if {
	upper(1)
	lower(1)
}
#### user of a wrong rule is not blamed
p := upper(1)

q := p + 1
#### package member missing
p := data.test.p2.x

p2 := {"a": 1}
#### object union of rule
q := {"a": 1} if { input.x }

q := {"b": 2} if { input.y }

p := q.c
#### any of two
q := 1 if { input.x }

q := "a" if { input.y }

p if { q == true }
#### default adds a type
default q := "a"

q := 1 if { input.x }

p if { q == true }
#### cmp with arrays is fine but ref is not
p if { [1] < 2; [1].a }
#### numbers of strings
p := to_number("1") + "1"
#### negative index
p if { xs := [1]; xs[-1] }
#### index beyond
p if { xs := [1]; xs[1] }
#### call with output
p if { upper("a", 1) }
#### call with output pattern
p if { split("a", ",", [1, x]); x }
#### nested comprehension with a captured member
p := [1 | x := 1; ys := [2 | xs := {x | true}; y = xs[_]; y > 0]; ys]
#### nested comprehension iterated
p := [1 | some x in [1]; ys := [2 | some y in [x | true]; y > 0]; ys]
#### deeply nested comprehension with a captured member
p := [[[y | some y in {x | true}] | true] | some x in [1]]

#### body not closed
p if { true
#### unclosed bracket
p := [1, 2
#### unclosed object
p := {"a": 1
#### unclosed set
p := {1, 2
#### unclosed paren
p := (1 + 2
#### unterminated string
p := "abc
#### unterminated raw string
p := `abc
#### bad escape
p := "a\qb"
#### bad unicode escape
p := "\u12g4"
#### number with leading zero
p := 007
#### number without fraction
p := 1.
#### number without exponent
p := 1e
#### number followed by letters
p := 12ab
#### number too big
p := 1e1000000
#### lonely minus
p := -
#### minus before string
p := -"a"
#### illegal character
p := 1 @ 2
#### illegal bang
p if !true
#### illegal dollar
p := $x
#### illegal caret
p := 2 ^ 3
#### tilde
p := ~1
#### backslash
p := \1
#### question mark
p := x ? 1 : 2
#### single quotes
p := 'a'
#### two operators
p := 1 + * 2
#### missing operand
p := 1 +
#### missing right side
p if x :=
#### missing left side
p if := 1
#### double equals at head
p == 1
#### assignment chain
p if { x := y := 1 }
#### double ampersand
p if { true && false }
#### double pipe
p if { true || false }
#### keyword as variable
p if { if := 1 }
#### keyword as rule
some := 1
#### default with ref
default p := input.x
#### default with var
default p := x
#### default with call
default p := count([1])
#### default with body
default p := 1 if { true }
#### default function repeated argument
default f(x, x) := 1
#### default function ground argument
default f(1) := 1
#### default function array argument
default f([x]) := 1
#### default alone
default
#### default number
default 1 := 2
#### else without rule
else := 1
#### else after partial set
p contains 1 if { true } else := 2
#### else after partial object
p[x] := 1 if { x := 1 } else := 2
#### else without anything
p if { false } else
#### else empty body
p if { false } else if {}
#### else after chained body
p if { false } { true } else := 1
#### chained body after else
p if { false } else := 1 { true }
#### some without var
p if { some }
#### some number
p if { some 1 }
#### some with dot
p if { some x.y }
#### some assignment
p if { some x := 1 }
#### some with three
p if { some a, b, c in [1] }
#### not some
p if { not some x in [1] }
#### not every
p if { not every x in [1] { x > 0 } }
#### every without body
p if { every x in [1] }
#### every without in
p if { every x { true } }
#### every with pattern
p if { every [x, y] in [[1, 2]] { x < y } }
#### every pattern key
p if { every 1, x in [1] { x > 0 } }
#### every empty body
p if { every x in [1] {} }
#### every of call
p if { every f(x) { true } }
#### with without as
p if { true with input }
#### with without target
p if { true with as 1 }
#### with string target
p if { true with "a" as 1 }
#### with without value
p if { true with input as }
#### with number target
p if { true with 1 as 2 }
#### package keyword twice
package other
#### import nothing
import
#### import number
import 1
#### import unknown root
import foo.bar
#### import var root
import x
#### import with index
import data[x]
#### import with number
import data.a[1]
#### import bad alias
import data.a as 1
#### import keyword alias
import data.a as if
#### import ends with keyword
import data.a.default
#### import future wrong
import future.things
#### import future unknown keyword
import future.keywords.nope
#### import future alias
import future.keywords.in as x
#### import rego wrong
import rego.v2
#### import rego bare
import rego
#### import future bare
import future
#### number ref
p := 1.a
#### string ref
p := "a".b
#### boolean ref
p := true[0]
#### null call
p := null(1)
#### ref of paren
p := (input.a).b
#### dot number
p := input.1
#### dot at end
p := input.
#### empty brackets
p := input[]
#### bracket not closed
p := input["a"
#### call not closed
p := f(1
#### call double comma
p := f(1,,2)
#### array double comma
p := [1,,2]
#### object without value
p := {"a":}
#### object without colon
p := {"a": 1, "b"}
#### object mixed with set
p := {1, "b": 2}
#### object double colon
p := {"a":: 1}
#### comprehension without body
p := [x | ]
#### set comprehension without body
p := {x | }
#### object comprehension without body
p := {x: 1 | }
#### comprehension not closed
p := [x | x := 1
#### statements on one line
p if { x := 1 y := 2 }
#### semicolon rules
p := 1; q := 2
#### stray brace
}
#### stray paren
)
#### stray comma
,
#### expression as rule
1 + 2
#### string as rule
"abc"
#### array as rule
[1]
#### bare variable
p
#### dotted name
p.q
#### long dotted name
p.q.r
#### negated statement
not p
#### with statement
p := 1 with input as 2
#### some statement
some x
#### call without arguments as rule
f()
#### assignment to number
1 := 2
#### assignment to string
"a" := 2
#### assignment to array
[x] := [1]
#### infix head tight
p+1 := 2
#### contains without key
p contains
#### contains on function
f(x) contains 1 if { x }
#### contains with value
p contains x := 1 if { x := 1 }
#### if without body
p if
#### if set literal
p if {1, 2}
#### value missing after assign
p :=
#### value missing after unify
p =
#### value missing in function
f(x) :=
#### value missing with if
p := if { true }
#### head with call in middle
f(x).y := 1
#### template not closed
p := $"abc
#### template brace not closed
p := $"abc {input.x
#### template empty expression
p := $"abc {}"
#### template with negation
p := $"{not input.x}"
#### template with unification
p := $"{x = 1}"
#### template with assignment
p := $"{x := 1}"
#### template with some
p := $"{some x in [1]}"
#### template with every
p := $"{every x in [1] { x }}"
#### template bad escape
p := $"\q"
#### template two expressions
p := $"{1; 2}"
#### import after keyword missing
import data.
#### in without right
p if { 1 in }
#### in without left
p if { in [1] }
#### metadata bad scope
# METADATA
# scope: nowhere
p := 1
#### metadata package scope on rule
# METADATA
# scope: package
p := 1
#### metadata on nothing
p := 1
# METADATA
# scope: rule
#### metadata empty
# METADATA
p := 1
#### metadata on import
# METADATA
# title: x
import data.a
#### metadata entrypoint on rule scope
# METADATA
# entrypoint: true
# scope: rule
p := 1
#### metadata subpackages on rule
# METADATA
# scope: subpackages
p := 1
#### no package [raw]
p := 1
#### empty module [raw]

#### only comment [raw]
# nothing
#### package number [raw]
package 1
#### package string [raw]
package "a"
#### package with variable [raw]
package a[x]
#### package with number [raw]
package a[1]
#### package with call [raw]
package a(1)
#### package alone [raw]
package
#### package ends with dot [raw]
package a.
#### import first [raw]
import data.a
package b
#### two packages [raw]
package a
package b
#### body before package [raw]
1 == 1
package a
#### null character [raw]
package a # <NUL>

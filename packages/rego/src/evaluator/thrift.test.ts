import { describe, expect, test } from 'vitest'
import { prepare } from '../index.ts'
import type { Path } from '../query.ts'

interface Row {
  readonly name: string
  readonly rules: string
  /** The value of `data.p.allow`, or the fields that are asked for. */
  readonly gives: unknown
}

/** Bodies that are false whatever the unknown fields `a`, `b` and `c` turn out to be, so that nothing is asked for. */
const needless: readonly Row[] = [
  {
    name: 'a key of a partial set that has no members',
    rules: 'allow := q[input.a]\nq contains input.b if { input.k == 2 }',
    gives: undefined,
  },
  {
    name: 'a key of a place below which no rule has a value',
    rules: 'allow := q[input.a]\nq.x := input.b if { input.k == 2 }',
    gives: undefined,
  },
  {
    name: 'a key of a set without members',
    rules: 'allow := set()[input.a]',
    gives: undefined,
  },
  {
    name: 'a body of a partial object that gives another key',
    rules: 'allow := q.x\nq[k] := 1 if { input.a; k := "y" }',
    gives: undefined,
  },
  {
    name: 'a body of a partial set that gives another member',
    rules: 'allow if q["x"]\nq contains k if { input.a; k := lower("Y") }',
    gives: undefined,
  },
  {
    name: 'a conflict of unknown values at another key',
    rules: 'allow if not q.x\nq[k] := v if { k := "y"; some v in [input.a, input.b] }',
    gives: true,
  },
  {
    name: 'a rule below a partial rule at another key',
    rules: 'allow := q.x\nq.y := input.a\nq[k] := 1 if { k := "x"; input.k == 1 }',
    gives: 1,
  },
  {
    name: 'a value that is worked out behind a blocked expression',
    rules: 'allow if q == true\nq := net.cidr_is_valid("x") if input.a',
    gives: undefined,
  },
  {
    name: 'a false value of a blocked rule, tested',
    rules: 'allow if { q; input.b }\nq := sprintf("%v", [1]) == "b" if input.a',
    gives: undefined,
  },
  {
    name: 'a composite value of a blocked function, in every',
    rules: 'allow if { every x in f(input.k) { x <= "a" } }\nf(_) := array.concat([], split("{,}", ",")) if input.a',
    gives: undefined,
  },
  {
    name: 'a value that does not depend on the argument',
    rules: 'allow if count("x") in f(input.a.b)\nf(_) := {"a": time.parse_duration_ns("1s")} if input.k == 1',
    gives: undefined,
  },
  {
    name: 'an operand that a blocked rule gives',
    rules: 'allow if (1.5 + q) in {}\nq := product([1000]) if not input.a',
    gives: undefined,
  },
  {
    name: 'a default that is what the blocked definition gives',
    rules: 'default allow := true\nallow := ("x" >= sprintf("%v", [1])) if input.a',
    gives: true,
  },
  {
    name: 'a value that is what another definition has given',
    rules: 'allow := split("x,y", ",") if input.k == 1\nallow := ["x", "y"] if input.a',
    gives: ['x', 'y'],
  },
  {
    name: 'members of two object literals that differ',
    rules: 'allow if {"a": 1.5, "b": min({input.a})} == {"a": input.k, "b": input.b}',
    gives: undefined,
  },
  {
    name: 'object literals of different sizes',
    rules: 'allow if {} == {"a": upper(input.a), "b": input.b}',
    gives: undefined,
  },
  {
    name: 'the keys of an array literal with unknown members',
    rules: 'allow if { some i, _ in [input.a, {"b": input.b}]; i > 5 }',
    gives: undefined,
  },
  {
    name: 'the keys of an object literal with unknown members',
    rules: 'allow if { some k, _ in {"x": input.a, "y": [input.b]}; k == "z" }',
    gives: undefined,
  },
  {
    name: 'a known member of a literal with an unknown one',
    rules: 'allow if { x := [input.a, 1]; x[1] == 2 }',
    gives: undefined,
  },
  {
    name: 'a member of what a blocked rule gives',
    rules: 'allow if q.x == 2\nq := {"x": count([1])} if input.a',
    gives: undefined,
  },
  {
    name: 'the members of what a blocked rule gives',
    rules: 'allow if { some x in q; x > 2 }\nq := numbers.range(1, 2) if input.a',
    gives: undefined,
  },
  {
    name: 'a value that is undefined',
    rules: 'allow := input.k.x if input.a',
    gives: undefined,
  },
]

const asksA = { asks: ['a'] }

/** Where a field does count. */
const needful: readonly Row[] = [
  { name: 'a value that fits', rules: 'allow if q == 1\nq := count([1]) if input.a', gives: asksA },
  {
    name: 'one of two values fits',
    rules: 'allow if q == 2\nq := v if { some v in [1, 2]; v > input.a }',
    gives: asksA,
  },
  { name: 'else could give another', rules: 'allow if q == 2\nq := 1 if input.a\nelse := 2', gives: asksA },
  {
    name: 'a value from another definition that is blocked',
    rules: 'allow if q == 2\nq := 1 if input.a\nq := input.b if input.a',
    gives: { asks: ['a', 'b'] },
  },
  {
    name: 'another value could conflict',
    rules: 'allow := [1] if input.k == 1\nallow := [2] if input.a',
    gives: asksA,
  },
  { name: 'a default of another value', rules: 'default allow := 1\nallow := count([1, 2]) if input.a', gives: asksA },
  { name: 'not of what would hold', rules: 'allow if not q\nq := count([1]) if input.a', gives: asksA },
  {
    name: 'a literal of which the member counts',
    rules: 'allow if { some x in [input.a]; x == 1 }',
    gives: asksA,
  },
  { name: 'a literal that is there only if its members are', rules: 'allow if count([input.a, 1]) == 2', gives: asksA },
  {
    name: 'a member beside one that may not be there',
    rules: 'allow if { x := [input.a, 1]; x[1] == 1 }',
    gives: asksA,
  },
]

const unknown: readonly Path[] = [['a'], ['b'], ['c']]

describe.each([
  ['nothing is asked for', needless],
  ['a field is asked for', needful],
] as const)('%s', (_, rows) => {
  test.each(rows)('$name', ({ rules, gives }) => {
    const query = prepare({ modules: { 'p.rego': `package p\n\n${rules}` }, query: 'data.p.allow = x' })
    const outcome = query.evaluate({ input: { k: 1 }, unknown })
    const found =
      outcome.kind === 'blocked'
        ? { asks: outcome.paths.map(path => path.join('.')).sort() }
        : outcome.results[0]?.bindings.x
    expect(found).toEqual(gives)
  })
})

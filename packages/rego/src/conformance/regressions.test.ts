import { describe, expect, test } from 'vitest'
import { RegoError } from '../error.ts'
import { prepare } from '../prepare.ts'
import { toJSON } from '../value/json.ts'

// Differences from OPA v1.14.1 that generated programs brought to light. What is expected is what OPA says, builtin
// errors being errors.
const rows: readonly { readonly name: string; readonly rules: string; readonly gives: string }[] = [
  {
    name: 'a body that needs a missing place is left alone, whatever comes before',
    rules: 'r contains "b" if {\n\tx := to_number("a")\n\ty := lower(input.image.user)\n}\nr contains "c"',
    gives: '{"r":["c"]}',
  },
  {
    name: 'a body that needs another value is left alone, too',
    rules: 'r := 1 if {\n\tto_number("a")\n\tinput.n == 3\n}\nr := 2',
    gives: '{"r":2}',
  },
  {
    name: 'a definition that needs nothing is tried before one that needs a place',
    rules: 'r if {\n\tinput.n == 2\n\t1 / 0\n}\nr if 2 > 1',
    gives: '{"r":true}',
  },
  {
    name: 'the error of a builtin comes before a conflict that is met later',
    rules: 'a := 1 / 0\nb := 1\nb := 2 if true',
    gives: 'eval_builtin_error',
  },
  {
    name: 'definitions that share a constant collection end the search',
    rules: 'r := [] if 0 <= 1 % input.n\nr := [] if true',
    gives: '{"r":[]}',
  },
  {
    name: 'a reference is looked up before a comprehension is worked out',
    rules: 'r if input.x == {1 | to_number("a")}\ns if {1 | to_number("a")} == input.x',
    gives: '{}',
  },
  {
    name: 'of two comprehensions the left one is worked out first',
    rules: 'r if {1: 2 | to_number("a")} == {1: x | some x in [1, 2]}',
    gives: 'eval_builtin_error',
  },
  {
    name: 'a rule below a partial rule has its place in the order of definitions',
    rules: 'r[input.n] := 1 / 0\nr.b := {1: x | some x in [1, 2]}',
    gives: 'eval_conflict_error',
  },
  {
    name: 'the value of a modifier is worked out once for all calls of an expression',
    rules: 'r if {\n\tx := input.n\n}\nr if to_number("a") >= 1 with input.q as input.m',
    gives: 'eval_builtin_error',
  },
  {
    name: 'a pattern is compiled although there is no text',
    rules: 'r := regex.split(`(`, "")',
    gives: 'eval_builtin_error',
  },
  {
    name: 'each byte that is no UTF-8 is replaced on its own',
    rules: 'r := base64.decode("4oKA/w==")\ns := base64.decode("4oI=")',
    gives: JSON.stringify({ r: '\u2080\ufffd', s: '\ufffd\ufffd' }),
  },
  {
    name: 'the empty pattern also matches between the bytes of a character',
    rules: 'r := replace("é", "", "-")',
    gives: JSON.stringify({ r: '-\ufffd-\ufffd-' }),
  },
  {
    name: 'the ceiling of a negative fraction is 1',
    rules: 'r := [ceil(-0.5), floor(-0.5), round(-0.5)]',
    gives: '{"r":[1,0,-1]}',
  },
  {
    name: 'zero has a sign in floats, but not in small integers',
    rules: 'r := [0 * -0.75, product([0, -0.75]), 0 / -5, 0 * -5, 0 * -5000, $"<{0 * -0.75}>", 0 * -0.75 == 0]',
    gives: '{"r":[-0,-0,-0,0,-0,"<-0>",true]}',
  },
  {
    name: 'sums and differences of negative zeros have a sign where they are no small integers',
    rules: 'z := -0.0\nr := [z + z, z - 0, z - z, (0 * -0.75) + (0 * -0.75), max([0, z * 1]), abs(z)]',
    gives: '{"r":[-0,-0,0,0,-0,0],"z":-0.0}',
  },
  {
    name: 'members of a set are worked out in the order of their terms',
    rules: 'r := {semver.compare("x", "1.0.0"), bits.rsh(1, -1)}',
    gives: 'eval_type_error',
  },
  {
    name: 'a member of a set without a value keeps those after it in order from being worked out',
    rules: 'r := {time.parse_rfc3339_ns("x"), min(input.none)}',
    gives: '{}',
  },
  {
    name: 'entries of an object are worked out in the order of their keys',
    rules: 'r := {"b": semver.compare("x", "1.0.0"), "a": bits.rsh(1, -1)}',
    gives: 'eval_type_error',
  },
  {
    name: 'of the members of a set, references come before calls',
    rules: 'a := 1 / 0\nr := {bits.rsh(1, -1), data.p.a}',
    gives: 'eval_builtin_error',
  },
  {
    name: 'of several demands of one place the last one counts, also that of the head',
    rules: 'r := input.n if {\n\tto_number("a")\n\tinput.n == 3\n}',
    gives: 'eval_builtin_error',
  },
  {
    name: 'of several demands of one place the last one counts, also among many definitions',
    rules: `r := input.n if {\n\tto_number("a")\n\tinput.n == 3\n}\n${[4, 5, 6, 7].map(n => `r := input.n if input.n == ${n}`).join('\n')}`,
    gives: 'eval_builtin_error',
  },
  {
    name: 'the first value that differs from that of another definition is a conflict, whatever fails after it',
    rules: 'r := 1\nr := x if {\n\tsome x in [2, 3]\n\t6 / (x - 3) != 1\n}',
    gives: 'eval_conflict_error',
  },
  {
    name: 'the members of a set are visited in order where it shows which error comes first',
    rules: 'r := 1\nr := x if {\n\tsome x in {2, 0}\n\t1 / x > 0\n}',
    gives: 'eval_builtin_error',
  },
]

// Where one key of a partial rule is looked up, OPA works out no other.
const lookups: readonly (readonly [rules: string, gives: string])[] = [
  ['o[k] := v if {\n\tk := "b"\n\tsome v in [1, 2]\n}\nr if not o.a', 'true'],
  ['o[k] := v if {\n\tk := "b"\n\tsome v in [1, 2]\n}\nr := o.b', 'eval_conflict_error'],
  ['o[k] := v if {\n\tk := "b"\n\tsome v in [1, 2]\n}\nr := [k | o[k]]', 'eval_conflict_error'],
  ['o[k] := v if {\n\tk := "b"\n\tsome v in [1, 2]\n}\no.c := 5\nr := o.c', '5'],
  ['o["a"] := 1 if input.n == 2\no[k] := v if {\n\tk := "b"\n\tsome v in [1, 2]\n}\nr := o.a', '1'],
  ['o[k] := w if {\n\tsome k in ["1", "z"]\n\tw := to_number(k)\n}\nr := o["1"]', '1'],
  ['s contains x if {\n\tsome x in [1, 2]\n\t1 / (2 - x) == 1\n}\nr := s[1]', '1'],
  ['s contains x if {\n\tsome x in [1, 2]\n\t1 / (2 - x) == 1\n}\nr := s[2]', 'eval_builtin_error'],
  ['s contains [x, y] if some x, y in [1, 2]\nr := [z | s[[0, z]]]', '[1]'],
  ['o[[k, 1]] := v if some k, v in {"a": 1, "b": 2}\nr := o[["a", 1]]', '1'],
  ['o[k].q contains v if some k, v in {"a": 1, "b": 2}\nr := o.a.q', '[1]'],
  ['o[1.0] := "x"\no[k] := "y" if k := 2\nr := [o[1], o[2.0]]', '["x","y"]'],
]

describe('generated programs once gave other results than OPA', () => {
  test.each(rows)('$name', ({ rules, gives }) => {
    const query = prepare({
      modules: { 'a.rego': `package p\n\n${rules}\n` },
      query: 'data.p = x',
      strictBuiltinErrors: true,
    })
    expect(found(() => query.evaluate({ input: { n: 2, m: 3 } }))).toBe(gives)
  })
})

describe('a key of a partial rule that is looked up', () => {
  test.each(lookups)('%s', (rules, gives) => {
    const modules = { 'a.rego': `package p\n\n${rules}\n` }
    const query = prepare({ modules, query: 'data.p.r = x', strictBuiltinErrors: true })
    expect(found(() => query.evaluate({ input: { n: 2, m: 3 } }))).toBe(gives)
  })
})

// Where an error of a builtin is: at the beginning of its own expression or term, not at its operator or its statement.
const places: readonly (readonly [rules: string, row: number, col: number])[] = [
  ['r := 1 +\n  (input.n\n  / 0)', 4, 4],
  ['r if {\n  not input.n\n  + input.s > 1\n}', 4, 7],
  ['r if {\n  x := [\n    input.n\n    - input.s]\n}', 5, 5],
  ['r if {\n  x :=\n  count(input.n)\n}', 5, 3],
]

test.each(places)('a builtin fails at its own place: %s', (rules, row, col) => {
  const modules = { 'a.rego': `package p\n\n${rules}\n` }
  const outcome = prepare({ modules, query: 'data.p = x', strictBuiltinErrors: true }).evaluate({
    input: { n: 2, s: 'x' },
  })
  expect(outcome).toMatchObject({ error: { location: { row, col } } })
})

// Metadata by the words of YAML 1.2, texts as they are written.
const metadata: readonly (readonly [block: string, gives: string])[] = [
  [
    '# title: 1.10\n# description: y\n# organizations: [1, no]',
    '{"description":"y","organizations":["1","no"],"scope":"rule","title":"1.10"}',
  ],
  ['# custom: {a: yes, b: true, c: 0x10}', '{"custom":{"a":"yes","b":true,"c":16},"scope":"rule"}'],
  [
    '# authors:\n# - {name: n, email: e, z: 1}\n# related_resources:\n# - {ref: "http://r", z: 1}',
    '{"authors":[{"email":"e","name":"n"}],"related_resources":[{"ref":"http://r"}],"scope":"rule"}',
  ],
]

test.each(metadata)('metadata are what OPA reads: %s', (block, gives) => {
  const modules = { 'a.rego': `package p\n\n# METADATA\n${block}\nr := rego.metadata.rule()\n` }
  const query = prepare({ modules, query: 'data.p.r = x' })
  expect(found(() => query.evaluate())).toBe(gives)
})

test('numbers without a whole part become JSON', () => {
  const outcome = prepare({ modules: {}, query: 'x = [.5, -.5e3, $"{.5}"]' }).evaluate()
  expect(outcome.kind === 'results' && toJSON(outcome.results[0]!.bindings.x!)).toBe('[0.5,-0.5e3,".5"]')
})

function found(evaluate: () => ReturnType<ReturnType<typeof prepare>['evaluate']>): string {
  try {
    const outcome = evaluate()
    if (outcome.kind !== 'results') return outcome.kind
    return outcome.error === undefined ? toJSON(outcome.results[0]!.bindings.x!) : outcome.error.code
  } catch (error) {
    return error instanceof RegoError ? error.code : String(error)
  }
}

import { describe, expect, test } from 'vitest'
import { prepare, RegoError, type Value } from '../index.ts'
import type { EvaluateOptions } from '../query.ts'

// Many more that try to hang the process or to fill its memory are in testing/hostile-policies.ts.

const repeated = (letter: string) => `replace(sprintf("%1000000d", [0]), " ", "${letter}")`

/** What asks for too much is cancelled, long before any deadline. */
const refused: readonly (readonly [name: string, rules: string])[] = [
  ['a range of 10^12', 'r := count(numbers.range(1, 1000000000000))'],
  ['a shift by a billion', 'r := bits.lsh(1, 1000000000)'],
  ['a text of more than four million characters', `r := concat("", [${Array(5).fill(repeated('a')).join(', ')}])`],
  ['a template of more than four million characters', `s := ${repeated('a')}\nr := $"${'{s}'.repeat(5)}"`],
  ['an array of more than a million members', `a := numbers.range(1, 1000000)\nr := array.concat(a, [1])`],
  [
    'a comprehension of more than a million members',
    'r := count([1 | some i in numbers.range(1, 1000000); some j in [1, 2]])',
  ],
  [
    'a partial set of more than a million members',
    'p contains [i, j] if {\n\tsome i in numbers.range(1, 600000)\n\tsome j in [1, 2]\n}\nr := count(p)',
  ],
  [
    'values of more than 256 MiB',
    `s := ${repeated('a')}\nr := [upper(concat("", [s, $"{i}"])) | some i in numbers.range(1, 1000)]`,
  ],
  [
    'rules inside rules',
    `${Array.from({ length: 600 }, (_, i) => `p${i} := p${i + 1}`).join('\n')}\np600 := 1\nr := p0`,
  ],
]

/** Here what is asked for is done in little time, or a builtin refuses it. */
const harmless: readonly (readonly [name: string, rules: string])[] = [
  ['a number padded to 2^31 places', 'r := sprintf("%2147483647d", [1])'],
  ['a fraction of 2^31 places', 'r := sprintf("%.2147483647f", [1.5])'],
  ['a width of 2^31 that is an operand', 'r := sprintf("%*d", [2147483647, 1])'],
  ['JSON a million levels deep', `r := json.unmarshal(${repeated('[')})`],
  ['YAML half a million levels deep', `r := yaml.unmarshal(substring(${repeated('[')}, 0, 500000))`],
  [
    'YAML anchors that double',
    `r := yaml.unmarshal("a0: &a0 [x, x]\\n${Array.from({ length: 60 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]\\n`).join('')}")`,
  ],
  [
    'an expression with many readings',
    `r := regex.match("(a|a|aa)*(a|a|aa)*(a|a|aa)*$", substring(concat("", [${repeated('a')}, "!"]), 0, 100000))`,
  ],
  [
    'repetitions inside repetitions',
    `r := regex.match("((a{0,100}){0,100}){0,100}$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!")`,
  ],
  [
    'a glob with many readings',
    `r := glob.match("{a,aa}*{a,aa}*{a,aa}*b", [], substring(${repeated('a')}, 0, 100000))`,
  ],
]

function evaluate(rules: string, options: EvaluateOptions = {}): unknown {
  const query = prepare({ modules: { 'p.rego': `package p\n\n${rules}` }, query: 'data.p.r = x' })
  return query.evaluate({ limits: { timeoutMs: 60_000 }, ...options })
}

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof RegoError) return error.code
    throw error
  }
  return 'none'
}

const nest = (levels: number): Value => {
  let value: Value = []
  for (let i = 0; i < levels; i++) value = [value]
  return value
}

describe('limits', () => {
  test.each(refused)('%s: cancelled', (_name, rules) => {
    expect(codeOf(() => evaluate(rules))).toBe('eval_cancel_error')
  })

  test.each(harmless)('%s: nothing is cancelled', (_name, rules) => {
    expect(codeOf(() => evaluate(rules))).toBe('none')
  })

  test('steps are counted', () => {
    const rules = 'r := count([1 | some x in input.a; some y in input.a; x != y])'
    const input = { a: Array.from({ length: 100 }, (_, i) => i) }
    expect(codeOf(() => evaluate(rules, { input, limits: { steps: 1_000 } }))).toBe('eval_cancel_error')
    expect(codeOf(() => evaluate(rules, { input, limits: { steps: 1_000_000 } }))).toBe('none')
  })

  test('bytes are counted', () => {
    const rules = 'r := [[i, i] | some i in numbers.range(1, 1000)]'
    expect(codeOf(() => evaluate(rules, { limits: { bytes: 10_000 } }))).toBe('eval_cancel_error')
    expect(codeOf(() => evaluate(rules, { limits: { bytes: 1_000_000 } }))).toBe('none')
  })

  test('what a builtin only selects costs no bytes', () => {
    const rules = 'r := count([1 | some i in numbers.range(1, 1000); x := object.get(input, "a", []); x[0] == 0])'
    const input = { a: Array.from({ length: 10_000 }, (_, i) => i) }
    expect(codeOf(() => evaluate(rules, { input, limits: { bytes: 1_000_000 } }))).toBe('none')
  })

  test('a deadline ends the evaluation', () => {
    const rules = 'r := count([1 | some x in input.a; some y in input.a; some z in input.a; x + y + z < 0])'
    const input = { a: Array.from({ length: 3_000 }, (_, i) => i) }
    expect(codeOf(() => evaluate(rules, { input, limits: { timeoutMs: 20 } }))).toBe('eval_cancel_error')
  })

  test('an aborted signal ends the evaluation', () => {
    const rules = 'r := count([1 | some x in numbers.range(1, 100000)])'
    expect(codeOf(() => evaluate(rules, { signal: AbortSignal.abort() }))).toBe('eval_cancel_error')
  })

  test.each([
    'r if input.a == input.b',
    'r if input.a < input.b',
    'r := {input.a}',
    'r := $"{input.a}"',
    'r := json.marshal(input.a)',
    'r := yaml.marshal(input.a)',
    'r := count([1 | walk(input.a, _)])',
    'r := input.a',
  ])('a document that uses up the stack is a limit like any other: %s', rules => {
    const input = { a: nest(100_000), b: nest(100_000) }
    expect(codeOf(() => evaluate(rules, { input }))).toBe('eval_cancel_error')
  })

  test('errors keep the results that were found before', () => {
    const query = prepare({
      modules: { 'p.rego': 'package p\n\nbad := 1\n\nbad := 2 if true' },
      query: 'some x in [1, 2]; y = [z | x == 2; z := data.p.bad]',
    })
    try {
      query.evaluate()
      expect.unreachable()
    } catch (error) {
      expect(error).toMatchObject({ code: 'eval_conflict_error', results: [{ bindings: { x: 1, y: [] } }] })
    }
  })
})

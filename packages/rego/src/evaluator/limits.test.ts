import { describe, expect, test } from 'vitest'
import { prepare, RegoError } from '../index.ts'
import type { EvaluateOptions } from '../query.ts'

const lines = (count: number, make: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => make(i)).join('\n')

/** Values whose parts are shared: as small in memory as they are large once written out. */
const shared = `
dup(x) := [x, x]
a0 := input.a
${lines(40, i => `a${i + 1} := dup(a${i})`)}
b0 := input.b
${lines(40, i => `b${i + 1} := dup(b${i})`)}`

const pairs = 'some a in numbers.range(1, 10000)\n\tsome b in numbers.range(1, 10000)'

const hostile: readonly (readonly [name: string, rules: string])[] = [
  [
    'loops inside loops',
    `r := count([1 | ${pairs.replace('\n\t', '; ')}; a == b; some c in numbers.range(1, 10000); c == a])`,
  ],
  ['a range of 10^12', 'r := count(numbers.range(1, 1000000000000))'],
  ['a result that is endless', `${shared}\nr := a40`],
  ['an endless comparison', `${shared}\nr := a40 == b40`],
  ['an endless order', `${shared}\nr := a40 < b40`],
  ['an endless member', `${shared}\nr := count({a40})`],
  ['an endless partial set', `${shared}\np contains a40\nr := count(p)`],
  ['an endless key', `${shared}\nr := count({a40: 1})`],
  ['an endless membership', `${shared}\nr if a40 in [b40]`],
  ['an endless union', `${shared}\nr := union({{a40}, {b40}})`],
  ['endless JSON', `${shared}\nr := json.marshal(a40)`],
  ['endless YAML', `${shared}\nr := yaml.marshal(a40)`],
  ['an endless text', `${shared}\nr := sprintf("%v", [a40])`],
  ['an endless template', `${shared}\nr := $"{a40}"`],
  ['an endless print', `${shared}\nr if { print(a40) }`],
  ['an endless walk', `${shared}\nr := count([1 | walk(a40, _)])`],
  ['strings that double', `s0 := "abcdefgh"\n${lines(60, i => `s${i + 1} := concat("", [s${i}, s${i}])`)}\nr := s60`],
  ['templates that double', `s0 := "abcdefgh"\n${lines(60, i => `s${i + 1} := $"{s${i}}{s${i}}"`)}\nr := s60`],
  ['numbers that double their digits', `n0 := 10.5\n${lines(60, i => `n${i + 1} := n${i} * n${i}`)}\nr := n60`],
  ['a shift by a billion', 'r := bits.lsh(1, 1000000000)'],
  ['calls that double', `f0(_) := 1\n${lines(60, i => `f${i + 1}(x) := f${i}([x]) + f${i}([x])`)}\nr := f60(1)`],
  ['rules inside rules', `${lines(600, i => `p${i} := p${i + 1}`)}\np600 := 1\nr := p0`],
  [
    'an order of many equal texts',
    `${shared}
r := sort([a40, b40])`,
  ],
  [
    'a product of comprehensions',
    'r := {[a, b, c] | some a in input.many; some b in input.many; some c in input.many}',
  ],
  [
    'a product in the keys of an object',
    'r := {sprintf("%d-%d", [a, b]): a | some a in input.many; some b in input.many}',
  ],
  [
    '`with` in a loop',
    'q := count([1 | some x in input.many; x > input.a])\nr := [v | some i in input.many; some j in input.many; v := q with input.a as i * j]',
  ],
  ['walks inside walks', 'r := count([1 | walk(input, _); walk(input, _)])'],
  [
    '`every` inside `every`',
    'r if { every x in input.many { every y in input.many { every z in input.many { x + y + z >= 0 } } } }',
  ],
  [
    'objects joined one by one',
    'r := object.union_n([{sprintf("%d", [i * j]): j} | some i in input.many; some j in input.many])',
  ],
  ['replacements that double', `s0 := "aaaa"\n${lines(60, i => `s${i + 1} := replace(s${i}, "a", "aa")`)}\nr := s60`],
  ['encodings of encodings', `s0 := "aaaa"\n${lines(80, i => `s${i + 1} := base64.encode(s${i})`)}\nr := s80`],
  ['a range of 10^12 in steps', 'r := numbers.range_step(1, 1000000000000, 1)'],
  ['all addresses there are', 'r := net.cidr_expand("0.0.0.0/0")'],
  ['endless JSON over many lines', `${shared}\nr := json.marshal_with_options(a40, {"pretty": true})`],
]

const many = Array.from({ length: 3000 }, (_, i) => i)
const repeated = (letter: string) => `replace(sprintf("%1000000d", [0]), " ", "${letter}")`

/** Here what is asked for is refused, or is done in little time. */
const harmless: readonly (readonly [name: string, rules: string])[] = [
  ['a number padded to 2^31 places', 'r := sprintf("%2147483647d", [1])'],
  ['a fraction of 2^31 places', 'r := sprintf("%.2147483647f", [1.5])'],
  ['a width of 2^31 that is an operand', 'r := sprintf("%*d", [2147483647, 1])'],
  ['JSON a million levels deep', `r := json.unmarshal(${repeated('[')})`],
  ['YAML a million levels deep', `r := yaml.unmarshal(${repeated('[')})`],
  [
    'YAML anchors that double',
    `r := yaml.unmarshal("a0: &a0 [x, x]\\n${Array.from({ length: 60 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]\\n`).join('')}")`,
  ],
  [
    'an expression with many readings',
    `r := regex.match("(a|a|aa)*(a|a|aa)*(a|a|aa)*$", concat("", [${repeated('a')}, "!"]))`,
  ],
  [
    'repetitions inside repetitions',
    `r := regex.match("((a{0,100}){0,100}){0,100}$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!")`,
  ],
  ['a glob with many readings', `r := glob.match("{a,aa}*{a,aa}*{a,aa}*{a,aa}*{a,aa}*b", [], ${repeated('a')})`],
]

function evaluate(rules: string, options: EvaluateOptions = {}): unknown {
  const query = prepare({ modules: { 'p.rego': `package p\n\n${rules}` }, query: 'data.p.r = x' })
  return query.evaluate({ input: { a: [1], b: [1], many }, print: () => {}, ...options })
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

describe('limits', () => {
  test.each(hostile)('%s ends as cancelled', (_name, rules) => {
    expect(codeOf(() => evaluate(rules, { limits: { timeoutMs: 1_000 } }))).toBe('eval_cancel_error')
  })

  test.each(harmless)('%s ends before its deadline', (_name, rules) => {
    expect(codeOf(() => evaluate(rules, { limits: { timeoutMs: 4_000 } }))).toBe('none')
  })

  test('steps are counted', () => {
    const rules = 'r := count([1 | some x in input.a; some y in input.a; x != y])'
    const input = { a: Array.from({ length: 100 }, (_, i) => i) }
    expect(codeOf(() => evaluate(rules, { input, limits: { steps: 1_000 } }))).toBe('eval_cancel_error')
    expect(codeOf(() => evaluate(rules, { input, limits: { steps: 1_000_000 } }))).toBe('none')
  })

  test('an aborted signal ends the evaluation', () => {
    const signal = AbortSignal.abort()
    expect(codeOf(() => evaluate(hostile[0]![1], { signal }))).toBe('eval_cancel_error')
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

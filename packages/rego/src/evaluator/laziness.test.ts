import { describe, expect, test } from 'vitest'
import { lacking, prepare } from '../index.ts'
import type { Answer, BuiltinDeclaration, EvaluateOptions, Outcome, Path } from '../query.ts'

const functions: Record<string, BuiltinDeclaration> = {
  verify: { args: ['any', 'string'], result: 'boolean', source: 0 },
  load: { args: ['string'], result: 'any' },
  pin: { args: ['any', 'string'], result: 'boolean', source: 0, effect: true, implementation: () => true },
}

function evaluate(rules: string, options: EvaluateOptions = {}, query = 'data.p.allow = x'): Outcome {
  return prepare({ modules: { 'p.rego': `package p\n\n${rules}` }, query, builtins: functions }).evaluate(options)
}

const labels: Path = ['image', 'labels']
const checksum: Path = ['image', 'checksum']

/** What the outcome is: the one result, `undefined`, or the paths asked for as text. */
function short(outcome: Outcome): unknown {
  if (outcome.kind === 'blocked') return { asks: outcome.paths.map(path => path.join('.')).sort() }
  return outcome.results[0]?.bindings.x
}

const known = { image: { repo: 'alpine', tag: '3' } }
const unknown = [labels, checksum]

const asksLabels = { asks: ['image.labels'] }

interface Row {
  readonly name: string
  readonly rules: string
  readonly gives: unknown
}

const rows: Row[] = [
  { name: 'a selected field blocks', rules: 'allow if input.image.labels.x == "y"', gives: asksLabels },
  {
    name: 'a rule decided by another body',
    rules: 'allow if input.image.labels.x == "y"\nallow if input.image.repo == "alpine"',
    gives: true,
  },
  {
    name: 'a body that is plainly false after it',
    rules: 'allow if { input.image.labels.x; input.image.repo == "x" }',
    gives: undefined,
  },
  {
    name: 'a body that is plainly false before it',
    rules: 'allow if { input.image.repo == "x"; input.image.labels.x }',
    gives: undefined,
  },
  { name: 'not', rules: 'allow if not input.image.labels.bad', gives: asksLabels },
  {
    name: 'not of what is plainly false',
    rules: 'allow if not bad\nbad if { input.image.labels.x; input.image.repo == "x" }',
    gives: true,
  },
  { name: 'default waits', rules: 'default allow := false\nallow if input.image.labels.x', gives: asksLabels },
  {
    name: 'default where the body is false',
    rules: 'default allow := false\nallow if { input.image.labels.x; false }',
    gives: false,
  },
  { name: 'else waits', rules: 'allow := 1 if input.image.labels.x\nelse := 2', gives: asksLabels },
  {
    name: 'a value that no blocked definition gives',
    rules:
      'q := false if input.image.labels.x\nq := 1 if input.image.checksum\nallow if q == true\nallow if { q == 1; false }',
    gives: undefined,
  },
  {
    name: 'another value could conflict',
    rules: 'allow := 1 if input.image.labels.x\nallow := 2 if input.image.repo',
    gives: asksLabels,
  },
  {
    name: 'the same value could not',
    rules: 'allow := 2 if input.image.labels.x\nallow := 2 if input.image.repo\nallow := 3 if input.none',
    gives: 2,
  },
  { name: 'an alias', rules: 'allow if { l := input.image.labels; l.x == "y" }', gives: asksLabels },
  { name: 'a parameter', rules: 'f(image) := image.labels.x\nallow := f(input.image)', gives: asksLabels },
  {
    name: 'a parameter that is the field',
    rules: 'f(l) if l.x == "y"\nallow if f(input.image.labels)',
    gives: asksLabels,
  },
  {
    name: 'a call that is false whatever the field is',
    rules: 'f(_, "a") := 1\nallow if f(input.image.labels, "b")',
    gives: undefined,
  },
  { name: 'object.get', rules: 'allow if object.get(input.image, "labels", {}) == {}', gives: asksLabels },
  { name: 'object.get of a known key', rules: 'allow if object.get(input.image, "repo", "") == "alpine"', gives: true },
  {
    name: 'object.get of a key that is not there',
    rules: 'allow if object.get(input.image, "none", 1) == 1',
    gives: true,
  },
  { name: 'holding an object', rules: 'allow if input.image', gives: true },
  { name: 'passing an object', rules: 'f(image) := image.repo\nallow := f(input.image)', gives: 'alpine' },
  {
    name: 'comparing an object',
    rules: 'allow if input.image == {"repo": "alpine", "tag": "3"}',
    gives: { asks: ['image.checksum', 'image.labels'] },
  },
  {
    name: 'comparing with an object that it cannot be',
    rules: 'allow if input.image == {"repo": "alpine"}',
    gives: undefined,
  },
  {
    name: 'counting an object',
    rules: 'allow := count(input.image)',
    gives: { asks: ['image.checksum', 'image.labels'] },
  },
  {
    name: 'all blocked expressions at once',
    rules: 'allow if { input.image.labels.x; input.image.checksum }',
    gives: { asks: ['image.checksum', 'image.labels'] },
  },
  {
    name: 'what depends on a blocked expression',
    rules: 'allow if { l := input.image.labels.x; startswith(l, "a"); input.image.repo == "x" }',
    gives: undefined,
  },
  { name: 'a comprehension', rules: 'allow := [x | x := input.image.labels[_]]', gives: asksLabels },
  { name: 'every', rules: 'allow if every k, v in input.image.labels { k == v }', gives: asksLabels },
  {
    name: 'every with a known failure',
    rules: 'allow if every x in [1, 2] { x == input.image.labels.n; x == 1 }',
    gives: undefined,
  },
  {
    name: 'iteration over members, of which one is unknown',
    rules: 'allow if { some k; input.image[k]; k == "repo" }',
    gives: true,
  },
  {
    name: 'a partial set',
    rules: 'deny contains "a" if input.image.labels.x\nallow if count(deny) == 0',
    gives: asksLabels,
  },
  {
    name: 'a member of a partial set that is there',
    rules: 'deny contains "a" if input.image.labels.x\ndeny contains "b"\nallow if "b" in deny',
    gives: asksLabels,
  },
  {
    name: 'a member of a partial set by its key',
    rules: 'deny contains "a" if input.image.labels.x\ndeny contains "b"\nallow if deny["b"]',
    gives: true,
  },
  {
    name: 'a member of a partial set that cannot be there',
    rules: 'deny contains "a" if input.image.labels.x\nallow if not deny["c"]',
    gives: true,
  },
  {
    name: 'with replaces the field',
    rules: 'q if input.image.labels.x == "y"\nallow if q with input.image.labels as {"x": "y"}',
    gives: true,
  },
  {
    name: 'with replaces another field',
    rules: 'q if input.image.labels.x == "y"\nallow if q with input.image.tag as "4"',
    gives: asksLabels,
  },
  {
    name: 'with a value that is not known',
    rules: 'q if input.x == 1\nallow if q with input.x as input.image.labels.x',
    gives: asksLabels,
  },
  {
    name: 'an error behind a blocked expression',
    rules: 'bad := 1\nbad := 2 if true\nallow if { input.image.labels.x; bad }',
    gives: asksLabels,
  },
  {
    name: 'an error behind a blocked body',
    rules: 'bad := 1\nbad := 2 if true\nallow if input.image.labels.x\nelse := bad',
    gives: asksLabels,
  },
]

describe('laziness', () => {
  test.each(rows)('$name', ({ rules, gives }) => {
    expect(short(evaluate(rules, { input: known, unknown }))).toEqual(gives)
  })

  test('missing paths name the hole, never a path below it', () => {
    const outcome = evaluate('allow if input.image.labels.a.b.c', { input: known, unknown })
    expect(outcome).toMatchObject({ kind: 'blocked', paths: [labels] })
  })

  test('an unknown field that is not in the input is found all the same', () => {
    expect(short(evaluate('allow if input.git.commit.tree', { input: {}, unknown: [['git', 'commit']] }))).toEqual({
      asks: ['git.commit'],
    })
  })

  test('iteration over materials asks for the fields of each that is alive', () => {
    const material = (name: string) => ({ image: { repo: name } })
    const input = { image: { provenance: { materials: [material('a'), material('b'), material('a')] } } }
    const holes = [0, 1, 2].map((i): Path => ['image', 'provenance', 'materials', i, 'image', 'labels'])
    const rules =
      'allow if { some m in input.image.provenance.materials; m.image.labels.x == "y"; m.image.repo == "a" }'
    expect(evaluate(rules, { input, unknown: holes })).toMatchObject({ kind: 'blocked', paths: [holes[0], holes[2]] })
  })

  test('members of the decision stand for themselves', () => {
    const rules = `
default allow := false
allow if input.image.repo == "x"
deny_msg contains "no" if input.image.labels.x
decision := {"allow": allow, "deny_msg": deny_msg}`
    const outcome = evaluate(rules, { input: known, unknown }, 'data.p.decision = x')
    const decision = outcome.results[0]?.bindings.x as Record<string, never>
    expect(outcome.kind).toBe('blocked')
    expect(lacking(decision.allow)).toBeUndefined()
    expect(decision.allow).toBe(false)
    expect(lacking(decision.deny_msg)?.paths).toEqual([labels])
    expect(lacking(decision)?.paths).toEqual([labels])
  })

  test('so do the members of a decision that is made of rules', () => {
    const rules = 'decision.allow if true\ndecision.deny_msg contains "no" if input.image.labels.x'
    const outcome = evaluate(rules, { input: known, unknown }, 'data.p.decision = x')
    const decision = outcome.results[0]?.bindings.x as Record<string, never>
    expect(decision.allow).toBe(true)
    expect(lacking(decision.deny_msg)?.paths).toEqual([labels])
  })
})

describe('effects', () => {
  test('are reported with the path that they name, and never decided early', () => {
    const rules = 'allow if pin(input.image, "sha256:1")\nallow if input.image.repo == "alpine"'
    const outcome = evaluate(rules, { input: known, unknown })
    expect(outcome).toMatchObject({
      kind: 'results',
      effects: [{ name: 'pin', source: ['image'], args: [null, 'sha256:1'] }],
    })
  })

  test.each([
    'allow if { input.image.labels.x; pin(input.image, "a") }\nallow if input.image.repo == "alpine"',
    'allow if input.image.repo == "alpine"\nallow if { input.image.labels.x; pin(input.image, "a") }',
    'allow if { input.image.labels.x; pin(input.image, "a"); false }',
    'p if { input.image.labels.x; pin(input.image, "a") }\nallow if { p; false }\nallow if true',
  ])('wait for what comes before them: %s', rules => {
    expect(short(evaluate(rules, { input: known, unknown }))).toEqual(asksLabels)
  })

  test.each([
    'decision := {"allow": true, "deny_msg": e}\n\ne contains 1 if { input.image.labels.x; pin(input.image, "a") }',
    'decision.allow := true\n\ndecision.deny_msg contains 1 if { input.image.labels.x; pin(input.image, "a") }',
  ])('keep a decision that holds them from being read in part: %s', rules => {
    const outcome = evaluate(rules, { input: known, unknown }, 'data.p.decision = x')
    expect(outcome).toMatchObject({ kind: 'blocked', paths: [labels], results: [] })
  })
})

describe('host calls', () => {
  const calls = (outcome: Outcome) =>
    outcome.kind === 'blocked' ? outcome.calls.map(({ name, source, args }) => [name, source, ...args]) : outcome
  const answers = (outcome: Outcome, answer: (name: string) => Answer) =>
    new Map(outcome.kind === 'blocked' ? outcome.calls.map(call => [call.id, answer(call.name)]) : [])
  const two = 'allow if { verify(input.image, "key"); load("a.json").ok == true }'

  test('two in one body are asked for together', () => {
    const outcome = evaluate(two, { input: known })
    expect(calls(outcome)).toEqual([
      ['verify', ['image'], null, 'key'],
      ['load', undefined, 'a.json'],
    ])
  })

  test('answers decide', () => {
    const asked = evaluate(two, { input: known })
    const yes = answers(asked, name => (name === 'load' ? { value: { ok: true } } : { value: true }))
    expect(short(evaluate(two, { input: known, answers: yes }))).toBe(true)
    const no = answers(asked, () => ({ undefined: true }))
    expect(short(evaluate(two, { input: known, answers: no }))).toBeUndefined()
  })

  test('wait while another expression awaits a field', () => {
    const rules = 'allow if { verify(input.image, "key"); input.image.labels.x }'
    expect(evaluate(rules, { input: known, unknown })).toMatchObject({ kind: 'blocked', paths: [labels], calls: [] })
  })

  test('are not asked for where another expression is false', () => {
    expect(
      short(evaluate('allow if { verify(input.image, "key"); input.image.repo == "x" }', { input: known })),
    ).toBeUndefined()
  })

  test('the source itself must be known', () => {
    const outcome = evaluate('allow if verify(input.image.labels, "key")', { input: known, unknown })
    expect(outcome).toMatchObject({ kind: 'blocked', paths: [labels], calls: [] })
  })

  test('an answer that is an error stays blocked and is not asked again', () => {
    const asked = evaluate(two, { input: known })
    const outcome = evaluate(two, {
      input: known,
      answers: answers(asked, name => (name === 'load' ? { error: 'down' } : { value: true })),
    })
    expect(outcome).toMatchObject({ kind: 'blocked', paths: [], calls: [], failed: [{ name: 'load' }] })
    expect(
      evaluate('allow if not load("a.json")', {
        answers: new Map([
          [evaluate('allow if load("a.json")').kind === 'blocked' ? 'load - ["a.json"]' : '', { error: 'x' }],
        ]),
      }).kind,
    ).toBe('blocked')
  })

  test('the source is followed through variables and parameters', () => {
    const input = { materials: [{ git: { name: 'a' } }, { git: { name: 'b' } }] }
    const rules = 'ok(g) if verify(g, "k")\nallow if { some m in input.materials; ok(m.git) }'
    expect(calls(evaluate(rules, { input }))).toEqual([
      ['verify', ['materials', 0, 'git'], null, 'k'],
      ['verify', ['materials', 1, 'git'], null, 'k'],
    ])
  })

  test('what is not part of the input has no path', () => {
    expect(calls(evaluate('allow if verify({"a": 1}, "k")', { input: known }))).toEqual([
      ['verify', undefined, { a: 1 }, 'k'],
    ])
  })
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { lacking, prepare, RegoError, toJSON } from '../index.ts'
import type { Answer, BuiltinDeclaration, HostCall, Outcome, Path, Query } from '../query.ts'
import type { Value } from '../value/value.ts'
import { pathKey } from './lacks.ts'
import { data, policies } from './testdata/policies.ts'

const runs = Number(process.env.SOURCE_POLICY_PROPERTY_RUNS ?? 150)
const seed = process.env.SOURCE_POLICY_PROPERTY_SEED === undefined ? 7 : Number(process.env.SOURCE_POLICY_PROPERTY_SEED)

const builtins: Record<string, BuiltinDeclaration> = {
  load: { args: ['any'], result: 'any' },
  verify: { args: ['any', 'any'], result: 'any', source: 0 },
  pin: { args: ['any', 'any'], result: 'boolean', source: 0, effect: true, implementation: () => true },
}

const scalar = fc.constantFrom<Value>(1, 2, 'x', 'y', true, false, null)
const object = fc.dictionary(fc.constantFrom('x', 'y', 'z'), scalar, { noNullPrototype: true })
const inputs = fc.record(
  {
    a: scalar,
    b: fc.oneof(scalar, object),
    o: fc.oneof(object, fc.record({ x: fc.oneof(scalar, object), y: fc.array(scalar, { maxLength: 2 }) })),
    l: fc.array(fc.oneof(scalar, object), { minLength: 2, maxLength: 4 }),
    m: fc.array(object, { minLength: 2, maxLength: 3 }),
  },
  { requiredKeys: ['l', 'm'], noNullPrototype: true },
)

const holes = fc.subarray<Path>(
  [
    ['a'],
    ['b'],
    ['o'],
    ['o', 'x'],
    ['o', 'y'],
    ['o', 'w'],
    ['b', 'x'],
    ['l'],
    ['l', 0],
    ['l', 1],
    ['m', 0],
    ['m', 1, 'x'],
    ['m', 0, 'z'],
    ['n'],
    ['n', 'x'],
  ],
  { minLength: 1, maxLength: 6 },
)

/** A scalar has nothing below it that could be unknown. */
const canHold = (input: object, [parent]: Path): boolean => {
  const value = (input as Record<string, unknown>)[parent as string]
  return value === undefined || (typeof value === 'object' && value !== null)
}

/** An answer for a call, always the same. */
function answerOf(call: Pick<HostCall, 'id'>): Answer {
  const choices: Answer[] = [{ value: true }, { value: { x: 1 } }, { undefined: true }, { value: 'x' }]
  let hash = 0
  for (const char of call.id) hash = (hash * 31 + char.charCodeAt(0)) >>> 0
  return choices[hash % choices.length] as Answer
}

/** The answers to all calls that there could be. */
class AllAnswers extends Map<string, Answer> {
  override get(id: string): Answer {
    return answerOf({ id })
  }
}

type Ending =
  | { readonly results: string; readonly effects: string; readonly bindings: readonly Value[] }
  | { readonly error: string }

interface Trial {
  readonly query: Query
  readonly input: Value
  readonly unknown: readonly Path[]
  readonly answers: Map<string, Answer>
}

function attempt({
  query,
  input,
  unknown,
  answers,
}: Trial): Outcome | { readonly kind: 'error'; readonly code: string } {
  try {
    return query.evaluate({ input, unknown, answers, time: 0n, seed: 's' })
  } catch (error) {
    if (!(error instanceof RegoError)) throw error
    return { kind: 'error', code: error.code }
  }
}

function endingOf(outcome: Exclude<ReturnType<typeof attempt>, { kind: 'blocked' }>): Ending {
  if (outcome.kind === 'error') return { error: outcome.code }
  const { results, effects } = outcome
  const bindings = results.map(result => result.bindings.x as Value)
  const told = effects.map(({ name, source, args }) => toJSON([name, (source ?? null) as Value, args]))
  return { results: toJSON(bindings), effects: [...new Set(told)].sort().join(), bindings }
}

/** Reveals one hole after the other in the given order, and answers calls as they are asked for. */
function* reveal(
  trial: Trial,
  order: readonly number[],
): Generator<{ readonly outcome: ReturnType<typeof attempt>; readonly unknown: readonly Path[] }> {
  let unknown = [...trial.unknown]
  for (let round = 0; round < 64; round++) {
    const outcome = attempt({ ...trial, unknown })
    yield { outcome, unknown }
    if (outcome.kind !== 'blocked') return
    for (const call of outcome.calls) trial.answers.set(call.id, answerOf(call))
    if (unknown.length > 0) unknown = unknown.filter((_, i) => i !== order[round % order.length]! % unknown.length)
  }
  throw new Error('no end')
}

/** What is known in a partly known result must be what it is in the end. */
function agrees(partial: Value | undefined, final: Value | undefined): boolean {
  if (partial === undefined || lacking(partial) === undefined)
    return partial === undefined || (final !== undefined && toJSON(partial) === toJSON(final))
  if (typeof partial !== 'object' || partial === null || Object.getPrototypeOf(partial) !== Object.prototype)
    return true
  if (typeof final !== 'object' || final === null) return false
  const members = final as { readonly [key: string]: Value }
  return Object.entries(partial).every(([key, value]) => lacking(value) !== undefined || agrees(value, members[key]))
}

/** Undefined where the type checker refuses the policy: the generator does not know types. */
function compiled(policy: string): Query | undefined {
  try {
    return prepare({ modules: { 'p.rego': policy }, query: 'data.p.decision = x', data, builtins })
  } catch (error) {
    if (error instanceof RegoError && error.code === 'rego_type_error') return undefined
    throw error
  }
}

test('however the holes are revealed, the result is that of evaluating with all known', () => {
  let tried = 0
  fc.assert(
    fc.property(
      policies,
      inputs,
      holes,
      fc.array(fc.nat(100), { minLength: 1, maxLength: 8 }),
      (policy, input, paths, order) => {
        const unknown = paths.filter(path => path.length === 1 || canHold(input, path))
        const query = compiled(policy)
        if (query === undefined) return
        tried++
        const everything = attempt({ query, input, unknown: [], answers: new AllAnswers() })
        if (everything.kind === 'blocked') throw new Error('blocked although all is known')
        const full = endingOf(everything)
        for (const { outcome, unknown: left } of reveal({ query, input, unknown, answers: new Map() }, order)) {
          if (outcome.kind === 'blocked') {
            const keys = new Set(left.map(pathKey))
            expect(outcome.paths.every(path => keys.has(pathKey(path)))).toBe(true)
            expect(outcome.paths.length + outcome.calls.length).toBeGreaterThan(0)
            if (!('error' in full)) {
              const [final] = full.bindings
              expect(outcome.results.every(result => agrees(result.bindings.x, final))).toBe(true)
            }
          } else if (outcome.kind === 'error') expect({ error: outcome.code }).toEqual(full)
          else if (!('error' in full)) {
            const { results, effects } = endingOf(outcome) as Exclude<Ending, { error: string }>
            expect({ results, effects }).toEqual({ results: full.results, effects: full.effects })
          }
        }
      },
    ),
    { numRuns: runs, seed, endOnFailure: process.env.SOURCE_POLICY_PROPERTY_SHRINK === undefined },
  )
  expect(tried).toBeGreaterThan(runs / 2)
})

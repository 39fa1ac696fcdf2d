import { RegoError } from '../error.ts'
import { prepare } from '../prepare.ts'
import type { BuiltinDeclaration, Result } from '../query.ts'
import { equal, sortValues } from '../value/compare.ts'
import { jsonForm, parseJSON, toJSON } from '../value/json.ts'
import { makeSet, type SetValue } from '../value/set.ts'
import { isArray, type Value } from '../value/value.ts'
import type { Case } from './corpus.ts'

/** The corpus' own function: it only tests that time stands still. */
const testBuiltins: Readonly<Record<string, BuiltinDeclaration>> = {
  'test.sleep': { args: ['string'], result: 'null', implementation: () => null },
}

interface Actual {
  readonly results: readonly Result[]
  readonly error: RegoError | undefined
}

/** What is wrong with the outcome of the case, by the comparison rule of OPA's own runner; undefined if nothing is. */
export function faultOf(test: Case): string | undefined {
  const actual = run(test)
  return errorFault(test, actual.error) ?? resultFault(test, actual.results)
}

function run(test: Case): Actual {
  const input = test.inputTerm === undefined ? test.input : readTerm(test.inputTerm)
  const query = prepare({
    modules: test.modules,
    query: test.query,
    data: test.data ?? {},
    builtins: testBuiltins,
    strictBuiltinErrors: test.strictError,
  })
  try {
    const outcome = query.evaluate(input === undefined ? {} : { input })
    if (outcome.kind !== 'results') throw new Error('blocked without unknown fields')
    return { results: outcome.results, error: outcome.error }
  } catch (error) {
    if (!(error instanceof RegoError)) throw error
    return { results: error.results as readonly Result[], error }
  }
}

/** The value of a ground Rego term: sets and keys of any type, which JSON has not. */
function readTerm(text: string): Value {
  const outcome = prepare({ modules: {}, query: `x = ${text}` }).evaluate()
  const value = outcome.kind === 'results' ? outcome.results[0]?.bindings.x : undefined
  if (value === undefined) throw new Error(`no ground term: ${text}`)
  return value
}

function errorFault({ wantError, wantErrorCode }: Case, error: RegoError | undefined): string | undefined {
  if (wantError === undefined && wantErrorCode === undefined) {
    return error === undefined ? undefined : `unexpected error: ${error.message}`
  }
  if (error === undefined) return `no error, expected ${wantErrorCode ?? ''} ${wantError ?? ''}`
  if (wantErrorCode !== undefined && error.code !== wantErrorCode) {
    return `expected code ${wantErrorCode}, got ${error.code}: ${error.message}`
  }
  return wantError === undefined || error.message.includes(wantError)
    ? undefined
    : `expected error text ${wantError}, got ${error.message}`
}

function resultFault(test: Case, results: readonly Result[]): string | undefined {
  if (test.wantResult === undefined) return undefined
  const actual = makeSet(results.map(({ bindings }) => comparable(bindings, test)))
  const expected = makeSet(test.wantResult.map(row => comparable(row as Result['bindings'], test)))
  return equal(actual, expected) ? undefined : `expected ${show(expected)}, got ${show(actual)}`
}

const show = (set: SetValue): string => toJSON(set).slice(0, 2000)

/** The bindings as they come back from their JSON; where order is left open, the top array is sorted. */
function comparable(bindings: Result['bindings'], test: Case): Value {
  const entries = Object.entries(bindings)
    .filter(([name]) => !test.ignoreGeneratedVars || !name.startsWith('__local'))
    .map(([name, value]) => {
      const plain = parseJSON(toJSON(jsonForm(value)))
      return [name, test.sortBindings && isArray(plain) ? sortValues([...plain]) : plain] as const
    })
  return Object.fromEntries(entries)
}

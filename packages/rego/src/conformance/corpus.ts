import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseJSON } from '../value/json.ts'
import { objectGet } from '../value/object.ts'
import { isArray, isObject, type Value } from '../value/value.ts'

/** One of OPA's own cases. Notes are not unique: a case is known by its file and its index in the corpus' file. */
export interface Case {
  readonly id: string
  readonly note: string
  readonly file: string
  readonly query: string
  readonly modules: Readonly<Record<string, string>>
  readonly data: Value | undefined
  readonly input: Value | undefined
  /** The input as the text of a Rego term. */
  readonly inputTerm: string | undefined
  readonly wantResult: readonly Value[] | undefined
  readonly wantErrorCode: string | undefined
  /** Part of the error's text. */
  readonly wantError: string | undefined
  readonly sortBindings: boolean
  readonly strictError: boolean
  readonly ignoreGeneratedVars: boolean
}

const directory = path.resolve(
  process.env.SOURCE_POLICY_CONFORMANCE ?? fileURLToPath(new URL('../../../../../shared/conformance', import.meta.url)),
  'rego',
)

/** Whether the corpus is there. Where it has to be (SOURCE_POLICY_REQUIRE_CONFORMANCE=1), its absence is an error. */
export const hasCorpus = existsSync(directory)

if (!hasCorpus) {
  if (process.env.SOURCE_POLICY_REQUIRE_CONFORMANCE === '1') throw new Error(`no conformance data at ${directory}`)
  console.warn(`skipped: no conformance data at ${directory} (set SOURCE_POLICY_CONFORMANCE)`)
}

/** All cases, loaded by our own JSON parser: integers beyond doubles are part of what is tested. */
export function loadCases(): readonly Case[] {
  return readdirSync(directory)
    .filter(name => name.endsWith('.json'))
    .sort()
    .flatMap(name => {
      const rows = parseJSON(readFileSync(path.join(directory, name), 'utf8')) as readonly Value[]
      return rows.map((row, index) => readCase(row, `${name}#${index}`))
    })
}

function readCase(row: Value, id: string): Case {
  if (!isObject(row)) throw new Error(`${id} is no object`)
  const text = (key: string): string | undefined => {
    const value = objectGet(row, key)
    return typeof value === 'string' ? value : undefined
  }
  const modules = objectGet(row, 'modules')
  const wantResult = objectGet(row, 'want_result')
  return {
    id,
    note: text('note')!,
    file: text('file')!,
    query: text('query')!,
    modules: Object.fromEntries(
      ((modules ?? []) as readonly string[]).map((module, i) => [`test-${i}.rego`, module] as const),
    ),
    data: objectGet(row, 'data'),
    input: objectGet(row, 'input'),
    inputTerm: text('input_term'),
    wantResult: wantResult !== undefined && isArray(wantResult) ? wantResult : undefined,
    wantErrorCode: text('want_error_code'),
    wantError: text('want_error'),
    sortBindings: objectGet(row, 'sort_bindings') === true,
    strictError: objectGet(row, 'strict_error') === true,
    ignoreGeneratedVars: objectGet(row, 'ignore_generated_vars') === true,
  }
}

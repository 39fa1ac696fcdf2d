import { BigNumber, parseJSON, prepare, RegoError, type Result, toJSON, type Value } from '@source-policy/rego'
import type { Program } from './program.ts'

/** What either engine makes of a program: result rows, or the code of the first error. */
export type Found = { readonly rows: readonly Value[] } | { readonly code: string; readonly message: string }

/** The time that every program is run at. */
export const timeNs = 1_714_979_289_000_000_000n

export const rowsOf = (results: readonly Result[]): readonly Value[] =>
  results.map(({ bindings }) => parseJSON(toJSON(bindings)))

export const codeOf = (error: unknown): Found => {
  if (!(error instanceof RegoError)) throw error
  const [first = error] = error.errors
  return { code: first.code, message: error.message }
}

/** Prepared as all programs are. */
export function prepareProgram({ modules, query, data, strict }: Program) {
  return prepare({ modules, query, data: data as Value, strictBuiltinErrors: strict })
}

export function runOurs(program: Program): Found {
  try {
    const outcome = prepareProgram(program).evaluate({ input: program.input as Value, time: timeNs })
    if (outcome.kind !== 'results') throw new Error('blocked without unknown fields')
    return outcome.error === undefined ? { rows: rowsOf(outcome.results) } : codeOf(outcome.error)
  } catch (error) {
    return codeOf(error)
  }
}

export function readTheirs(line: string): Found {
  const answer = parseJSON(line) as { errors?: { code: string; message: string }[]; results?: Value[] }
  const [error] = answer.errors ?? []
  return error === undefined ? { rows: answer.results ?? [] } : { code: error.code, message: error.message }
}

/** Whether both found the same: rows in any order, numbers by value; of errors the code. */
export function sameFound(a: Found, b: Found): boolean {
  if ('code' in a || 'code' in b) return 'code' in a && 'code' in b && a.code === b.code
  return a.rows.length === b.rows.length && a.rows.every(row => b.rows.some(other => sameValue(row, other)))
}

const numberKey = (value: Value): string | undefined =>
  typeof value === 'number' ? String(value) : value instanceof BigNumber ? String(value.key) : undefined

/** Whether two JSON values are the same. */
export function sameValue(a: Value, b: Value): boolean {
  const number = numberKey(a)
  if (number !== undefined) return number === numberKey(b)
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return a === b
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => sameValue(item, b[i]))
  }
  const [x, y] = [Object.entries(a), b as { readonly [key: string]: Value }]
  return (
    x.length === Object.keys(y).length && x.every(([key, item]) => Object.hasOwn(y, key) && sameValue(item, y[key]!))
  )
}

export const show = (found: Found): string =>
  'code' in found ? `${found.code}: ${found.message}` : found.rows.map(row => toJSON(row)).join('\n')

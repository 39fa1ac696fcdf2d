import { makeNumber } from '../value/number.ts'
import type { Value } from '../value/value.ts'

/** What a plain YAML scalar stands for, by the rules of Go's yaml.v2 (YAML 1.1 with a few of 1.2's numbers). */
export type Resolved =
  | { readonly kind: 'string' }
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'infinite' }

const WORDS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ...['y', 'yes', 'true', 'on'].flatMap(word => spellings(word).map((text): [string, Value] => [text, true])),
  ...['n', 'no', 'false', 'off'].flatMap(word => spellings(word).map((text): [string, Value] => [text, false])),
  ...['', '~', ...spellings('null')].map((text): [string, Value] => [text, null]),
])

const STRING: Resolved = { kind: 'string' }
const INFINITE = /^(?:[+-]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/
const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/
const INTEGER = /^([-+]?)(?:(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+)|(0|[1-9]\d*))$/
const MIN = -(2n ** 63n)
const MAX = 2n ** 64n - 1n

function spellings(word: string): string[] {
  return [...new Set([word, word[0]!.toUpperCase() + word.slice(1), word.toUpperCase()])]
}

/** Resolves the text of an unquoted scalar. Dates stay strings, as they do in Go where no time is asked for. */
export function resolveScalar(text: string): Resolved {
  const word = WORDS.get(text)
  if (word !== undefined) return { kind: 'value', value: word }
  if (INFINITE.test(text)) return { kind: 'infinite' }
  if (!/^[-+.\d]/.test(text)) return STRING
  const plain = text.startsWith('.') ? text : text.replaceAll('_', '')
  const integer = integerOf(plain)
  if (integer !== undefined) return { kind: 'value', value: makeNumber(integer.toString()) }
  if (!FLOAT.test(plain)) return STRING
  const double = Number(plain)
  return Number.isFinite(double) ? { kind: 'value', value: double + 0 } : STRING
}

/** The integer that the text is, of those that Go's 64 bits hold. */
export function integerOf(text: string): bigint | undefined {
  const [, sign, based, decimal] = INTEGER.exec(text) ?? []
  if (sign === undefined) return undefined
  const size = based === undefined ? BigInt(decimal!) : BigInt(based.replace(/^0[oO]?(?=\d)/, '0o').toLowerCase())
  const integer = sign === '-' ? -size : size
  return integer >= MIN && integer <= MAX ? integer : undefined
}

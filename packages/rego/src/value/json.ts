import { RegoError } from '../error.ts'
import { maxItems, maxTextLength } from '../limits.ts'
import { BoundedText, comparisonBudget, spend } from './bounds.ts'
import { BigNumber, makeNumber } from './number.ts'
import { objectEntries } from './object.ts'
import { SetValue } from './set.ts'
import { sortStrings, wellFormed } from './strings.ts'
import { TaggedValue } from './tagged.ts'
import type { PlainObject, RegoObject, Value } from './value.ts'

/** Nesting of arrays and objects that JSON may have, in and out. */
export const maxJSONDepth = 1_000

const SPACE = /[ \t\n\r]*/y
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const STRING = /"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*"/y

interface Cursor {
  readonly text: string
  at: number
}

/**
 * The value of a JSON text: numbers keep their digits, of equal keys the last holds, nothing may follow.
 * Throws `json_parse_error`, also for nesting over 1,000.
 */
export function parseJSON(text: string): Value {
  const cursor: Cursor = { text, at: 0 }
  const value = parseValue(cursor, 0)
  skipSpace(cursor)
  if (cursor.at < text.length) throw syntaxError(cursor, 'the end')
  return value
}

function syntaxError({ text, at }: Cursor, expected: string): RegoError {
  const got = at < text.length ? JSON.stringify(String.fromCodePoint(text.codePointAt(at)!)) : 'the end'
  return new RegoError({ code: 'json_parse_error', message: `parsing JSON: expected ${expected} at ${at}, got ${got}` })
}

function skipSpace(cursor: Cursor): void {
  const code = cursor.text.charCodeAt(cursor.at)
  if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return
  SPACE.lastIndex = cursor.at
  SPACE.test(cursor.text)
  cursor.at = SPACE.lastIndex
}

function parseValue(cursor: Cursor, depth: number): Value {
  skipSpace(cursor)
  switch (cursor.text[cursor.at]) {
    case '{':
      return parseObject(cursor, depth + 1)
    case '[':
      return parseArray(cursor, depth + 1)
    case '"':
      return parseString(cursor)
    case 't':
      return parseWord(cursor, 'true', true)
    case 'f':
      return parseWord(cursor, 'false', false)
    case 'n':
      return parseWord(cursor, 'null', null)
    default:
      return parseNumber(cursor)
  }
}

function parseWord(cursor: Cursor, word: string, value: Value): Value {
  if (!cursor.text.startsWith(word, cursor.at)) throw syntaxError(cursor, 'a value')
  cursor.at += word.length
  return value
}

function parseNumber(cursor: Cursor): Value {
  NUMBER.lastIndex = cursor.at
  const match = NUMBER.exec(cursor.text)
  if (match === null) throw syntaxError(cursor, 'a value')
  cursor.at = NUMBER.lastIndex
  return makeNumber(match[0])
}

function parseString(cursor: Cursor): string {
  STRING.lastIndex = cursor.at
  if (!STRING.test(cursor.text)) throw syntaxError(cursor, 'a string')
  const raw = cursor.text.slice(cursor.at, STRING.lastIndex)
  cursor.at = STRING.lastIndex
  const string = raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1)
  return wellFormed(string)
}

function enter(cursor: Cursor, depth: number): void {
  if (depth > maxJSONDepth) {
    throw new RegoError({ code: 'json_parse_error', message: `parsing JSON: nesting exceeds ${maxJSONDepth}` })
  }
  cursor.at++
  skipSpace(cursor)
}

/** Steps over a comma or the closing bracket; says whether another member follows. */
function another(cursor: Cursor, close: string): boolean {
  skipSpace(cursor)
  const char = cursor.text[cursor.at]
  if (char !== ',' && char !== close) throw syntaxError(cursor, `"," or "${close}"`)
  cursor.at++
  return char === ','
}

function parseArray(cursor: Cursor, depth: number): Value {
  enter(cursor, depth)
  const items: Value[] = []
  if (cursor.text[cursor.at] === ']') {
    cursor.at++
    return items
  }
  do items.push(parseValue(cursor, depth))
  while (another(cursor, ']'))
  return items
}

function parseObject(cursor: Cursor, depth: number): Value {
  enter(cursor, depth)
  const object: { [key: string]: Value } = {}
  if (cursor.text[cursor.at] === '}') {
    cursor.at++
    return object
  }
  do {
    skipSpace(cursor)
    const key = parseString(cursor)
    skipSpace(cursor)
    if (cursor.text[cursor.at] !== ':') throw syntaxError(cursor, '":"')
    cursor.at++
    setOwn(object, key, parseValue(cursor, depth))
  } while (another(cursor, '}'))
  return object
}

/** Sets an own property, also where the key is `__proto__`. */
export function setOwn(object: { [key: string]: Value }, key: string, value: Value): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
  } else {
    object[key] = value
  }
}

/** The string as Go's encoding/json writes it: `<`, `>`, `&` and the two line separators are escaped, too. */
export function goQuoteJSON(text: string): string {
  const plain = JSON.stringify(wellFormed(text))
  return plain.replace(/\\(?:[bf]|.)|[<>&\u2028\u2029]/g, found =>
    found.length > 1 ? found : `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** The text of an object's key in JSON: a string as it is, any other value as its JSON. */
export const keyText = (key: Value): string => (typeof key === 'string' ? key : writeJSON(key, goQuoteJSON))

/** JSON of the value: digits as they came, sets as sorted arrays, keys sorted, keys that are not strings as their JSON. */
export const toJSON = (value: Value): string => writeJSON(value, JSON.stringify, Number.POSITIVE_INFINITY)

/** JSON of the value with strings written by `quoteString`, up to a length. */
export function writeJSON(value: Value, quoteString: (text: string) => string, limit: number = maxTextLength): string {
  const out = new BoundedText(limit)
  writeValue(value, quoteString, out)
  return out.text
}

function writeValue(value: Value, quoteString: (text: string) => string, out: BoundedText): void {
  if (typeof value === 'string') out.add(quoteString(value))
  else if (typeof value !== 'object' || value === null) out.add(String(value))
  else if (value instanceof BigNumber) out.add(value.text.replace(/^-?(?=\.)/, '$&0'))
  else if (Array.isArray(value) || value instanceof SetValue) {
    const items = Array.isArray(value) ? (value as readonly Value[]) : value.values()
    out.add('[')
    for (let i = 0; i < items.length; i++) {
      if (i > 0) out.add(',')
      writeValue(items[i]!, quoteString, out)
    }
    out.add(']')
  } else {
    let before = '{'
    for (const [key, item] of jsonEntries(value as RegoObject)) {
      out.add(`${before}${quoteString(key)}:`)
      writeValue(item, quoteString, out)
      before = ','
    }
    out.add(before === '{' ? '{}' : '}')
  }
}

/** The entries of the object with their keys as JSON has them, sorted. */
export function jsonEntries(object: RegoObject): readonly (readonly [string, Value])[] {
  if (object instanceof TaggedValue && (object.tag as string) === 'hole') {
    throw new RegoError({ code: 'eval_internal_error', message: 'a hole has no JSON' })
  }
  const entries = objectEntries(object)
  if (entries.every(([key]) => typeof key === 'string')) return entries as readonly (readonly [string, Value])[]
  const byText = new Map(entries.map(([key, value]) => [keyText(key), value] as const))
  return sortStrings([...byText.keys()]).map(key => [key, byText.get(key)!])
}

/** The value as it comes back from its JSON: sets are sorted arrays, all keys strings. */
export function jsonForm(value: Value): Value {
  const budget = comparisonBudget(maxItems)
  const copy = (part: Value): Value => {
    if (typeof part !== 'object' || part === null || part instanceof BigNumber) return part
    spend(budget)
    if (Array.isArray(part)) return part.map(copy)
    if (part instanceof SetValue) return part.values().map(copy)
    const object: { [key: string]: Value } = {}
    for (const [key, item] of jsonEntries(part as RegoObject)) setOwn(object, key, copy(item))
    return object as PlainObject
  }
  return copy(value)
}

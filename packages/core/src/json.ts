import { CoreError } from './error.ts'
import { MAX_JSON_DEPTH, MAX_JSON_VALUES } from './limits.ts'

export interface DecodeJSONOptions {
  /** What is being decoded, for errors: `manifest sha256:...`. */
  readonly what: string
  /** Default: `MAX_JSON_DEPTH`. */
  readonly maxDepth?: number
  /**
   * Names of members that hold free keys (`Labels`, `annotations`): in those objects keys may differ by case alone.
   * Elsewhere they may not, since readers that fold case would see another document.
   */
  readonly openMaps?: readonly string[]
  /**
   * Names of members by what `foldCase` makes of them. Outside of open maps, a member gets the name that stands here, however
   * the text spells it. Default: each keeps its own.
   */
  readonly names?: ReadonlyMap<string, string>
}

/**
 * Decodes JSON from outside: objects have no prototype, a key stands once, nesting and the number of values are bounded, UTF-8 is well formed.
 * Throws `invalid_json` with the offset.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8259
 */
export function decodeJSON(source: string | Uint8Array, options: DecodeJSONOptions): unknown {
  const { what, maxDepth = MAX_JSON_DEPTH, openMaps = [], names } = options
  const text = typeof source === 'string' ? source : decodeUTF8(source, what)
  const reading: Reading = { text, what, maxDepth, openMaps, names, offset: 0, values: 0 }
  const value = readValue(reading, 0, '')
  next(reading)
  if (reading.offset < text.length) fail(reading, `unexpected ${excerpt(text, reading.offset)} after the value`)
  return value
}

/** How far a text is read. */
interface Reading {
  readonly text: string
  readonly what: string
  readonly maxDepth: number
  readonly openMaps: readonly string[]
  readonly names: ReadonlyMap<string, string> | undefined
  offset: number
  values: number
}

function fail({ what, offset }: Reading, problem: string): never {
  throw new CoreError('invalid_json', `decoding ${what}: ${problem} at offset ${offset}`)
}

/** The code of the next character that is no space; NaN at the end. */
function next(reading: Reading): number {
  for (;;) {
    const code = reading.text.charCodeAt(reading.offset)
    if (code !== SPACE && code !== LINE_FEED && code !== TAB && code !== CARRIAGE_RETURN) return code
    reading.offset++
  }
}

function expect(reading: Reading, token: string): void {
  const { text, offset } = reading
  if (!text.startsWith(token, offset)) fail(reading, `expected ${token}, got ${excerpt(text, offset)}`)
  reading.offset += token.length
}

function readString(reading: Reading): string {
  const { text, offset: start } = reading
  let end = start + 1
  let isPlain = true
  for (;;) {
    const code = text.charCodeAt(end)
    if (code === QUOTE) break
    if (code === BACKSLASH) {
      isPlain = false
      end++
    } else if (!(code >= SPACE)) isPlain = false
    if (end++ >= text.length) {
      reading.offset = end
      fail(reading, 'unterminated string')
    }
  }
  reading.offset = end + 1
  if (isPlain) return text.slice(start + 1, end)
  try {
    // half a surrogate pair is U+FFFD to Go, and so to builders
    return (JSON.parse(text.slice(start, end + 1)) as string).replace(/\p{Cs}/gu, '\ufffd')
  } catch {
    reading.offset = start
    return fail(reading, `malformed string ${excerpt(text, start)}`)
  }
}

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y

function readNumber(reading: Reading): number {
  const { text, offset } = reading
  number.lastIndex = offset
  const digits = number.exec(text)?.[0]
  if (digits === undefined) return fail(reading, `expected a value, got ${excerpt(text, offset)}`)
  const value = Number(digits)
  if (!Number.isFinite(value)) fail(reading, `number out of range: ${digits}`)
  reading.offset += digits.length
  return value
}

function readArray(reading: Reading, depth: number): unknown[] {
  const items: unknown[] = []
  reading.offset++
  if (next(reading) === CLOSING_BRACKET) {
    reading.offset++
    return items
  }
  for (;;) {
    items.push(readValue(reading, depth, ''))
    if (next(reading) === CLOSING_BRACKET) break
    expect(reading, ',')
  }
  reading.offset++
  return items
}

function readObject(reading: Reading, depth: number, name: string): Record<string, unknown> {
  // a literal makes the same object as Object.create(null), in a quicker form
  const members: Record<string, unknown> = { __proto__: null } as never
  reading.offset++
  if (next(reading) === CLOSING_BRACE) {
    reading.offset++
    return members
  }
  const fold = !reading.openMaps.includes(name)
  const seen: string[] = []
  let many: Set<string> | undefined
  for (;;) {
    if (next(reading) !== QUOTE) fail(reading, `expected a key, got ${excerpt(reading.text, reading.offset)}`)
    const key = readString(reading)
    const folded = fold ? foldCase(key) : key
    if (many?.has(folded) ?? seen.includes(folded)) {
      fail(reading, `key ${JSON.stringify(key)} stands twice (or differs by case alone)`)
    }
    if (many !== undefined) many.add(folded)
    else if (seen.push(folded) > FEW_KEYS) many = new Set(seen)
    next(reading)
    expect(reading, ':')
    const given = (fold && reading.names?.get(folded)) || key
    members[given] = readValue(reading, depth, given)
    if (next(reading) === CLOSING_BRACE) break
    expect(reading, ',')
  }
  reading.offset++
  return members
}

function readValue(reading: Reading, depth: number, name: string): unknown {
  const code = next(reading)
  // hostile: three bytes make an object of a hundred
  if (++reading.values > MAX_JSON_VALUES) fail(reading, `more than ${MAX_JSON_VALUES} values`)
  switch (code) {
    case OPENING_BRACE:
    case OPENING_BRACKET:
      if (depth >= reading.maxDepth) fail(reading, `nested deeper than ${reading.maxDepth}`)
      return code === OPENING_BRACE ? readObject(reading, depth + 1, name) : readArray(reading, depth + 1)
    case QUOTE:
      return readString(reading)
    case LETTER_T:
      expect(reading, 'true')
      return true
    case LETTER_F:
      expect(reading, 'false')
      return false
    case LETTER_N:
      expect(reading, 'null')
      return null
    default:
      return readNumber(reading)
  }
}

const TAB = 0x09
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const SPACE = 0x20
const QUOTE = 0x22
const OPENING_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSING_BRACKET = 0x5d
const LETTER_F = 0x66
const LETTER_N = 0x6e
const LETTER_T = 0x74
const OPENING_BRACE = 0x7b
const CLOSING_BRACE = 0x7d

/** Looking through a few keys is quicker than making a set of them. */
const FEW_KEYS = 8

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodeUTF8(bytes: Uint8Array, what: string): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new CoreError('invalid_json', `decoding ${what}: not UTF-8`, { cause })
  }
}

/**
 * The same text for all names of members that Go's decoder takes for one, and so do builders. Two foldings, since it goes by
 * Unicode simple folding: U+017F equals s, U+212A equals k.
 *
 * @see https://pkg.go.dev/encoding/json#Unmarshal
 */
export function foldCase(key: string): string {
  return /^[\0-\x7f]*$/.test(key) ? key.toLowerCase() : key.toUpperCase().toLowerCase()
}

function excerpt(text: string, offset: number): string {
  return offset >= text.length ? 'the end' : JSON.stringify(text.slice(offset, offset + 20))
}

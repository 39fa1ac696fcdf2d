import { CoreError } from './error.ts'
import { MAX_JSON_DEPTH } from './limits.ts'

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
}

/**
 * Decodes JSON from outside: objects have no prototype, a key stands once, nesting is bounded, UTF-8 is well formed.
 * Throws `invalid_json` with the offset.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8259
 */
export function decodeJSON(source: string | Uint8Array, options: DecodeJSONOptions): unknown {
  const { what, maxDepth = MAX_JSON_DEPTH, openMaps = [] } = options
  const text = typeof source === 'string' ? source : decodeUTF8(source, what)
  let offset = 0

  const fail = (problem: string): never => {
    throw new CoreError('invalid_json', `decoding ${what}: ${problem} at offset ${offset}`)
  }
  /** The code of the next character that is no space; NaN at the end. */
  const next = (): number => {
    for (;;) {
      const code = text.charCodeAt(offset)
      if (code !== SPACE && code !== LINE_FEED && code !== TAB && code !== CARRIAGE_RETURN) return code
      offset++
    }
  }
  const expect = (token: string) => {
    if (!text.startsWith(token, offset)) fail(`expected ${token}, got ${excerpt(text, offset)}`)
    offset += token.length
  }

  const readString = (): string => {
    const start = offset
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
        offset = end
        fail('unterminated string')
      }
    }
    offset = end + 1
    if (isPlain) return text.slice(start + 1, end)
    try {
      return JSON.parse(text.slice(start, offset)) as string
    } catch {
      offset = start
      return fail(`malformed string ${excerpt(text, start)}`)
    }
  }

  const readNumber = (): number => {
    const match = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
    match.lastIndex = offset
    const digits = match.exec(text)?.[0]
    if (digits === undefined) return fail(`expected a value, got ${excerpt(text, offset)}`)
    const value = Number(digits)
    if (!Number.isFinite(value)) fail(`number out of range: ${digits}`)
    offset += digits.length
    return value
  }

  const readArray = (depth: number): unknown[] => {
    const items: unknown[] = []
    offset++
    if (next() === CLOSING_BRACKET) {
      offset++
      return items
    }
    for (;;) {
      items.push(readValue(depth, ''))
      if (next() === CLOSING_BRACKET) break
      expect(',')
    }
    offset++
    return items
  }

  const readObject = (depth: number, name: string): Record<string, unknown> => {
    // a literal makes the same object as Object.create(null), in a quicker form
    const members: Record<string, unknown> = { __proto__: null } as never
    const seen = keySet()
    const fold = !openMaps.includes(name)
    offset++
    if (next() === CLOSING_BRACE) {
      offset++
      return members
    }
    for (;;) {
      if (next() !== QUOTE) fail(`expected a key, got ${excerpt(text, offset)}`)
      const key = readString()
      if (!seen.add(fold ? foldCase(key) : key)) {
        fail(`key ${JSON.stringify(key)} stands twice (or differs by case alone)`)
      }
      next()
      expect(':')
      members[key] = readValue(depth, key)
      if (next() === CLOSING_BRACE) break
      expect(',')
    }
    offset++
    return members
  }

  const readValue = (depth: number, name: string): unknown => {
    const code = next()
    switch (code) {
      case OPENING_BRACE:
      case OPENING_BRACKET:
        if (depth >= maxDepth) fail(`nested deeper than ${maxDepth}`)
        return code === OPENING_BRACE ? readObject(depth + 1, name) : readArray(depth + 1)
      case QUOTE:
        return readString()
      case LETTER_T:
        expect('true')
        return true
      case LETTER_F:
        expect('false')
        return false
      case LETTER_N:
        expect('null')
        return null
      default:
        return readNumber()
    }
  }

  const value = readValue(0, '')
  next()
  if (offset < text.length) fail(`unexpected ${excerpt(text, offset)} after the value`)
  return value
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

/** The keys of one object; `add` is false for one that stands there already. */
function keySet(): { add(key: string): boolean } {
  const few: string[] = []
  let many: Set<string> | undefined
  return {
    add(key) {
      if (many === undefined) {
        if (few.includes(key)) return false
        if (few.push(key) > FEW_KEYS) many = new Set(few)
        return true
      }
      return many.size < many.add(key).size
    },
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodeUTF8(bytes: Uint8Array, what: string): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new CoreError('invalid_json', `decoding ${what}: not UTF-8`, { cause })
  }
}

/** Two foldings, since Go matches keys by Unicode simple folding: U+017F equals s, U+212A equals k. */
function foldCase(key: string): string {
  return key.toUpperCase().toLowerCase()
}

function excerpt(text: string, offset: number): string {
  return offset >= text.length ? 'the end' : JSON.stringify(text.slice(offset, offset + 20))
}

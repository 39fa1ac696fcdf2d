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
  const skipSpace = () => {
    while (offset < text.length && ' \t\n\r'.includes(text.charAt(offset))) offset++
  }
  const expect = (token: string) => {
    if (!text.startsWith(token, offset)) fail(`expected ${token}, got ${excerpt(text, offset)}`)
    offset += token.length
  }

  const readString = (): string => {
    const start = offset
    offset++
    for (;;) {
      const char = text.charAt(offset)
      if (char === '') fail('unterminated string')
      offset += char === '\\' ? 2 : 1
      if (char === '"') break
    }
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
    skipSpace()
    if (text.charAt(offset) === ']') {
      offset++
      return items
    }
    for (;;) {
      items.push(readValue(depth, ''))
      skipSpace()
      if (text.charAt(offset) === ']') break
      expect(',')
    }
    offset++
    return items
  }

  const readObject = (depth: number, name: string): Record<string, unknown> => {
    const members: Record<string, unknown> = Object.create(null)
    const seen = new Set<string>()
    const fold = !openMaps.includes(name)
    offset++
    skipSpace()
    if (text.charAt(offset) === '}') {
      offset++
      return members
    }
    for (;;) {
      skipSpace()
      if (text.charAt(offset) !== '"') fail(`expected a key, got ${excerpt(text, offset)}`)
      const key = readString()
      const identity = fold ? foldCase(key) : key
      if (seen.has(identity)) fail(`key ${JSON.stringify(key)} stands twice (or differs by case alone)`)
      seen.add(identity)
      skipSpace()
      expect(':')
      members[key] = readValue(depth, key)
      skipSpace()
      if (text.charAt(offset) === '}') break
      expect(',')
    }
    offset++
    return members
  }

  const readValue = (depth: number, name: string): unknown => {
    skipSpace()
    const char = text.charAt(offset)
    if ((char === '{' || char === '[') && depth >= maxDepth) fail(`nested deeper than ${maxDepth}`)
    switch (char) {
      case '{':
        return readObject(depth + 1, name)
      case '[':
        return readArray(depth + 1)
      case '"':
        return readString()
      case 't':
        expect('true')
        return true
      case 'f':
        expect('false')
        return false
      case 'n':
        expect('null')
        return null
      default:
        return readNumber()
    }
  }

  const value = readValue(0, '')
  skipSpace()
  if (offset < text.length) fail(`unexpected ${excerpt(text, offset)} after the value`)
  return value
}

function decodeUTF8(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
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

import { jsonForm } from '../value/json.ts'
import { makeObject, objectEntries } from '../value/object.ts'
import { sortStrings } from '../value/strings.ts'
import { isArray, type RegoObject, type Value } from '../value/value.ts'
import { BuiltinError, operandError } from './builtin-error.ts'
import { boundItems, boundLength } from './operands.ts'
import { type BuiltinContext, defineBuiltin } from './signature.ts'
import { types as t } from './type-spec.ts'

const STANDARD = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const URL_SAFE = `${STANDARD.slice(0, 62)}-_`

export const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

/** The text of bytes. As in Go each byte that is no part of UTF-8 becomes a U+FFFD of its own. */
export function fromUTF8(bytes: Uint8Array): string {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  try {
    return decoder.decode(bytes)
  } catch {
    // the decoder's own replacement takes the start of a broken sequence together
    const parts: string[] = []
    let from = 0
    for (let at = 0; at < bytes.length; ) {
      const length = sequenceLength(bytes, at)
      if (length === 0) {
        if (from < at) parts.push(decoder.decode(bytes.subarray(from, at)))
        parts.push('\ufffd')
        from = at + 1
      }
      at += Math.max(length, 1)
    }
    parts.push(decoder.decode(bytes.subarray(from)))
    return parts.join('')
  }
}

/** The lowest code point that takes so many bytes, so that no shorter spelling is hidden in a longer. */
const LOWEST = [0, 0, 0x80, 0x800, 0x10000]

/** The bytes of the code point that begins here, or none where what begins is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!
  if (first < 0x80) return 1
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
  if (first < 0xc2 || first > 0xf4) return 0
  let code = first & (0xff >> (length + 1))
  for (let i = 1; i < length; i++) {
    const next = bytes[at + i]
    if (next === undefined || (next & 0xc0) !== 0x80) return 0
    code = (code << 6) | (next & 0x3f)
  }
  const isSurrogate = code >= 0xd800 && code <= 0xdfff
  return code < LOWEST[length]! || code > 0x10ffff || isSurrogate ? 0 : length
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Bytes that are turned to text at once: a multiple of three. */
const chunkBytes = 24_576

const inChunks = (bytes: Uint8Array, toText: (chunk: Uint8Array) => string): string => {
  const parts: string[] = []
  for (let at = 0; at < bytes.length; at += chunkBytes) parts.push(toText(bytes.subarray(at, at + chunkBytes)))
  return parts.join('')
}

export const toHex = (bytes: Uint8Array): string =>
  inChunks(bytes, chunk => Array.from(chunk, byte => HEX[byte]!).join(''))

function encodeBase64(text: string, alphabet: string, padded: boolean): string {
  const encoded = inChunks(utf8(text), chunk => btoa(String.fromCharCode(...chunk)))
  const plain = padded ? encoded : encoded.replace(/=+$/, '')
  return alphabet === STANDARD ? plain : plain.replaceAll('+', '-').replaceAll('/', '_')
}

const corrupt = (at: number): BuiltinError => new BuiltinError(`illegal base64 data at input byte ${at}`)

/** Decodes padded base64 as Go does: line breaks are skipped, spare bits may be anything. */
function decodeBase64(text: string, alphabet: string): Uint8Array {
  const out = new Uint8Array(Math.ceil((text.length * 3) / 4))
  let length = 0
  const values = new Map(Array.from(alphabet, (char, i) => [char.charCodeAt(0), i]))
  let word = 0
  let count = 0
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!
    if (char === '\n' || char === '\r') continue
    if (char === '=') {
      finish(text, i, count)
      out[length++] = word >> (count === 2 ? 4 : 10)
      if (count === 3) out[length++] = word >> 2
      return out.subarray(0, length)
    }
    const six = values.get(text.charCodeAt(i))
    if (six === undefined) throw corrupt(i)
    word = ((word << 6) | six) & 0xffffff
    count++
    if (count === 4) {
      out[length++] = word >> 16
      out[length++] = word >> 8
      out[length++] = word
      count = 0
      word = 0
    }
  }
  if (count > 0) throw corrupt(text.length - count)
  return out.subarray(0, length)
}

/** Checks that after the first `=` the right padding follows, and nothing else. */
function finish(text: string, at: number, count: number): void {
  if (count < 2) throw corrupt(at)
  let next = skipBreaks(text, at + 1)
  if (count === 2) {
    if (next === text.length) throw corrupt(text.length)
    if (text[next] !== '=') throw corrupt(next)
    next = skipBreaks(text, next + 1)
  }
  if (next < text.length) throw corrupt(next)
}

function skipBreaks(text: string, at: number): number {
  let next = at
  while (text[next] === '\n' || text[next] === '\r') next++
  return next
}

/** The text that is spelled in base64. */
export const base64Text = (text: string): string => fromUTF8(decodeBase64(text, STANDARD))

function decodeBase64URL(text: string): string {
  const missing = text.endsWith('=') ? 0 : [0, -1, 2, 1][text.length % 4]!
  if (missing < 0) throw new BuiltinError(`illegal base64url string: ${text}`)
  return fromUTF8(decodeBase64(text + '='.repeat(missing), URL_SAFE))
}

function decodeHex(text: string): string {
  const bad = /[^0-9a-fA-F]/u.exec(text)
  if (bad !== null) {
    const code = bad[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')
    throw new BuiltinError(`encoding/hex: invalid byte: U+${code} '${bad[0]}'`)
  }
  if (text.length % 2 === 1) throw new BuiltinError('encoding/hex: odd length hex string')
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(i * 2, i * 2 + 2), 16)
  return fromUTF8(bytes)
}

/** Escapes as Go's `url.QueryEscape`. */
const encodeQuery = (text: string): string =>
  encodeURIComponent(text)
    .replaceAll('%20', '+')
    .replace(/[!'()*]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

const PERCENT = 0x25
const PLUS = 0x2b
const SPACE = 0x20

function decodeQuery(text: string): string {
  const bad = /%(?![0-9a-fA-F]{2})/.exec(text)
  if (bad !== null) throw new BuiltinError(`invalid URL escape ${JSON.stringify(text.slice(bad.index, bad.index + 3))}`)
  if (!/[%+]/.test(text)) return text
  const encoded = utf8(text)
  const bytes = new Uint8Array(encoded.length)
  let length = 0
  for (let i = 0; i < encoded.length; i++) {
    const byte = encoded[i]!
    if (byte === PERCENT) {
      bytes[length++] = Number.parseInt(String.fromCharCode(encoded[i + 1]!, encoded[i + 2]!), 16)
      i += 2
    } else bytes[length++] = byte === PLUS ? SPACE : byte
  }
  return fromUTF8(bytes.subarray(0, length))
}

function encodeQueryObject(object: RegoObject, context: BuiltinContext): string {
  const pairs: string[] = []
  let length = 0
  for (const [key, value] of objectEntries(jsonForm(object) as RegoObject)) {
    for (const item of isArray(value) ? value : [value]) {
      if (typeof item !== 'string') throw operandError(1, 'values must be string, array[string], or set[string]')
      const pair = `${encodeQuery(key as string)}=${encodeQuery(item)}`
      length += pair.length + 1
      boundLength(length, 'urlquery.encode_object', context)
      pairs.push(pair)
    }
  }
  return pairs.join('&')
}

function decodeQueryObject(query: string, context: BuiltinContext): Value {
  const found = new Map<string, string[]>()
  const { maxItems } = context.limits
  const parts = query.split('&', maxItems + 1)
  boundItems(parts.length, 'urlquery.decode_object', context)
  context.spend(parts.length * 64)
  for (const part of parts) {
    if (part.includes(';')) throw new BuiltinError('invalid semicolon separator in query')
    if (part === '') continue
    const cut = part.indexOf('=')
    const key = decodeQuery(cut < 0 ? part : part.slice(0, cut))
    const value = cut < 0 ? '' : decodeQuery(part.slice(cut + 1))
    const values = found.get(key)
    if (values === undefined) found.set(key, [value])
    else values.push(value)
  }
  return makeObject(sortStrings([...found.keys()]).map(key => [key, found.get(key)!]))
}

function isBase64(text: string): boolean {
  try {
    decodeBase64(text, STANDARD)
    return true
  } catch (error) {
    if (error instanceof BuiltinError) return false
    throw error
  }
}

const convert = (name: string, convertText: (text: string) => string) =>
  defineBuiltin({
    name,
    args: [t.string],
    result: t.string,
    implementation([text]: readonly [string], context) {
      boundLength(text.length * 3, name, context)
      return convertText(text)
    },
  })

export const encoding = [
  convert('base64.encode', text => encodeBase64(text, STANDARD, true)),
  convert('base64.decode', base64Text),
  defineBuiltin({
    name: 'base64.is_valid',
    args: [t.string],
    result: t.boolean,
    unchecked: true,
    implementation: ([text]: readonly [Value]) => typeof text === 'string' && isBase64(text),
  }),
  convert('base64url.encode', text => encodeBase64(text, URL_SAFE, true)),
  convert('base64url.encode_no_pad', text => encodeBase64(text, URL_SAFE, false)),
  convert('base64url.decode', decodeBase64URL),
  convert('urlquery.encode', encodeQuery),
  convert('urlquery.decode', decodeQuery),
  defineBuiltin({
    name: 'urlquery.encode_object',
    args: [t.object(t.string, t.anyOf(t.string, t.array(t.string), t.set(t.string)))],
    result: t.string,
    implementation: ([object]: readonly [RegoObject], context) => encodeQueryObject(object, context),
  }),
  defineBuiltin({
    name: 'urlquery.decode_object',
    args: [t.string],
    result: t.object(t.string, t.array(t.string)),
    implementation: ([query]: readonly [string], context) => decodeQueryObject(query, context),
  }),
  convert('hex.encode', text => toHex(utf8(text))),
  convert('hex.decode', decodeHex),
]

import { CoreError, decodeJSON } from '@source-policy/core'
import { AttestationError, type AttestationErrorCode } from './error.ts'

/** An object of decoded JSON. */
export type JSONObject = Readonly<Record<string, unknown>>

/** Members whose keys anybody may choose, so that they may differ by case alone: build arguments, labels, digests. */
const openMaps = [
  'annotations',
  'args',
  'attrs',
  'digest',
  'env',
  'environment',
  'labels',
  'Labels',
  'internalParameters',
  'optional',
  'parameters',
]

export interface DecodeOptions {
  /** For errors: `statement`. */
  readonly what: string
  readonly maxBytes: number
}

/** JSON of a bounded size, strictly decoded. Throws `too_large` and `invalid_json`. */
export function decodeBounded(source: Uint8Array | string, { what, maxBytes }: DecodeOptions): unknown {
  if (source.length > maxBytes) {
    throw new AttestationError('too_large', `decoding ${what}: ${source.length} bytes, at most ${maxBytes} are allowed`)
  }
  try {
    return decodeJSON(source, { what, openMaps })
  } catch (cause) {
    if (cause instanceof CoreError) throw new AttestationError('invalid_json', cause.message, { cause })
    throw cause
  }
}

/** Reads members of one kind of document; what has a wrong type is refused with the code of that kind. */
export interface Reader {
  fail(problem: string): never
  object(value: unknown, where: string): JSONObject
  array(value: unknown, where: string, max: number): readonly unknown[]
  string(value: unknown, where: string): string
  /** A map of strings to strings. */
  strings(value: unknown, where: string): Readonly<Record<string, string>>
  /** Bytes in base64, the standard alphabet, padded, without any other character. */
  base64(value: unknown, where: string): Uint8Array
}

export function createReader(code: AttestationErrorCode, what: string): Reader {
  const fail = (problem: string): never => {
    throw new AttestationError(code, `reading ${what}: ${problem}`)
  }
  const expected = (kind: string, value: unknown, where: string) =>
    fail(`expected ${where} to be ${kind}, got ${kindOf(value)}`)
  const reader: Reader = {
    fail,
    object: (value, where) => (isObject(value) ? value : expected('an object', value, where)),
    array(value, where, max) {
      if (!Array.isArray(value)) return expected('an array', value, where)
      if (value.length > max) {
        throw new AttestationError('too_large', `reading ${what}: ${value.length} ${where}, at most ${max} are allowed`)
      }
      return value
    },
    string: (value, where) => (typeof value === 'string' ? value : expected('a string', value, where)),
    strings(value, where) {
      const entries = Object.entries(reader.object(value, where))
      for (const [key, member] of entries) reader.string(member, `${where}.${key}`)
      return Object.fromEntries(entries) as Record<string, string>
    },
    base64(value, where) {
      const bytes = decodeBase64(reader.string(value, where))
      return bytes ?? fail(`expected ${where} to be base64`)
    },
  }
  return reader
}

export function isObject(value: unknown): value is JSONObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The bytes, or undefined where the text is not exactly their encoding: two texts never mean the same bytes. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (value === undefined) return 'nothing'
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`
}

import { fromBigInt } from '../value/number.ts'
import type { Value } from '../value/value.ts'
import { toHex } from './encoding.ts'
import { randomBytes } from './random.ts'
import { defineBuiltin } from './signature.ts'
import { types as t } from './type-spec.ts'

/** Hundreds of nanoseconds from the first day of the Gregorian calendar to 1970. */
const GREGORIAN_EPOCH = 122_192_928_000_000_000n

const PLAIN = /^[0-9a-fA-F]{32}$/
const DASHED = /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/
const DOMAINS = ['Person', 'Group', 'Org'] as const

/** The hex digits of a UUID in any of the four spellings: plain, dashed, as URN, in braces. */
function digitsOf(text: string): string | undefined {
  if (PLAIN.test(text)) return text
  const inner =
    text.length === 45 && /^urn:uuid:/i.test(text) ? text.slice(9) : text.length === 38 ? text.slice(1, -1) : text
  return DASHED.test(inner) ? inner.replaceAll('-', '') : undefined
}

function variantOf(byte: number): string {
  if ((byte & 0xc0) === 0x80) return 'RFC4122'
  if ((byte & 0xe0) === 0xc0) return 'Microsoft'
  return (byte & 0xe0) === 0xe0 ? 'Future' : 'Reserved'
}

const MAC_KINDS = ['global:unicast', 'global:multicast', 'local:unicast', 'local:multicast'] as const

function parse(text: string): Value | undefined {
  const digits = digitsOf(text)
  if (digits === undefined) return undefined
  const bytes = Uint8Array.from(digits.match(/../g) ?? [], pair => Number.parseInt(pair, 16))
  const version = bytes[6]! >> 4
  const common = { version, variant: variantOf(bytes[8]!) }
  if (version !== 1 && version !== 2) return common
  const field = (from: number, to: number) => BigInt(`0x${digits.slice(from * 2, to * 2)}`)
  const ticks = field(0, 4) | (field(4, 6) << 32n) | ((field(6, 8) & 0xfffn) << 48n)
  const node = digits.slice(20).toLowerCase().match(/../g) ?? []
  const timed = {
    ...common,
    time: fromBigInt(BigInt.asIntN(64, (ticks - GREGORIAN_EPOCH) * 100n)),
    nodeid: node.join('-'),
    macvariables: MAC_KINDS[bytes[10]! & 3]!,
    clocksequence: Number(field(8, 10) & 0x3fffn),
  }
  if (version === 1) return timed
  const domain = bytes[9]!
  return { ...timed, id: Number(field(0, 4)), domain: DOMAINS[domain] ?? `Domain${domain}` }
}

/** A UUID of version 4 made of the given bytes. */
function format(bytes: Uint8Array): string {
  const marked = Uint8Array.from(bytes)
  marked[6] = (marked[6]! & 0x0f) | 0x40
  marked[8] = (marked[8]! & 0x3f) | 0x80
  const digits = toHex(marked)
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join(
    '-',
  )
}

export const uuid = [
  defineBuiltin({
    name: 'uuid.rfc4122',
    args: [t.string],
    result: t.string,
    nondeterministic: true,
    implementation: ([name]: readonly [string], context) => format(randomBytes(`uuid ${name}`, 16, context)),
  }),
  defineBuiltin({
    name: 'uuid.parse',
    args: [t.string],
    result: t.object(t.string, t.any),
    implementation: ([text]: readonly [string]) => parse(text),
  }),
]

/** An address of 32 or 128 bits. IPv4 addresses written as IPv6 (`::ffff:1.2.3.4`) are IPv4. */
export interface Address {
  readonly bits: 32 | 128
  readonly value: bigint
}

/** The addresses that share the first `prefix` bits. */
export interface Network {
  readonly address: Address
  readonly prefix: number
}

const MAPPED = 0xffffn << 32n

function parseIPv4(text: string): bigint | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let value = 0n
  for (const part of parts) {
    // a leading zero would be octal to some readers
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined
    value = (value << 8n) | BigInt(part)
  }
  return value
}

function parseIPv6(text: string): bigint | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const groups = halves.map(half => (half === '' ? [] : readGroups(half)))
  if (groups.includes(undefined)) return undefined
  const [head, tail] = groups as string[][]
  const missing = 8 - head!.length - (tail?.length ?? 0)
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined
  const all = [...head!, ...Array<string>(tail === undefined ? 0 : missing).fill('0'), ...(tail ?? [])]
  return all.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n)
}

/** The groups of sixteen bits, of which the last two may be spelled as an IPv4 address. */
function readGroups(text: string): string[] | undefined {
  const groups = text.split(':')
  const last = groups.at(-1)!
  if (last.includes('.')) {
    const value = parseIPv4(last)
    if (value === undefined) return undefined
    groups.splice(-1, 1, (value >> 16n).toString(16), (value & 0xffffn).toString(16))
  }
  return groups.every(group => /^[0-9a-fA-F]{1,4}$/.test(group)) ? groups : undefined
}

export function parseAddress(text: string): Address | undefined {
  if (!text.includes(':')) {
    const value = parseIPv4(text)
    return value === undefined ? undefined : { bits: 32, value }
  }
  const value = parseIPv6(text)
  if (value === undefined) return undefined
  return value >> 32n === 0xffffn ? { bits: 32, value: value - MAPPED } : { bits: 128, value }
}

const networkAt = ({ bits, value }: Address, prefix: number): Network | undefined =>
  prefix > bits ? undefined : { address: { bits, value: firstOf({ bits, value }, prefix) }, prefix }

/** The network of a CIDR text; bits of its address beyond the prefix are cleared. */
export function parseNetwork(text: string): Network | undefined {
  const slash = text.indexOf('/')
  const prefixText = text.slice(slash + 1)
  const address = slash < 0 ? undefined : parseAddress(text.slice(0, slash))
  if (address === undefined || !/^\d+$/.test(prefixText)) return undefined
  const isMapped = address.bits === 32 && text.includes(':')
  const prefix = Number(prefixText)
  // larger than all of IPv4 is a network of IPv6 alone
  if (isMapped && prefix < 96) return networkAt({ bits: 128, value: MAPPED + address.value }, prefix)
  return networkAt(address, isMapped ? prefix - 96 : prefix)
}

const hostBits = (bits: number, prefix: number): bigint => BigInt(bits - prefix)

function firstOf({ bits, value }: Address, prefix: number): bigint {
  const host = hostBits(bits, prefix)
  return (value >> host) << host
}

/** The lowest and highest address, as numbers. */
export function boundsOf({ address, prefix }: Network): readonly [bigint, bigint] {
  const first = firstOf(address, prefix)
  return [first, first + (1n << hostBits(address.bits, prefix)) - 1n]
}

export function containsAddress(network: Network, { bits, value }: Address): boolean {
  const [first, last] = boundsOf(network)
  return bits === network.address.bits && value >= first && value <= last
}

/** The fewest networks that cover the range, from the lowest on. */
export function networksOf(first: bigint, last: bigint, bits: 32 | 128): readonly Network[] {
  const networks: Network[] = []
  for (let start = first; start <= last; ) {
    let size = 0n
    while (
      size < BigInt(bits) &&
      (start & ((1n << (size + 1n)) - 1n)) === 0n &&
      start + (1n << (size + 1n)) - 1n <= last
    ) {
      size++
    }
    networks.push({ address: { bits, value: start }, prefix: bits - Number(size) })
    start += 1n << size
  }
  return networks
}

export function formatAddress({ bits, value }: Address): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map(shift => (value >> shift) & 255n).join('.')
  const groups = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16))
  return shorten(groups)
}

/** Puts `::` in the place of the first longest run of at least two zeros (RFC 5952). */
function shorten(groups: readonly string[]): string {
  let best = { start: 0, length: 1 }
  for (let start = 0; start < groups.length; start++) {
    let length = 0
    while (groups[start + length] === '0') length++
    if (length > best.length) best = { start, length }
  }
  if (best.length < 2) return groups.join(':')
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`
}

export const formatNetwork = ({ address, prefix }: Network): string => `${formatAddress(address)}/${prefix}`

import { BlockList, isIP, isIPv4 } from 'node:net'

/*
 * Addresses that are not for the public: what a hostile Dockerfile, redirect or name server would have us contact on its behalf.
 * https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry
 */
const reservedIPv4 = [
  '0.0.0.0/8', // this host
  '10.0.0.0/8', // private
  '100.64.0.0/10', // carrier-grade NAT
  '127.0.0.0/8', // loopback
  '169.254.0.0/16', // link-local: metadata services of clouds
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, broadcast
]

/** Of IPv6 only 2000::/3 is in use on the internet; these parts of it are not for the public either. */
const reservedIPv6 = ['2001::/23', '2001:db8::/32', '3fff::/20']

/** Prefixes after which an IPv4 address stands in the bits, and where it starts, in groups of 16 bits. */
const embeddings = [
  { prefix: '::ffff:0:0/96', group: 6 }, // mapped
  { prefix: '::ffff:0:0:0/96', group: 6 }, // translated
  { prefix: '64:ff9b::/96', group: 6 }, // NAT64
  { prefix: '2002::/16', group: 1 }, // 6to4
].map(({ prefix, group }) => ({ list: blockList([prefix]), group }))

const reserved = blockList([...reservedIPv4, ...reservedIPv6])
const globalUnicast = blockList(['2000::/3'])

/** A block of addresses (`10.0.0.0/8`, `fc00::/7`) or a single one; undefined where the text is neither. */
export function parseBlock(text: string): BlockList | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([0-9a-f:.]+))(?:\/(\d{1,3}))?$/i.exec(text)
  const address = match?.[1] ?? match?.[2]
  if (address === undefined || isIP(address) === 0) return undefined
  const bits = isIPv4(address) ? 32 : 128
  const prefix = match?.[3] === undefined ? bits : Number(match[3])
  if (prefix > bits) return undefined
  const list = new BlockList()
  list.addSubnet(address, prefix, isIPv4(address) ? 'ipv4' : 'ipv6')
  return list
}

/** Whether the address belongs to the public internet. What is not an address is not public. */
export function isPublicAddress(address: string): boolean {
  const plain = withoutZone(address)
  const ipv4 = embeddedIPv4(plain)
  if (ipv4 !== undefined) return isPublicAddress(ipv4)
  if (isIP(plain) === 0) return false
  if (isIPv4(plain)) return !reserved.check(plain, 'ipv4')
  return globalUnicast.check(plain, 'ipv6') && !reserved.check(plain, 'ipv6')
}

/** Whether `list` holds the address, or the IPv4 address inside it. */
export function blockHolds(list: BlockList, address: string): boolean {
  const plain = withoutZone(address)
  const ipv4 = isIPv4(plain) ? plain : embeddedIPv4(plain)
  if (ipv4 !== undefined && list.check(ipv4, 'ipv4')) return true
  return isIP(plain) === 6 && list.check(plain, 'ipv6')
}

function blockList(prefixes: readonly string[]): BlockList {
  const list = new BlockList()
  for (const text of prefixes) {
    const [address = '', bits] = text.split('/')
    list.addSubnet(address, Number(bits), isIPv4(address) ? 'ipv4' : 'ipv6')
  }
  return list
}

function withoutZone(address: string): string {
  return address.replace(/%.*$/s, '')
}

function embeddedIPv4(address: string): string | undefined {
  if (isIP(address) !== 6) return undefined
  const group = embeddings.find(({ list }) => list.check(address, 'ipv6'))?.group
  if (group === undefined) return undefined
  const groups = expandIPv6(address)
  return [groups[group]!, groups[group + 1]!].flatMap(bits => [bits >> 8, bits & 0xff]).join('.')
}

/** The eight groups of a valid IPv6 address. */
function expandIPv6(address: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address)
  const hex = dotted
    ? `${dotted[1]}${((Number(dotted[2]) << 8) | Number(dotted[3])).toString(16)}:${((Number(dotted[4]) << 8) | Number(dotted[5])).toString(16)}`
    : address
  const [head = '', tail] = hex.split('::')
  const parse = (text: string) => (text === '' ? [] : text.split(':').map(group => Number.parseInt(group, 16)))
  const before = parse(head)
  const after = tail === undefined ? [] : parse(tail)
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after]
}

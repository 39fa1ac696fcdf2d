import { objectEntries } from '../value/object.ts'
import { makeSet, SetValue } from '../value/set.ts'
import { isArray, isObject, isSet, type Value } from '../value/value.ts'
import { BuiltinError } from './builtin-error.ts'
import {
  type Address,
  boundsOf,
  containsAddress,
  formatAddress,
  formatNetwork,
  type Network,
  networksOf,
  parseAddress,
  parseNetwork,
} from './ip-network.ts'
import { boundItems, membersOf, wrongType } from './operands.ts'
import { type BuiltinContext, defineBuiltin } from './signature.ts'
import { types as t } from './type-spec.ts'

function networkOf(text: string): Network {
  const network = parseNetwork(text)
  if (network === undefined) throw new BuiltinError(`invalid CIDR address: ${text}`)
  return network
}

const overlap = (a: Network, b: Network): boolean => containsAddress(a, b.address) || containsAddress(b, a.address)

/** Whether the network has the address, or all addresses of the network. */
function contains(network: string, part: string): boolean {
  const whole = networkOf(network)
  const address = parseAddress(part)
  if (address !== undefined) return containsAddress(whole, address)
  const inner = parseNetwork(part)
  if (inner === undefined) {
    throw new BuiltinError(`not a valid textual representation of an IP address or CIDR: ${part}`)
  }
  const [, last] = boundsOf(inner)
  return containsAddress(whole, inner.address) && containsAddress(whole, { ...inner.address, value: last })
}

/** Networks with what they are known by: a string by itself, an item by index or key, a member of a set by itself. */
function* indexed(operand: Value, position: number): Generator<readonly [cidr: Value, index: Value]> {
  const cidrOf = (item: Value): Value => {
    const cidr = isArray(item) ? item[0] : typeof item === 'string' ? item : undefined
    if (cidr === undefined) throw new BuiltinError(`operand ${position}: element must be string or non-empty array`)
    return cidr
  }
  if (typeof operand === 'string') yield [operand, operand]
  else if (isArray(operand)) for (const [i, item] of operand.entries()) yield [cidrOf(item), i]
  else if (isSet(operand)) for (const item of operand.values()) yield [cidrOf(item), item]
  else if (isObject(operand)) for (const [key, item] of objectEntries(operand)) yield [cidrOf(item), key]
}

function containsMatches(networks: Value, parts: Value, context: BuiltinContext): SetValue {
  const matches = new SetValue()
  for (const [network, index] of indexed(networks, 1)) {
    for (const [part, partIndex] of indexed(parts, 2)) {
      boundItems(1, 'net.cidr_contains_matches', context)
      if (typeof network !== 'string' || typeof part !== 'string') {
        throw wrongType(1, typeof network === 'string' ? part : network, 'string')
      }
      if (contains(network, part)) matches.add([index, partIndex])
    }
  }
  return matches
}

function expand(text: string, context: BuiltinContext): SetValue {
  const network = networkOf(text)
  const [first, last] = boundsOf(network)
  boundItems(Number(last - first + 1n), 'net.cidr_expand', context)
  const addresses = new SetValue()
  for (let value = first; value <= last; value++) {
    context.charge(1)
    addresses.add(formatAddress({ bits: network.address.bits, value }))
  }
  return addresses
}

/** An IPv4 address alone is taken for its class' network, as Go's `DefaultMask` has it. */
function networkOrAddress(text: string): Network {
  const address = parseAddress(text)
  if (address === undefined) return networkOf(text)
  if (address.bits === 128) throw new BuiltinError('IPv6 invalid: needs prefix length')
  return { address, prefix: classPrefix(address) }
}

const classPrefix = ({ value }: Address): number => (value >> 31n === 0n ? 8 : value >> 30n === 2n ? 16 : 24)

interface Range {
  readonly bits: 32 | 128
  readonly first: bigint
  readonly last: bigint
  /** The network that the range is, while it was not merged with another. */
  readonly network: Network | undefined
}

const order = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)

/** The fewest networks that cover the same addresses. */
function merge(texts: readonly string[], { charge }: BuiltinContext): readonly string[] {
  const ranges = texts.map((text): Range => {
    charge(1)
    const network = networkOrAddress(text)
    const [first, last] = boundsOf(network)
    return { bits: network.address.bits, first, last, network }
  })
  ranges.sort((a, b) => {
    charge(1)
    return a.bits - b.bits || order(a.last, b.last) || order(a.first, b.first)
  })
  const merged: Range[] = []
  for (const previous of ranges.toReversed()) {
    charge(1)
    const current = merged.at(-1)
    if (current === undefined || previous.bits !== current.bits || current.first - 1n > previous.last) {
      merged.push(previous)
      continue
    }
    const first = order(previous.first, current.first) < 0 ? previous.first : current.first
    merged[merged.length - 1] = { bits: current.bits, first, last: current.last, network: undefined }
  }
  return merged
    .toReversed()
    .flatMap(({ network, first, last, bits }) => (network === undefined ? networksOf(first, last, bits) : [network]))
    .map(formatNetwork)
}

const item = t.anyOf(t.string, t.array(t.any))
const networks = t.anyOf(t.string, t.array(item), t.object(t.string, item), t.set(item))
const two = [t.string, t.string]
type Text2 = readonly [string, string]

export const net = [
  defineBuiltin({
    name: 'net.cidr_overlap',
    args: two,
    result: t.boolean,
    deprecated: true,
    implementation: ([network, part]: Text2) => contains(network, part),
  }),
  defineBuiltin({
    name: 'net.cidr_intersects',
    args: two,
    result: t.boolean,
    implementation: ([a, b]: Text2) => overlap(networkOf(a), networkOf(b)),
  }),
  defineBuiltin({
    name: 'net.cidr_contains',
    args: two,
    result: t.boolean,
    implementation: ([network, part]: Text2) => contains(network, part),
  }),
  defineBuiltin({
    name: 'net.cidr_contains_matches',
    args: [networks, networks],
    result: t.set(t.tuple(t.any, t.any)),
    unchecked: true,
    implementation: ([a, b]: readonly [Value, Value], context) => containsMatches(a, b, context),
  }),
  defineBuiltin({
    name: 'net.cidr_expand',
    args: [t.string],
    result: t.set(t.string),
    implementation: ([text]: readonly [string], context) => expand(text, context),
  }),
  defineBuiltin({
    name: 'net.cidr_merge',
    args: [t.anyOf(t.array(t.anyOf(t.string)), t.set(t.string))],
    result: t.set(t.string),
    unchecked: true,
    implementation([texts]: readonly [Value], context) {
      if (!isArray(texts) && !isSet(texts)) throw new BuiltinError('operand must be an array')
      const items = membersOf(texts)
      context.charge(items.length)
      for (const text of items) if (typeof text !== 'string') throw new BuiltinError('element must be string')
      return makeSet(merge(items as readonly string[], context))
    },
  }),
  defineBuiltin({
    name: 'net.cidr_is_valid',
    args: [t.string],
    result: t.boolean,
    unchecked: true,
    implementation: ([text]: readonly [Value]) => typeof text === 'string' && parseNetwork(text) !== undefined,
  }),
]

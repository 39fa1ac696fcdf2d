import { isObject, type JSONObject } from './json.ts'
import type { Message } from './protobuf-json.ts'

/**
 * The part of decoded protobuf JSON that a message has members for, so that what a later version of the format adds can be there.
 * Members that are only spelt otherwise (`valid_for` or `ValidFor` for `validFor`) are refused: left out, they would loosen what is said.
 */
export function knownMembers(value: unknown, message: Message<unknown>, fail: (problem: string) => never): unknown {
  const asked = new Map<object, Set<string>>()
  message.fromJSON(watched(value, asked))
  return withoutOthers(value, asked, '', fail)
}

/** The value, which tells for each of its objects what members it was asked for: generated readers ask for all that they know. */
function watched(value: unknown, asked: Map<object, Set<string>>): unknown {
  if (Array.isArray(value)) return value.map(item => watched(item, asked))
  if (!isObject(value)) return value
  return new Proxy(value, {
    get(target, key) {
      if (typeof key === 'symbol') return undefined
      asked.set(target, (asked.get(target) ?? new Set()).add(key))
      return watched(target[key], asked)
    },
  })
}

function withoutOthers(
  value: unknown,
  asked: ReadonlyMap<object, ReadonlySet<string>>,
  where: string,
  fail: (problem: string) => never,
): unknown {
  if (Array.isArray(value)) return value.map((item, n) => withoutOthers(item, asked, `${where}[${n}]`, fail))
  const known = isObject(value) ? asked.get(value) : undefined
  if (known === undefined) return value
  const spelt = new Map([...known].map(name => [plainName(name), name]))
  const kept: Record<string, unknown> = Object.create(null)
  for (const [name, member] of Object.entries(value as JSONObject)) {
    const meant = spelt.get(plainName(name))
    if (meant !== undefined && meant !== name) fail(`${at(where, name)}: expected it to be spelt ${meant}`)
    if (meant !== undefined) kept[name] = withoutOthers(member, asked, at(where, name), fail)
  }
  return kept
}

const plainName = (name: string) => name.replaceAll('_', '').toLowerCase()
const at = (where: string, name: string) => (where === '' ? name : `${where}.${name}`)

import { RegoError } from '../error.ts'
import type { Path } from '../query.ts'
import { setOwn } from '../value/json.ts'
import { ObjectValue, objectItems, objectSize } from '../value/object.ts'
import { TaggedValue } from '../value/tagged.ts'
import { isPlainObject, type PlainObject, type RegoObject, type Value } from '../value/value.ts'
import { lacksPath, Unknown } from './lacks.ts'
import type { OpenValues } from './open-values.ts'
import type { Run, Slot } from './run.ts'

type Key = string | number

/**
 * The input with something unknown at each of the paths. Only the way to them is copied, and every copy is added to `open`.
 * Where a parent is missing it is unknown too, by the paths below it: with the field it may come or not.
 */
export function withHoles(input: Value | undefined, paths: readonly Path[], open: OpenValues): Slot {
  let document: Slot = input
  const copies = new Set<object>()
  for (const path of paths.toSorted((a, b) => a.length - b.length)) document = putHole(document, path, 0, copies)
  for (const copy of copies) open.add(copy)
  return document
}

function putHole(at: Slot, path: Path, depth: number, copies: Set<object>): Value | Unknown {
  if (at === undefined || depth === path.length) return new Unknown(lacksPath(path), false)
  if (at instanceof Unknown) {
    const isWhole = [...at.lacks.paths.values()].some(known => known.length <= depth)
    return isWhole ? at : new Unknown(lacksPath(path).add(at.lacks), false)
  }
  const child = (value: Slot): Value => putHole(value, path, depth + 1, copies) as Value
  return putMember(at, path[depth]!, child, copies, path)
}

function putMember(at: Value, key: Key, child: (value: Slot) => Value, copies: Set<object>, path: Path): Value {
  const refuse = () =>
    new RegoError({
      code: 'eval_internal_error',
      message: `unknown path ${JSON.stringify(path)} does not fit the input`,
    })
  if (Array.isArray(at)) {
    if (typeof key !== 'number' || !Number.isInteger(key) || key < 0 || key > at.length) throw refuse()
    const copy: Value[] = copies.has(at) ? (at as Value[]) : [...at]
    copy[key] = child(copy[key])
    copies.add(copy)
    return copy
  }
  if (isPlainObject(at) && typeof key === 'string') {
    const copy = copies.has(at) ? (at as Record<string, Value>) : copyPlain(at)
    setOwn(copy, key, child(Object.hasOwn(copy, key) ? copy[key] : undefined))
    copies.add(copy)
    return copy
  }
  if (at instanceof ObjectValue) {
    const copy = copyObject(at)
    copy.set(key, child(at.get(key)))
    copies.add(copy)
    return copy
  }
  throw refuse()
}

const copyPlain = (object: PlainObject): Record<string, Value> => ({ ...object })

function copyObject(object: ObjectValue): ObjectValue {
  const copy = new ObjectValue()
  for (const [key, value] of object.items()) copy.set(key, value)
  return copy
}

/**
 * The document with the value at the path, as `with` has it: objects on the way are copied, what is no object gives way.
 * Where the way leads into something unknown, all of that stays unknown. Copies of open objects are open.
 */
export function patch(run: Run, document: Slot, path: readonly Value[], value: Value | Unknown): Value | Unknown {
  const { open } = run
  if (path.length === 0) return value
  if (document instanceof Unknown) return document
  const [key, ...rest] = path as readonly [Value, ...Value[]]
  const before = document
  if (isPlainObject(before as Value) && typeof key === 'string' && before !== undefined) {
    const plain = before as PlainObject
    const copy = copyPlain(plain)
    chargeCopy(run, copy)
    const member = patch(run, Object.hasOwn(copy, key) ? copy[key] : undefined, rest, value)
    setOwn(copy, key, member as Value)
    return noteOpen(copy, plain, member, open)
  }
  if (before instanceof ObjectValue || typeof key !== 'string') {
    const copy = before instanceof ObjectValue ? copyObject(before) : new ObjectValue()
    if (before !== undefined && isPlainObject(before)) {
      for (const [name, member] of Object.entries(before as PlainObject)) copy.set(name, member)
    }
    chargeCopy(run, copy)
    const member = patch(run, copy.get(key), rest, value)
    copy.set(key, member as Value)
    return noteOpen(copy, typeof before === 'object' && before !== null ? before : copy, member, open)
  }
  const made: Record<string, Value> = {}
  const member = patch(run, undefined, rest, value)
  setOwn(made, key, member as Value)
  return noteOpen(made, made, member, open)
}

/** An object may be wide, and copied in a loop; the copies are gone soon. */
const chargeCopy = (run: Run, copy: RegoObject): void => run.charge(1 + (objectSize(copy) >> 2))

/** The copy is open if a member is, or is not known: the replaced one may have been all that was. */
function noteOpen<T extends RegoObject>(copy: T, before: object, member: Value | Unknown, open: OpenValues): T {
  const holds = (value: Value | Unknown): boolean =>
    value instanceof Unknown || (typeof value === 'object' && value !== null && open.has(value))
  if (holds(member) || (open.has(before) && objectItems(copy).some(([, value]) => holds(value)))) open.add(copy)
  return copy
}

/**
 * Where in the input a value stands, found by identity: the path that names it to the host. Undefined where it is no part
 * of the input.
 */
export function findPath(root: Slot, wanted: object): Path | undefined {
  const walk = (at: unknown, path: Key[]): Path | undefined => {
    if (at === wanted) return [...path]
    if (typeof at !== 'object' || at === null || at instanceof TaggedValue) return undefined
    const members: Iterable<[Key, unknown]> = Array.isArray(at) ? at.entries() : Object.entries(at)
    for (const [key, member] of members) {
      if (typeof member !== 'object' || member === null) continue
      path.push(key)
      const found = walk(member, path)
      if (found !== undefined) return found
      path.pop()
    }
    return undefined
  }
  return walk(root, [])
}

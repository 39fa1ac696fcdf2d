import { sortValues } from './compare.ts'
import { valueKey } from './key.ts'
import { BigNumber } from './number.ts'
import { sortStrings } from './strings.ts'
import { TaggedValue } from './tagged.ts'
import type { RegoObject, Value } from './value.ts'

type PlainScalar = null | boolean | string | number
type Entry = readonly [key: Value, value: Value]

/**
 * An object with keys of any type. Scalar keys live in a native Map, composite ones by their key text; the total order
 * is worked out when it is first asked for. `set` is for whoever builds the object: once handed on, it does not change.
 */
export class ObjectValue extends TaggedValue {
  readonly tag = 'object'
  /** Bytes that the object takes up, its keys and values apart, by a rough count. */
  weight = 256
  readonly #scalars = new Map<PlainScalar, Value>()
  #composites: Map<string, Entry> | undefined
  /** Keys whose text is not the text of the equal double, such as 1.0. */
  #spellings: Map<number, BigNumber> | undefined
  #sortedKeys: readonly Value[] | undefined
  /** The object's own key, kept by `valueKey`. */
  cachedKey: string | undefined

  get size(): number {
    return this.#scalars.size + (this.#composites === undefined ? 0 : this.#composites.size)
  }

  get(key: Value): Value | undefined {
    if (typeof key !== 'object' || key === null) return this.#scalars.get(key)
    if (key instanceof BigNumber && typeof key.key === 'number') return this.#scalars.get(key.key)
    return this.#composites?.get(valueKey(key))?.[1]
  }

  has(key: Value): boolean {
    return this.get(key) !== undefined
  }

  /** Sets the value of a key; a key that is there already keeps its spelling. */
  set(key: Value, value: Value): void {
    if (typeof key !== 'object' || key === null) {
      this.#scalars.set(key, value)
      this.weight += 64
    } else if (key instanceof BigNumber && typeof key.key === 'number') {
      if (!this.#scalars.has(key.key)) {
        this.#spellings ??= new Map()
        this.#spellings.set(key.key, key)
      }
      this.weight += 160
      this.#scalars.set(key.key, value)
    } else {
      const text = valueKey(key)
      this.#composites ??= new Map()
      this.weight += 160 + text.length
      this.#composites.set(text, [this.#composites.get(text)?.[0] ?? key, value])
    }
    this.#sortedKeys = undefined
    this.cachedKey = undefined
  }

  /** The entries in no particular order: cheaper than `keys` where order cannot be seen. */
  items(): Entry[] {
    const items: Entry[] = []
    for (const [key, value] of this.#scalars) {
      items.push([typeof key === 'number' ? (this.#spellings?.get(key) ?? key) : key, value])
    }
    if (this.#composites !== undefined) items.push(...this.#composites.values())
    return items
  }

  /** The keys in total order. */
  keys(): readonly Value[] {
    if (this.#sortedKeys === undefined) {
      const keys: Value[] = [...this.#scalars.keys()]
      if (this.#spellings !== undefined) {
        for (const [i, key] of keys.entries()) {
          if (typeof key === 'number') keys[i] = this.#spellings.get(key) ?? key
        }
      }
      if (this.#composites !== undefined) for (const [key] of this.#composites.values()) keys.push(key)
      this.#sortedKeys = sortValues(keys)
    }
    return this.#sortedKeys
  }
}

/** The value of a key, or undefined where the object has no such key. */
export function objectGet(object: RegoObject, key: Value): Value | undefined {
  if (object instanceof ObjectValue) return object.get(key)
  return typeof key === 'string' && Object.hasOwn(object, key) ? object[key] : undefined
}

export const objectHas = (object: RegoObject, key: Value): boolean => objectGet(object, key) !== undefined

export const objectSize = (object: RegoObject): number =>
  object instanceof ObjectValue ? object.size : Object.keys(object).length

/** The keys in total order. */
export const objectKeys = (object: RegoObject): readonly Value[] =>
  object instanceof ObjectValue ? object.keys() : sortStrings(Object.keys(object))

/** The entries in total order of their keys. */
export const objectEntries = (object: RegoObject): readonly Entry[] =>
  objectKeys(object).map(key => [key, objectGet(object, key) as Value])

/** The entries in no particular order. */
export const objectItems = (object: RegoObject): readonly Entry[] =>
  object instanceof ObjectValue ? object.items() : Object.entries(object)

/** An object of the given entries; of equal keys the last value holds. */
export function makeObject(entries: Iterable<Entry>): ObjectValue {
  const object = new ObjectValue()
  for (const [key, value] of entries) object.set(key, value)
  return object
}

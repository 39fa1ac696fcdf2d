import { sortValues } from './compare.ts'
import { valueKey } from './key.ts'
import { BigNumber } from './number.ts'
import { TaggedValue } from './tagged.ts'
import type { Value } from './value.ts'

type PlainScalar = null | boolean | string | number

/**
 * A set of values. Scalars live in a native Set, composite members by their key; the total order is worked out when it
 * is first asked for. `add` is for whoever builds the set: once handed on, a set does not change.
 */
export class SetValue extends TaggedValue implements Iterable<Value> {
  readonly tag = 'set'
  /** Bytes that the set takes up, its members apart, by a rough count. */
  weight = 256
  readonly #scalars = new Set<PlainScalar>()
  #composites: Map<string, Value> | undefined
  /** Members whose text is not the text of the equal double, such as 1.0. */
  #spellings: Map<number, BigNumber> | undefined
  #sorted: readonly Value[] | undefined
  /** The set's own key, kept by `valueKey`. */
  cachedKey: string | undefined

  get size(): number {
    return this.#scalars.size + (this.#composites === undefined ? 0 : this.#composites.size)
  }

  has(value: Value): boolean {
    if (typeof value !== 'object' || value === null) return this.#scalars.has(value)
    if (value instanceof BigNumber && typeof value.key === 'number') return this.#scalars.has(value.key)
    return this.#composites?.has(valueKey(value)) ?? false
  }

  /** Adds the value and says whether it was new. */
  add(value: Value): boolean {
    if (typeof value !== 'object' || value === null) {
      const before = this.#scalars.size
      this.#scalars.add(value)
      if (this.#scalars.size === before) return false
      this.weight += 48
    } else if (value instanceof BigNumber && typeof value.key === 'number') {
      if (this.#scalars.has(value.key)) return false
      this.#scalars.add(value.key)
      this.#spellings ??= new Map()
      this.#spellings.set(value.key, value)
      this.weight += 128
    } else {
      const key = valueKey(value)
      this.#composites ??= new Map()
      if (this.#composites.has(key)) return false
      this.#composites.set(key, value)
      this.weight += 96 + key.length
    }
    this.#sorted = undefined
    this.cachedKey = undefined
    return true
  }

  /** The members in no particular order: cheaper than `values` where order cannot be seen. */
  items(): Value[] {
    const items: Value[] = [...this.#scalars]
    if (this.#spellings !== undefined) {
      for (const [i, item] of items.entries()) {
        if (typeof item === 'number') items[i] = this.#spellings.get(item) ?? item
      }
    }
    if (this.#composites !== undefined) items.push(...this.#composites.values())
    return items
  }

  /** The members in total order. */
  values(): readonly Value[] {
    this.#sorted ??= sortValues(this.items())
    return this.#sorted
  }

  /** Calls back for each member in no particular order until the callback returns true; says whether it did. */
  some(visit: (value: Value) => boolean): boolean {
    if (this.#sorted !== undefined) return this.#sorted.some(visit)
    return this.items().some(visit)
  }

  [Symbol.iterator](): Iterator<Value> {
    return this.values()[Symbol.iterator]()
  }
}

/** A set of the given values. */
export function makeSet(values: Iterable<Value>): SetValue {
  const set = new SetValue()
  for (const value of values) set.add(value)
  return set
}

import { equal } from '../value/compare.ts'
import { ObjectValue } from '../value/object.ts'
import { SetValue } from '../value/set.ts'
import type { Value } from '../value/value.ts'
import { joinLacks, type Lacks, Unknown } from './lacks.ts'
import { Place, type Visit } from './place.ts'
import type { Run, Slot } from './run.ts'
import { each, isOpen, select } from './select.ts'

/** An entry that a blocked body may add. */
export interface OpenEntry {
  /** Where; undefined where not even that is known, whole or in part. A member of a set is its last key. */
  readonly keys: readonly (Value | Unknown | undefined)[] | undefined
  readonly lacks: Lacks
}

/** The extent of a partial rule of which some bodies are blocked: what is known of it, and what may be added. */
export class PartlyKnown extends Place {
  readonly #known: Value | undefined
  readonly #open: readonly OpenEntry[]
  readonly #depth: number

  constructor(known: Value | undefined, open: readonly OpenEntry[], depth: number) {
    super()
    this.#known = known
    this.#open = open
    this.#depth = depth
  }

  /** The key of the entry at this level; undefined where it is not known. */
  #keyOf({ keys }: OpenEntry): Value | undefined {
    const key = keys?.[this.#depth]
    return key instanceof Unknown ? undefined : key
  }

  select(run: Run, key: Value): Slot | Place {
    if (isOpen(run, key)) return new Unknown(this.#lacks(), false)
    const member = select(run, this.#known, key) as Slot
    if (this.#known instanceof SetValue && member !== undefined) return member
    const open = this.#open.filter(entry => {
      const own = this.#keyOf(entry)
      return own === undefined || equal(own, key)
    })
    if (open.length === 0) return member
    const isInner = open.every(({ keys }) => keys !== undefined && keys.length > this.#depth + 1)
    if (isInner && !(member instanceof Unknown)) return new PartlyKnown(member, open, this.#depth + 1)
    return new Unknown(joinLacks(open.map(entry => entry.lacks)), member !== undefined)
  }

  /** Something may be added. */
  isEmpty(): boolean {
    return false
  }

  each(run: Run, ordered: boolean, visit: Visit): boolean {
    const isSet = this.#known instanceof SetValue
    const visitKnown: Visit = (key, member) =>
      isSet ? visit(key, member) : visit(key, this.select(run, key as Value) ?? member)
    if (this.#known !== undefined && each(run, this.#known, ordered, visitKnown)) return true
    for (const entry of this.#open) {
      run.tick()
      const key = isSet ? undefined : this.#keyOf(entry)
      if (key === undefined) {
        const unknown = new Unknown(entry.lacks, false)
        if (visit(unknown, unknown)) return true
      } else if (select(run, this.#known, key) === undefined && visit(key, this.select(run, key) as Unknown))
        return true
    }
    return false
  }

  finish(run: Run): Slot {
    const known = this.#known
    if (known === undefined) return new Unknown(this.#lacks(), false)
    const keys = this.#open.map(entry => this.#keyOf(entry))
    if (!(known instanceof ObjectValue) || keys.includes(undefined)) return new Unknown(this.#lacks(), true)
    const copy = new ObjectValue()
    for (const [key, member] of known.items()) copy.set(key, member)
    for (const key of keys as Value[]) {
      const member = this.select(run, key)
      copy.set(key, (member instanceof Place ? member.finish(run) : member) as Value)
    }
    run.open.add(copy)
    return copy
  }

  #lacks(): Lacks {
    return joinLacks(this.#open.map(entry => entry.lacks))
  }
}

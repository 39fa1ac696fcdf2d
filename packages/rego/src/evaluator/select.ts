import { RegoError } from '../error.ts'
import { BigNumber } from '../value/number.ts'
import { ObjectValue } from '../value/object.ts'
import { SetValue } from '../value/set.ts'
import { sortStrings } from '../value/strings.ts'
import { TaggedValue } from '../value/tagged.ts'
import type { PlainObject, Value } from '../value/value.ts'
import { openLacks } from './lacking.ts'
import { Unknown } from './lacks.ts'
import { Place, type Visit } from './place.ts'
import type { Run, Slot } from './run.ts'

/** `container[key]`. Selecting in what is not known, or by what is not known, is not known. */
export function select(run: Run, container: Slot | Place, key: Value | Unknown): Slot | Place {
  if (typeof container !== 'object' || container === null) return undefined
  if (Array.isArray(container)) {
    if (typeof key === 'number') return container[key]
    return key instanceof TaggedValue ? selectUnusual(run, container, key) : undefined
  }
  if (container instanceof TaggedValue) return selectTagged(run, container, key)
  if (typeof key === 'string') return Object.hasOwn(container, key) ? (container as PlainObject)[key] : undefined
  return key instanceof Unknown && Object.keys(container).length > 0 ? key : undefined
}

/** Selects in the base documents, which are stored by texts: there `data[2]` is `data["2"]`. */
export function selectStored(run: Run, container: Slot, key: Value): Slot {
  const value = select(run, container, key) as Slot
  return value === undefined && typeof key === 'number' ? (select(run, container, String(key)) as Slot) : value
}

function selectUnusual(_run: Run, container: readonly Value[], key: TaggedValue): Slot {
  if (key instanceof Unknown) return container.length > 0 ? key : undefined
  return key instanceof BigNumber && typeof key.key === 'number' ? container[key.key] : undefined
}

function selectTagged(run: Run, container: TaggedValue, key: Value | Unknown): Slot | Place {
  if (container instanceof Unknown) return selectUnknown(run, container, key)
  if (key instanceof Unknown) return isEmpty(run, container) ? undefined : key
  if (container instanceof Place) return container.select(run, key)
  if (!(container instanceof ObjectValue || container instanceof SetValue)) return undefined
  if (isOpen(run, key)) return new Unknown(openLacks(key, run)!, false)
  if (container instanceof ObjectValue) return container.get(key)
  return container.has(key) ? key : undefined
}

/** Nothing can be selected from an empty collection, whatever the key. */
function isEmpty(run: Run, container: TaggedValue): boolean {
  if (!(container instanceof Place)) {
    return (container instanceof ObjectValue || container instanceof SetValue) && container.size === 0
  }
  const { environment, base, pending, depth, collector } = run
  try {
    return container.isEmpty(run)
  } catch (error) {
    // a conflict may be at another key than the one that is not known yet
    if (!(error instanceof RegoError) || error.code !== 'eval_conflict_error') throw error
    Object.assign(run, { environment, base, pending, depth, collector })
    return false
  }
}

/** A member of what can be only one thing, if it is there at all, is a member of that, if it is there. */
function selectUnknown(run: Run, container: Unknown, key: Value | Unknown): Slot {
  if (container.only === undefined) return container
  const member = select(run, container.only, key) as Slot
  if (member === undefined) return undefined
  // what the container could be says nothing of what is not known inside it
  return new Unknown(container.lacks, false, member instanceof Unknown ? member.values : [member])
}

/** Whether the value has something unknown inside. */
export const isOpen = (run: Run, value: unknown): boolean =>
  typeof value === 'object' && value !== null && run.lazy && run.open.has(value)

/** Visits the members of a collection; of what is not known, one member that is not known. A scalar has none. */
export function each(run: Run, container: Value | Unknown | Place, ordered: boolean, visit: Visit): boolean {
  if (typeof container !== 'object' || container === null) return false
  if (Array.isArray(container)) {
    for (let i = 0; i < container.length; i++) {
      run.tick()
      if (visit(i, container[i]!)) return true
    }
    return false
  }
  if (!(container instanceof TaggedValue)) {
    for (const key of plainKeys(container as PlainObject, ordered)) {
      run.tick()
      if (visit(key, (container as PlainObject)[key]!)) return true
    }
    return false
  }
  if (container instanceof SetValue) {
    for (const member of ordered ? container.values() : container.items()) {
      run.tick()
      if (visit(member, member)) return true
    }
    return false
  }
  if (container instanceof ObjectValue) {
    for (const key of ordered ? container.keys() : container.items().map(([name]) => name)) {
      run.tick()
      if (visit(key, container.get(key)!)) return true
    }
    return false
  }
  if (container instanceof Place) return container.each(run, ordered, visit)
  return container instanceof Unknown && visit(container, container)
}

export const plainKeys = (object: PlainObject, ordered: boolean): readonly string[] =>
  ordered ? sortStrings(Object.keys(object)) : Object.keys(object)

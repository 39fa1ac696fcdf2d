import type { CollectClosure, ObjectClosure } from '../compiler/compiled.ts'
import { RegoError } from '../error.ts'
import { firstLineOf, locationOf, type Span } from '../source-text.ts'
import { ObjectValue } from '../value/object.ts'
import { SetValue } from '../value/set.ts'
import type { Value } from '../value/value.ts'
import { linkBody } from './body.ts'
import { blockedEnd, collect, commit, isBlocked, record } from './flow.ts'
import { openLacks } from './lacking.ts'
import { Unknown } from './lacks.ts'
import { same } from './pattern.ts'
import type { Getter, Next, Run, Slot } from './run.ts'
import { inside, newSlot, type Scope } from './scope.ts'
import { isOpen } from './select.ts'
import { linkTerm } from './term.ts'

/** A comprehension is always defined: blocked, what it is remains open. */
export function linkComprehension(term: CollectClosure | ObjectClosure, scope: Scope): Getter {
  const result = newSlot(scope)
  if (term.kind === 'object-comprehension')
    return gather(linkObjectBody(term, scope, result), result, () => new ObjectValue())
  const body = linkCollectBody(term, scope, result)
  return gather(body, result, term.kind === 'array-comprehension' ? () => [] : () => new SetValue())
}

function gather(body: Next, result: number, make: () => Value): Getter {
  return (run, frame) => {
    const collection = make()
    run.spend(Array.isArray(collection) ? 48 : 256)
    frame[result] = collection
    const lacks = collect(run, frame, body)
    return lacks === undefined ? collection : new Unknown(lacks, true)
  }
}

function linkCollectBody(term: CollectClosure, scope: Scope, result: number): Next {
  const isArray = term.kind === 'array-comprehension'
  return linkBody(term.body, inside(scope, isArray), own => {
    const get = linkTerm(term.term, own)
    return (run, frame) => {
      if (isBlocked(run)) return blockedEnd(run)
      const value = known(run, get(run, frame), isArray)
      if (value === undefined) return false
      if (isArray) {
        const array = frame[result] as Value[]
        array.push(value)
        run.grow(array.length, 16)
        if (run.lazy && (isOpen(run, value) || (value as unknown) instanceof Unknown)) run.open.add(array)
      } else addMember(run, frame[result] as SetValue, value)
      return false
    }
  })
}

function linkObjectBody(term: ObjectClosure, scope: Scope, result: number): Next {
  return linkBody(term.body, inside(scope, false), own => {
    const getKey = linkTerm(term.key, own)
    const getValue = linkTerm(term.value, own)
    return (run, frame) => {
      if (isBlocked(run)) return blockedEnd(run)
      const key = known(run, getKey(run, frame), false)
      const value = known(run, getValue(run, frame), true)
      if (key !== undefined && value !== undefined) putEntry(run, frame[result] as ObjectValue, key, value, term.span)
      return false
    }
  })
}

/** The value, unless it is undefined or not known well enough: that is recorded. */
export function known(run: Run, value: Slot, held: boolean): Value | undefined {
  if (!run.lazy || typeof value !== 'object' || value === null) return value as Value | undefined
  if (value instanceof Unknown) {
    if (held && value.defined) return value as unknown as Value
    record(run, value.lacks)
    return undefined
  }
  if (held || !isOpen(run, value)) return value
  record(run, openLacks(value, run)!)
  return undefined
}

/** Adds to a set under construction. */
export function addMember(run: Run, set: SetValue, member: Value): void {
  const before = set.weight
  if (set.add(member)) run.grow(set.size, set.weight - before)
  else if (typeof member === 'object') run.look()
}

/** Adds to an object under construction: two values for one key are a conflict. */
export function putEntry(run: Run, object: ObjectValue, key: Value, value: Value, span: Span): void {
  const before = object.get(key)
  if (before === undefined) {
    const { weight } = object
    object.set(key, value)
    run.grow(object.size, object.weight - weight)
    if (run.lazy && (isOpen(run, value) || (value as unknown) instanceof Unknown)) run.open.add(object)
  } else if (!agree(run, before, value)) {
    throw new RegoError({
      code: 'eval_conflict_error',
      message: 'object keys must be unique',
      location: locationOf(span),
      line: firstLineOf(span),
    })
  }
}

/** Whether two values for one place are equal, as far as can be known: what is not known is recorded. */
export function agree(run: Run, before: Value | Unknown, value: Value | Unknown): boolean {
  if (before === value) return true
  const { pending } = run
  const equal = same(run, before, value)
  if (run.pending !== pending) {
    commit(run)
    run.pending = pending
  }
  return equal
}

import type { CompiledTerm, Scalar } from '../compiler/compiled.ts'
import { RegoError } from '../error.ts'
import { makeNumber } from '../value/number.ts'
import { ObjectValue } from '../value/object.ts'
import { makeSet, SetValue } from '../value/set.ts'
import type { PlainObject, Value } from '../value/value.ts'
import { linkComprehension } from './comprehension.ts'
import { openLacks } from './lacking.ts'
import { joinLacks, type Lacks, Unknown } from './lacks.ts'
import { makeDocument } from './make-document.ts'
import { linkReference } from './reference.ts'
import type { Getter, Run, Slot } from './run.ts'
import type { Scope } from './scope.ts'
import { isOpen } from './select.ts'

export const scalarValue = (scalar: Scalar): Value =>
  scalar.kind === 'null' ? null : scalar.kind === 'number' ? makeNumber(scalar.text) : scalar.value

/** The value of a term that has the same one for ever; undefined for any other term. */
export function constantOf(term: CompiledTerm): Value | undefined {
  switch (term.kind) {
    case 'null':
    case 'boolean':
    case 'number':
    case 'string':
      return scalarValue(term)
    case 'array':
      return term.ground ? term.items.map(constantIn) : undefined
    case 'set':
      return term.ground ? makeSet(term.items.map(constantIn)) : undefined
    case 'object':
      return term.ground
        ? makeDocument(term.entries.map(({ key, value }) => [constantIn(key), constantIn(value)]))
        : undefined
    default:
      return undefined
  }
}

function constantIn(term: CompiledTerm): Value {
  const value = constantOf(term)
  if (value === undefined)
    throw new RegoError({ code: 'eval_internal_error', message: `ground term holds a ${term.kind}` })
  return value
}

/** Gives the value of a term whose locals are all bound. */
export function linkTerm(term: CompiledTerm, scope: Scope): Getter {
  const constant = constantOf(term)
  if (constant !== undefined) return () => constant
  switch (term.kind) {
    case 'local': {
      const { slot } = term
      return (_run, frame) => frame[slot] as Slot
    }
    case 'ref':
      return linkReference(term, scope)
    case 'array':
      return linkArray(term.items, scope)
    case 'set':
      return linkSet(term.items, scope)
    case 'object':
      return linkObject(term.entries, scope)
    case 'array-comprehension':
    case 'set-comprehension':
    case 'object-comprehension':
      return linkComprehension(term, scope)
    default:
      throw new RegoError({ code: 'eval_internal_error', message: `no such term: ${term.kind}` })
  }
}

function linkArray(items: readonly CompiledTerm[], scope: Scope): Getter {
  const getters = items.map(item => linkTerm(item, scope))
  const bytes = 64 + 16 * items.length
  return (run, frame) => {
    const array: Value[] = []
    let open = false
    run.spend(bytes)
    for (const get of getters) {
      const item = get(run, frame)
      if (item === undefined) return undefined
      if (run.lazy && typeof item === 'object' && item !== null) {
        if (item instanceof Unknown && !item.defined) return unknownMember(run, getters, frame, itself)
        open ||= item instanceof Unknown || run.open.has(item)
      }
      array.push(item as Value)
    }
    if (open) run.open.add(array)
    return array
  }
}

/**
 * A literal of which a member may turn out undefined may be so too, unless another member is undefined already. If it is
 * there, it is what its members are.
 */
function unknownMember(
  run: Run,
  getters: readonly Getter[],
  frame: unknown[],
  make: (members: readonly Value[]) => Value & object,
): Unknown | undefined {
  const lacks: Lacks[] = []
  const members: Value[] = []
  for (const get of getters) {
    const member = get(run, frame)
    if (member === undefined) return undefined
    if (member instanceof Unknown) lacks.push(member.lacks)
    members.push(member as Value)
  }
  const literal = make(members)
  run.open.add(literal)
  return new Unknown(joinLacks(lacks), false, [literal])
}

const itself = (members: readonly Value[]): readonly Value[] => members

function linkSet(items: readonly CompiledTerm[], scope: Scope): Getter {
  const getters = items.map(item => linkTerm(item, scope))
  return (run, frame) => {
    const set = new SetValue()
    const lacks: Lacks[] = []
    let defined = true
    for (const get of getters) {
      const item = get(run, frame)
      if (item === undefined) return undefined
      if (item instanceof Unknown) {
        lacks.push(item.lacks)
        defined &&= item.defined
      } else if (isOpen(run, item)) lacks.push(openLacks(item, run)!)
      else set.add(item)
    }
    run.spend(set.weight)
    return lacks.length === 0 ? set : new Unknown(joinLacks(lacks), defined)
  }
}

function linkObject(entries: readonly { key: CompiledTerm; value: CompiledTerm }[], scope: Scope): Getter {
  const names = entries.map(({ key }) => (key.kind === 'string' && key.value !== '__proto__' ? key.value : undefined))
  const values = entries.map(({ value }) => linkTerm(value, scope))
  if (names.every(name => name !== undefined) && new Set(names).size === names.length) return plainObject(names, values)
  const keys = entries.map(({ key }) => linkTerm(key, scope))
  return (run, frame) => {
    const object = new ObjectValue()
    const lacks: Lacks[] = []
    let defined = true
    let open = false
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!(run, frame)
      const value = values[i]!(run, frame)
      if (key === undefined || value === undefined) return undefined
      const missing = key instanceof Unknown ? key.lacks : isOpen(run, key) ? openLacks(key, run) : undefined
      if (missing !== undefined) lacks.push(missing)
      if (key instanceof Unknown) defined &&= key.defined
      if (value instanceof Unknown) {
        if (!value.defined) lacks.push(value.lacks)
        defined &&= value.defined
      }
      open ||= value instanceof Unknown || isOpen(run, value)
      if (missing === undefined) object.set(key as Value, value as Value)
    }
    run.spend(object.weight)
    if (lacks.length > 0) return new Unknown(joinLacks(lacks), defined)
    if (open) run.open.add(object)
    return object
  }
}

function plainObject(names: readonly string[], values: readonly Getter[]): Getter {
  const make = (members: readonly Value[]): PlainObject =>
    Object.fromEntries(names.map((name, i) => [name, members[i]!]))
  const bytes = 64 + 16 * names.length
  return (run, frame) => {
    const object: Record<string, Value> = {}
    let open = false
    run.spend(bytes)
    for (let i = 0; i < names.length; i++) {
      const value = values[i]!(run, frame)
      if (value === undefined) return undefined
      if (run.lazy && typeof value === 'object' && value !== null) {
        if (value instanceof Unknown && !value.defined) return unknownMember(run, values, frame, make)
        open ||= value instanceof Unknown || run.open.has(value)
      }
      object[names[i]!] = value as Value
    }
    if (open) run.open.add(object)
    return object
  }
}

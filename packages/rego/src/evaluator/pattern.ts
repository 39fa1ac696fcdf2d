import type { CompiledObject, CompiledTerm } from '../compiler/compiled.ts'
import { comparisonBudget, stepsOf } from '../value/bounds.ts'
import { equal } from '../value/compare.ts'
import { objectGet, objectItems, objectSize } from '../value/object.ts'
import { isObject, type Value } from '../value/value.ts'
import { differs } from './differs.ts'
import { assume, block } from './flow.ts'
import { openLacks } from './lacking.ts'
import { joinLacks, type Lacks, Unknown } from './lacks.ts'
import type { Frame, Getter, Matcher, Run, Slot } from './run.ts'
import type { Scope } from './scope.ts'
import { isOpen } from './select.ts'
import { constantOf, linkTerm } from './term.ts'

/** The slots that a term mentions and that have no value yet. */
export function unboundIn(term: CompiledTerm, bound: ReadonlySet<number>): number[] {
  switch (term.kind) {
    case 'local':
      return bound.has(term.slot) ? [] : [term.slot]
    case 'array':
    case 'set':
      return term.ground ? [] : term.items.flatMap(item => unboundIn(item, bound))
    case 'object':
      return term.ground
        ? []
        : term.entries.flatMap(({ key, value }) => [...unboundIn(key, bound), ...unboundIn(value, bound)])
    case 'ref':
      return [
        ...(term.base.kind === 'local' ? unboundIn(term.base, bound) : []),
        ...term.path.flatMap(part => unboundIn(part, bound)),
      ]
    case 'array-comprehension':
    case 'set-comprehension':
    case 'object-comprehension':
      return term.captures.filter(slot => !bound.has(slot))
    default:
      return []
  }
}

/**
 * Whether the term is an array or object literal to be compared member by member: what has another shape differs from
 * it, even if its members are not known.
 */
export const isSpelled = (term: CompiledTerm): boolean =>
  constantOf(term) === undefined && (term.kind === 'array' || (term.kind === 'object' && hasNames(term)))

/** Whether the keys of an object literal are constant strings, each once. */
export function hasNames({ entries }: CompiledObject): boolean {
  const keys = entries.map(({ key }) => constantOf(key))
  return keys.every(key => typeof key === 'string') && new Set(keys).size === keys.length
}

/** A matcher of the pattern; its locals count as bound from here on. */
export function linkPattern(term: CompiledTerm, scope: Scope): Matcher {
  if (term.kind === 'local') {
    const { slot } = term
    if (scope.bound.has(slot)) return matchEqual((_run, frame) => frame[slot] as Slot)
    scope.bound.add(slot)
    return (run, frame, given) => {
      const value = assume(run, given)
      frame[slot] = value
      return value instanceof Unknown && !value.defined ? block(run, value.lacks) : true
    }
  }
  const constant = constantOf(term)
  if (constant !== undefined) return matchConstant(constant)
  if (unboundIn(term, scope.bound).length > 0 || isSpelled(term)) {
    if (term.kind === 'array') return matchArray(term.items, scope)
    if (term.kind === 'object') return matchObject(term.entries, scope)
  }
  return matchEqual(linkTerm(term, scope))
}

function matchConstant(constant: Value): Matcher {
  if (typeof constant === 'string' || typeof constant === 'boolean' || constant === null) {
    return (run, _frame, value) => value === constant || (value instanceof Unknown && maybe(run, value, constant))
  }
  return (run, _frame, value) => same(run, value, constant)
}

/** Blocks on what is not known, unless it could not be the constant whatever it turns out to be. */
export const maybe = (run: Run, unknown: Unknown, constant: Value): boolean =>
  unknown.couldBe(constant) && block(run, unknown.lacks)

const matchEqual =
  (get: Getter): Matcher =>
  (run, frame, value) => {
    const other = get(run, frame)
    return other !== undefined && same(run, value, other)
  }

/** Whether two values are equal, or may be (then it has called `block`). */
export function same(run: Run, left: Value | Unknown, right: Value | Unknown): boolean {
  if (typeof left !== 'object' && typeof right !== 'object') return left === right
  const a = assume(run, left)
  const b = assume(run, right)
  if (run.lazy) {
    const lacks = lacksToCompare(run, a, b)
    if (lacks === false) return false
    if (lacks !== undefined) return block(run, lacks)
  }
  return equalIn(run, a as Value, b as Value)
}

/** Whether the values are equal; parts that are looked at cost steps. */
export function equalIn(run: Run, a: Value, b: Value): boolean {
  const budget = comparisonBudget()
  const result = equal(a, b, budget)
  run.charge(stepsOf(budget))
  return result
}

/** What is needed to compare; false where the values differ whatever is unknown inside them. */
export function lacksToCompare(run: Run, a: Value | Unknown, b: Value | Unknown): Lacks | false | undefined {
  if (a instanceof Unknown && isPlainScalar(b) && !a.couldBe(b)) return false
  if (b instanceof Unknown && isPlainScalar(a) && !b.couldBe(a)) return false
  const unknowns = [a, b].filter(value => value instanceof Unknown)
  if (unknowns.length > 0) return joinLacks(unknowns.map(unknown => unknown.lacks))
  const open = [a as Value, b as Value].filter(value => isOpen(run, value))
  if (open.length === 0) return undefined
  if (typeof a !== typeof b || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false
  const budget = comparisonBudget()
  const isDifferent = differs(a, b, budget)
  run.charge(stepsOf(budget))
  if (isDifferent) return false
  return joinLacks(open.map(value => openLacks(value, run)!))
}

export const isPlainScalar = (value: Value | Unknown | undefined): value is Value =>
  value !== undefined && (typeof value !== 'object' || value === null)

function matchArray(items: readonly CompiledTerm[], scope: Scope): Matcher {
  const slots = items.flatMap(item => unboundIn(item, scope.bound))
  const matchers = items.map(item => linkPattern(item, scope))
  return (run, frame, given) => {
    const value = assume(run, given)
    if (value instanceof Unknown) return blockAll(run, frame, slots, value)
    if (!Array.isArray(value) || value.length !== matchers.length) return false
    for (let i = 0; i < matchers.length; i++) if (!matchers[i]!(run, frame, value[i] as Value)) return false
    return true
  }
}

function matchObject(entries: readonly { key: CompiledTerm; value: CompiledTerm }[], scope: Scope): Matcher {
  const slots = entries.flatMap(({ value }) => unboundIn(value, scope.bound))
  const keys = entries.map(({ key }) => linkTerm(key, scope))
  const matchers = entries.map(({ value }) => linkPattern(value, scope))
  return (run, frame, given) => {
    const value = assume(run, given)
    if (value instanceof Unknown) return blockAll(run, frame, slots, value)
    if (!isObject(value)) return false
    // A member that is not known may not be there either, so that the size is not known.
    if (isOpen(run, value) && objectItems(value).some(([, member]) => (member as unknown) instanceof Unknown)) {
      return blockAll(run, frame, slots, new Unknown(openLacks(value, run)!, false))
    }
    if (objectSize(value) !== matchers.length) return false
    for (let i = 0; i < matchers.length; i++) {
      const key = keys[i]!(run, frame)
      if (key === undefined) return false
      if (key instanceof Unknown) return blockAll(run, frame, slots, key)
      const member = objectGet(value, key)
      if (member === undefined || !matchers[i]!(run, frame, member)) return false
    }
    return true
  }
}

/** What is not known fits any pattern, perhaps: the locals that the pattern would bind are not known either. */
function blockAll(run: Run, frame: Frame, slots: readonly number[], unknown: Unknown): true {
  for (const slot of slots) frame[slot] = unknown
  return block(run, unknown.lacks)
}

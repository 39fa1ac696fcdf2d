import type { CompiledObject, CompiledTerm } from '../compiler/compiled.ts'
import { RegoError } from '../error.ts'
import { locationOf } from '../source-text.ts'
import { equal } from '../value/compare.ts'
import { assume, block } from './flow.ts'
import { Unknown } from './lacks.ts'
import { hasNames, isSpelled, linkPattern, maybe, same, unboundIn } from './pattern.ts'
import type { Step } from './run.ts'
import type { Scope } from './scope.ts'
import { constantOf, linkTerm } from './term.ts'

type Pair = readonly [CompiledTerm, CompiledTerm]

/**
 * `left = right`, both without enumeration. Literals are taken apart as far as both sides have the same shape; of each
 * pair that is left one side has a value, maybe only once another pair has bound it, and the other is its pattern.
 */
export function linkUnification(left: CompiledTerm, right: CompiledTerm, scope: Scope): Step {
  const pairs: Pair[] = []
  if (!takeApart(left, right, scope, pairs)) return () => false
  const steps: Step[] = []
  while (pairs.length > 0) {
    const ready = pairs.findIndex(pair => pair.some(term => unboundIn(term, scope.bound).length === 0))
    if (ready < 0) throw unordered(left)
    const [[a, b]] = pairs.splice(ready, 1) as [Pair]
    const isFree = (term: CompiledTerm): boolean => unboundIn(term, scope.bound).length > 0
    steps.push(isFree(b) || (!isFree(a) && comesFirst(a, b)) ? linkPair(b, a, scope) : linkPair(a, b, scope))
  }
  const [only] = steps
  if (steps.length === 1) return only!
  return (run, frame) => {
    for (const step of steps) if (!step(run, frame)) return false
    return true
  }
}

/** Of two sides that have a value, OPA takes references first, then comprehensions, those on the left before the right. */
const comesFirst = (left: CompiledTerm, right: CompiledTerm): boolean =>
  left.kind === 'ref' || (left.kind.endsWith('comprehension') && right.kind !== 'ref')

const unordered = (term: CompiledTerm): RegoError =>
  new RegoError({
    code: 'eval_internal_error',
    message: 'unification in which neither side has a value',
    location: locationOf(term.span),
  })

/** False: the shapes cannot be equal. */
function takeApart(left: CompiledTerm, right: CompiledTerm, scope: Scope, pairs: Pair[]): boolean {
  if (left.kind === 'array' && right.kind === 'array') {
    return (
      left.items.length === right.items.length &&
      left.items.every((item, i) => takeApart(item, right.items[i]!, scope, pairs))
    )
  }
  if (left.kind === 'object' && right.kind === 'object' && isTakenApart(left, right, scope)) {
    return (
      left.entries.length === right.entries.length &&
      left.entries.every(({ key, value }) => {
        const other = right.entries.find(entry => equalConstants(entry.key, key))
        return other !== undefined && takeApart(value, other.value, scope, pairs)
      })
    )
  }
  pairs.push([left, right])
  return true
}

/** Where all keys are constant strings, the members can be compared one by one; where both sides bind, they must. */
const isTakenApart = (left: CompiledObject, right: CompiledObject, { bound }: Scope): boolean =>
  (hasNames(left) && hasNames(right)) || (unboundIn(left, bound).length > 0 && unboundIn(right, bound).length > 0)

function equalConstants(a: CompiledTerm, b: CompiledTerm): boolean {
  const x = constantOf(a)
  const y = constantOf(b)
  return x !== undefined && y !== undefined
    ? equal(x, y)
    : a.kind === 'local' && b.kind === 'local' && a.slot === b.slot
}

function linkPair(pattern: CompiledTerm, term: CompiledTerm, scope: Scope): Step {
  const constant = constantOf(term)
  if (constant !== undefined && constantOf(pattern) === undefined && unboundIn(pattern, scope.bound).length === 0) {
    return linkPair(term, pattern, scope)
  }
  if (isSpelled(term) && !isSpelled(pattern) && constant === undefined && constantOf(pattern) === undefined) {
    if (unboundIn(pattern, scope.bound).length === 0 && pattern.kind !== 'array' && pattern.kind !== 'object') {
      return linkPair(term, pattern, scope)
    }
  }
  const get = linkTerm(term, scope)
  if (pattern.kind === 'local' && !scope.bound.has(pattern.slot)) {
    const { slot } = pattern
    scope.bound.add(slot)
    return (run, frame) => {
      const value = assume(run, get(run, frame))
      if (value === undefined) return false
      frame[slot] = value
      return !(value instanceof Unknown) || value.defined || block(run, value.lacks)
    }
  }
  if (pattern.kind === 'string' || pattern.kind === 'boolean') {
    const expected = pattern.value
    return (run, frame) => {
      const value = get(run, frame)
      return value === expected || (value instanceof Unknown && maybe(run, value, expected))
    }
  }
  if (unboundIn(pattern, scope.bound).length === 0 && !isSpelled(pattern)) {
    const other = linkTerm(pattern, scope)
    return (run, frame) => {
      const a = get(run, frame)
      if (a === undefined) return false
      const b = other(run, frame)
      return b !== undefined && same(run, a, b)
    }
  }
  const match = linkPattern(pattern, scope)
  return (run, frame) => {
    const value = get(run, frame)
    return value !== undefined && match(run, frame, value)
  }
}

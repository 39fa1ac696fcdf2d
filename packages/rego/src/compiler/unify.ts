import type { ObjectTerm, RefTerm, Term } from '../ast.ts'
import { formatTerm } from '../format.ts'
import { isComprehension } from '../walk.ts'
import { isSubset, patternVars, safetyVars, varsOfTerm } from './vars.ts'

/** The variables that are bound when `left = right` holds, those in `safe` and `also` being bound already. */
export function unifiedVars(
  safe: ReadonlySet<string>,
  also: ReadonlySet<string>,
  left: Term,
  right: Term,
): ReadonlySet<string> {
  const known = also.size === 0 ? safe : new Set([...safe, ...also])
  const state: Unifier = { safe: known, bound: new Set(), waiting: new Map() }
  unify(state, left, right)
  return state.bound
}

interface Unifier {
  readonly safe: ReadonlySet<string>
  readonly bound: Set<string>
  /** By variable: those that all have to be bound before it is. */
  readonly waiting: Map<string, Set<string>>
}

function unify(state: Unifier, a: Term, b: Term): void {
  if (a.kind === 'var') unifyVar(state, a.name, b)
  else if (a.kind === 'ref' || a.kind === 'call') {
    if (isEvaluable(a, state.safe)) bindPattern(state, b)
  } else if (isComprehension(a)) bindFromComprehension(state, a, b)
  else if (a.kind === 'array') unifyArray(state, a.items, a, b)
  else if (a.kind === 'object') unifyObject(state, a, b)
  else if (b.kind === 'var') bind(state, b.name)
}

function unifyVar(state: Unifier, name: string, b: Term): void {
  switch (b.kind) {
    case 'var':
      if (isBound(state, b.name)) bind(state, name)
      else if (isBound(state, name)) bind(state, b.name)
      else {
        wait(state, name, b.name)
        wait(state, b.name, name)
      }
      break
    case 'array':
    case 'object':
      unifyAll(state, name, b)
      break
    case 'ref':
    case 'call':
      if (isEvaluable(b, state.safe)) bind(state, name)
      break
    default:
      bind(state, name)
  }
}

function unifyArray(state: Unifier, items: readonly Term[], a: Term, b: Term): void {
  if (b.kind === 'var') unifyAll(state, b.name, a)
  else if (isComprehension(b)) bindAll(state, a)
  else if (b.kind === 'ref' || b.kind === 'call') {
    if (isEvaluable(b, state.safe)) bindAll(state, a)
  } else if (b.kind === 'array' && b.items.length === items.length) {
    for (const [i, item] of items.entries()) unify(state, item, b.items[i]!)
  }
}

function unifyObject(state: Unifier, a: ObjectTerm, b: Term): void {
  if (b.kind === 'var') unifyAll(state, b.name, a)
  else if (b.kind === 'ref' || b.kind === 'call') {
    if (isEvaluable(b, state.safe)) bindAll(state, a)
  } else if (b.kind === 'object' && b.entries.length === a.entries.length) {
    const values = new Map(b.entries.map(({ key, value }) => [formatTerm(key), value]))
    for (const { key, value } of a.entries) {
      const other = values.get(formatTerm(key))
      if (other !== undefined) unify(state, value, other)
    }
  }
}

function bindPattern(state: Unifier, b: Term): void {
  if (b.kind === 'var') bind(state, b.name)
  else if (b.kind === 'array' || b.kind === 'object') bindAll(state, b)
}

function bindFromComprehension(state: Unifier, a: Term, b: Term): void {
  if (b.kind === 'var') bind(state, b.name)
  else if (a.kind === 'array-comprehension' && b.kind === 'array') bindAll(state, b)
  else if (a.kind === 'object-comprehension' && b.kind === 'object') bindAll(state, b)
}

/** Whether a ref or call has a value once the names in `safe` are bound; variables in a ref's path enumerate. */
function isEvaluable(term: Term, safe: ReadonlySet<string>): boolean {
  if (term.kind === 'ref') return isRefSafe(term, safe)
  return isSubset(varsOfTerm(term, safetyVars), safe)
}

export function isRefSafe({ head }: RefTerm, safe: ReadonlySet<string>): boolean {
  return head.kind === 'var' ? safe.has(head.name) : isSubset(varsOfTerm(head, safetyVars), safe)
}

function isBound(state: Unifier, name: string): boolean {
  return state.safe.has(name) || state.bound.has(name)
}

function bindAll(state: Unifier, pattern: Term): void {
  for (const name of varsOfTerm(pattern, patternVars)) bind(state, name)
}

function bind(state: Unifier, name: string): void {
  state.bound.add(name)
  const needed = state.waiting.get(name)
  state.waiting.delete(name)
  for (const other of needed ?? []) bind(state, other)
  for (const [other, needs] of state.waiting) {
    if (needs.delete(name) && needs.size === 0 && state.waiting.has(other)) bind(state, other)
  }
}

function wait(state: Unifier, name: string, on: string): void {
  const needs = state.waiting.get(name)
  if (needs === undefined) state.waiting.set(name, new Set([on]))
  else needs.add(on)
}

function unifyAll(state: Unifier, name: string, pattern: Term): void {
  if (isBound(state, name)) {
    bindAll(state, pattern)
    return
  }
  const unbound = [...varsOfTerm(pattern, patternVars)].filter(inner => !isBound(state, inner))
  if (unbound.length === 0) bind(state, name)
  for (const inner of unbound) wait(state, name, inner)
}

import type { Body, Expr, Term } from '../ast.ts'
import { formatVar } from '../format.ts'
import { hasClosure, isComprehension, walkExprTerms } from '../walk.ts'
import { type Arity, outputsOfExpr } from './output-vars.ts'
import { mapChildren, mapExpr, type Rewrite } from './transform.ts'
import { isSubset, safetyVars, varsOfBody, varsOfExpr, varsOfTerm } from './vars.ts'
import { definitionsOf, isGenerated, mayHaveClosures, report, type Work } from './work.ts'

export const documents: ReadonlySet<string> = new Set(['input', 'data'])

/** What nothing binds, by the expression that needs it. */
type Unsafe = Map<Expr, Set<string>>

/** Stage: what a rule's head mentions stands in its body or arguments. */
export function checkHeadSafety(work: Work): void {
  for (const rule of definitionsOf(work)) {
    const places: Places = new Map()
    for (const part of rule.reference.path) notePlaces(part, places)
    if (rule.key !== undefined) notePlaces(rule.key, places)
    if (rule.value !== undefined) notePlaces(rule.value, places)
    if (places.size === 0) continue
    const bound = varsOfBody(rule.body, safetyVars)
    for (const arg of rule.args ?? []) varsOfTerm(arg, {}, bound)
    for (const [name, term] of places) {
      if (bound.has(name)) continue
      const shown = work.names.get(name) ?? name
      if (!isGenerated(shown)) report(work, 'rego_unsafe_var_error', term.span, `var ${formatVar(shown)} is unsafe`)
    }
  }
}

/** By name, where a variable first stands. */
type Places = Map<string, Term>

function notePlaces(term: Term, places: Places): Term {
  if (term.kind !== 'var') return mapChildren(term, visitPlaces, places)
  if (!places.has(term.name)) places.set(term.name, term)
  return term
}

const visitPlaces: Rewrite<Places> = { term: notePlaces }

/** Stage: bodies are put in an order in which every expression finds bound what it needs. */
export function checkBodySafety(work: Work, arity: Arity): void {
  for (const rule of definitionsOf(work)) {
    const bound = new Set(documents)
    for (const arg of rule.args ?? []) varsOfTerm(arg, {}, bound)
    const closures = mayHaveClosures(rule)
    if (closures || !isInOrder(arity, bound, rule.body)) {
      rule.body = orderBody(work, arity, bound, rule.body, closures)
    }
  }
}

/** Whether each expression of a body without closures finds bound what it needs: then there is nothing to say of it. */
function isInOrder(arity: Arity, bound: ReadonlySet<string>, body: Body): boolean {
  const safe = new Set(bound)
  for (const expr of body) {
    const needs = varsOfExpr(expr, safetyVars)
    if (isSubset(needs, safe)) continue
    const outputs = outputsOfExpr(expr, arity, safe)
    for (const name of needs) if (!safe.has(name) && !outputs.has(name)) return false
    for (const name of outputs) safe.add(name)
  }
  return true
}

/** The body in a safe order; itself, with the unsafe variables reported, when there is none. */
export function orderBody(work: Work, arity: Arity, bound: ReadonlySet<string>, body: Body, closures = true): Body {
  const { ordered, unsafe } = reorder(arity, bound, body, closures)
  if (unsafe.size === 0) return ordered
  const before = work.errors.length
  reportUnsafe(work, unsafe)
  // Only what the compiler made may be left: then there was nothing to say, and the order stands.
  return work.errors.length > before ? body : ordered
}

interface Ordered {
  readonly ordered: Body
  readonly unsafe: Unsafe
}

/**
 * Expressions are taken in their order as soon as what they need is bound, in rounds until nothing more can be taken. So a
 * body changes no more than it must: which of several orders is taken is observable, since errors end evaluation.
 */
function reorder(arity: Arity, globals: ReadonlySet<string>, body: Body, closures = true): Ordered {
  const vars = body.map(expr => varsOfExpr(expr, safetyVars))
  const bodyVars = new Set<string>()
  const safe = new Set<string>()
  for (const names of vars) {
    for (const name of names) {
      bodyVars.add(name)
      if (globals.has(name)) safe.add(name)
    }
  }
  const unsafe: Unsafe = new Map()
  const closed = new Map<Expr, ReadonlySet<string>>()
  for (const [i, expr] of body.entries()) {
    const needs = vars[i]!
    for (const name of needs) if (safe.has(name)) needs.delete(name)
    if (needs.size > 0) unsafe.set(expr, needs)
    if (closures && hasClosure(expr)) closed.set(expr, closedOver(expr, bodyVars, globals))
  }
  const ordered: Expr[] = []
  const changed = startChanges(safe)
  let waiting = body
  for (let round = 0; waiting.length > 0; round++) {
    const left: Expr[] = []
    for (const expr of waiting) {
      if (round > 0 && !closed.has(expr) && !changed(expr)) {
        left.push(expr)
        continue
      }
      const outputs = outputsOfExpr(expr, arity, safe)
      const closure = closed.get(expr)
      if (closure !== undefined && closure.size > 0) {
        if (sameSet(closure, outputs)) {
          // What a closure reads cannot be what its own expression binds.
          left.push(expr)
          continue
        }
        unsafe.set(expr, new Set(closure))
      }
      const needs = unsafe.get(expr)
      for (const name of needs ?? []) if (outputs.has(name) || safe.has(name)) needs!.delete(name)
      if (needs !== undefined && needs.size > 0) {
        left.push(expr)
        continue
      }
      unsafe.delete(expr)
      ordered.push(expr)
      for (const name of outputs) safe.add(name)
    }
    if (left.length === waiting.length) break
    waiting = left
  }
  if (closed.size === 0) return { ordered, unsafe }
  return { ordered: orderClosures(arity, globals, ordered, unsafe), unsafe }
}

/**
 * Whether more variables of an expression are bound than when it was last asked for: else nothing new can be said of it,
 * and a long body in the worst order does not cost a full look at each expression in each round.
 */
function startChanges(safe: ReadonlySet<string>): (expr: Expr) => boolean {
  const names = new Map<Expr, readonly string[]>()
  const counts = new Map<Expr, number>()
  return expr => {
    let own = names.get(expr)
    if (own === undefined) {
      own = [...varsOfExpr(expr, {})]
      names.set(expr, own)
    }
    let count = 0
    for (const name of own) if (safe.has(name)) count++
    const same = counts.get(expr) === count
    counts.set(expr, count)
    return !same
  }
}

/** The variables of the body that the closures of an expression read. */
function closedOver(expr: Expr, bodyVars: ReadonlySet<string>, globals: ReadonlySet<string>): ReadonlySet<string> {
  const names = new Set<string>()
  walkExprTerms(
    expr,
    term => {
      if (!isComprehension(term)) return true
      varsOfTerm(term, {}, names)
      return false
    },
    inner => {
      if (inner.kind !== 'every') return true
      varsOfBody(inner.body, {}, names)
      return false
    },
  )
  for (const name of names) if (!bodyVars.has(name) || globals.has(name)) names.delete(name)
  return names
}

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  if (a.size !== b.size) return false
  for (const name of a) if (!b.has(name)) return false
  return true
}

/** Closures see the variables of the expressions before theirs. */
function orderClosures(arity: Arity, globals: ReadonlySet<string>, body: Body, unsafe: Unsafe): Body {
  const seen = new Set(globals)
  return body.map((expr, i) => {
    if (i > 0) varsOfExpr(body[i - 1]!, safetyVars, seen)
    if (!hasClosure(expr)) return expr
    return orderInExpr({ arity, seen, unsafe, expr }, expr)
  })
}

interface ClosureState {
  readonly arity: Arity
  readonly seen: Set<string>
  readonly unsafe: Unsafe
  /** The expression of the outer body, which is blamed. */
  readonly expr: Expr
}

function orderInExpr(state: ClosureState, expr: Expr): Expr {
  if (expr.kind !== 'every') return mapExpr(expr, ordering, state)
  if (expr.key !== undefined) varsOfTerm(expr.key, {}, state.seen)
  varsOfTerm(expr.value, {}, state.seen)
  return { ...expr, body: orderClosure(state, [], expr.body) }
}

function orderInTerm(state: ClosureState, term: Term): Term {
  switch (term.kind) {
    case 'array-comprehension':
    case 'set-comprehension':
      return { ...term, body: orderClosure(state, [term.term], term.body) }
    case 'object-comprehension':
      return { ...term, body: orderClosure(state, [term.key, term.value], term.body) }
    default:
      return mapChildren(term, ordering, state)
  }
}

const ordering: Rewrite<ClosureState> = {
  term: (term, state) => orderInTerm(state, term),
  expr: (expr, state) => orderInExpr(state, expr),
}

function orderClosure({ arity, seen, unsafe, expr }: ClosureState, heads: readonly Term[], body: Body): Body {
  const known = varsOfBody(body, safetyVars)
  for (const head of heads) {
    for (const name of varsOfTerm(head)) if (!known.has(name) && !seen.has(name)) addUnsafe(unsafe, expr, name)
  }
  const inner = reorder(arity, seen, body)
  if (inner.unsafe.size === 0) return inner.ordered
  for (const [at, names] of inner.unsafe) for (const name of names) addUnsafe(unsafe, at, name)
  return body
}

function addUnsafe(unsafe: Unsafe, expr: Expr, name: string): void {
  const names = unsafe.get(expr)
  if (names === undefined) unsafe.set(expr, new Set([name]))
  else names.add(name)
}

const importable: ReadonlySet<string> = new Set(['contains', 'every', 'if', 'in'])

/** Names each variable once, where it first stands; when all were made by the compiler, the expressions. */
function reportUnsafe(work: Work, unsafe: Unsafe): void {
  const exprs = [...unsafe].toSorted(([a], [b]) => a.span.start - b.span.start)
  const first = new Map<string, Expr>()
  for (const [expr, names] of exprs) for (const name of names) if (!first.has(name)) first.set(name, expr)
  const before = work.errors.length
  for (const [name, expr] of first) {
    const shown = work.names.get(name) ?? name
    if (isGenerated(shown)) continue
    const hint = importable.has(shown) ? ` (hint: \`import future.keywords.${shown}\` to import a future keyword)` : ''
    report(work, 'rego_unsafe_var_error', expr.span, `var ${formatVar(shown)} is unsafe${hint}`)
  }
  if (work.errors.length > before) return
  const seen = new Set<string>()
  for (const [expr, names] of exprs) {
    const size = seen.size
    for (const name of names) if (isGenerated(name)) seen.add(name)
    if (seen.size > size) report(work, 'rego_unsafe_var_error', expr.span, 'expression is unsafe')
  }
}

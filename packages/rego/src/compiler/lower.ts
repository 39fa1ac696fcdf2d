import type { Body, EveryExpr, Expr, RefTerm, Term, VarTerm, With } from '../ast.ts'
import { formatTerm } from '../format.ts'
import type { Span } from '../source-text.ts'
import { walkBodyTerms, walkTerms } from '../walk.ts'
import type {
  Callee,
  CompiledBody,
  CompiledRef,
  CompiledTerm,
  CompiledWith,
  Local,
  LocalTerm,
  Scalar,
  Statement,
  WithTarget,
  WithValue,
} from './compiled.ts'
import { findNode, isDataRef, signatureOf, type TreeNode } from './rule-tree.ts'
import { safetyVars, varsOfBody, varsOfTerm } from './vars.ts'
import { compileError, definitionsOf, isEquation, isGenerated, originOf, type Work } from './work.ts'

/** The slots of one rule or query. */
export interface Frame {
  readonly work: Work
  readonly tree: TreeNode
  readonly slots: Map<string, Local>
  /** Names that the statement being lowered mentions before anything binds them: it does. */
  unbound: Set<string>
}

export function startFrame(work: Work, tree: TreeNode): Frame {
  return { work, tree, slots: new Map(), unbound: new Set() }
}

/** The frame's locals, by slot. */
export function localsOf(frame: Frame): readonly Local[] {
  return [...frame.slots.values()]
}

/** The slot of a name, which gets one when it is first mentioned. */
export function slotOf(frame: Frame, name: string, span: Span): number {
  let found = frame.slots.get(name)
  if (found === undefined) {
    const shown = frame.work.names.get(name) ?? name
    const user = isGenerated(shown) || shown.startsWith('$') ? undefined : shown
    found = { slot: frame.slots.size, name: user, span }
    frame.slots.set(name, found)
  }
  return found.slot
}

type Names = ReadonlySet<string>

/** A body whose order is settled, with `bound` bound before it. Adds what it binds to `bound`. */
export function lowerBody(frame: Frame, bound: Set<string>, body: Body): CompiledBody {
  const indexes = indexesOf(body)
  return body.map(expr => {
    const outer = frame.unbound
    frame.unbound = new Set()
    const binds: number[] = []
    const statement = lowerStatement(frame, bound, expr, indexes.get(originOf(expr).start)!, binds)
    if (!expr.negated) {
      for (const name of frame.unbound) {
        binds.push(slotOf(frame, name, expr.span))
        bound.add(name)
      }
    }
    frame.unbound = outer
    return statement
  })
}

/** By where they stand in the file: the number of the written expression. */
function indexesOf(body: Body): ReadonlyMap<number, number> {
  if (body.length === 1) return new Map([[originOf(body[0]!).start, 0]])
  const starts = [...new Set(body.map(expr => originOf(expr).start))].toSorted((a, b) => a - b)
  return new Map(starts.map((start, i) => [start, i]))
}

function lowerStatement(frame: Frame, bound: Names, expr: Expr, index: number, binds: readonly number[]): Statement {
  const { generated, negated } = expr
  const span = originOf(expr)
  const modifiers = expr.with.length === 0 ? noWiths : expr.with.map(modifier => lowerWith(frame, bound, modifier))
  switch (expr.kind) {
    case 'term': {
      const term = lowerTerm(frame, bound, expr.term)
      return { kind: 'test', span, generated, index, negated, with: modifiers, binds, term }
    }
    case 'call': {
      if (isEquation(expr) && expr.args.length === 2) {
        const left = lowerTerm(frame, bound, expr.args[0]!)
        const right = lowerTerm(frame, bound, expr.args[1]!)
        return { kind: 'unify', span, generated, index, negated, with: modifiers, binds, left, right }
      }
      const arity = arityFor(frame, expr.operator) ?? expr.args.length
      const lowered = expr.args.map(arg => lowerTerm(frame, bound, arg))
      const args = lowered.length > arity ? lowered.slice(0, arity) : lowered
      const callee = lowerCallee(frame, expr.operator, expr.span)
      const result = lowered[arity]
      return { kind: 'call', span, generated, index, negated, with: modifiers, binds, callee, args, result }
    }
    case 'every':
      return { span, generated, index, negated, with: modifiers, binds, ...lowerEvery(frame, bound, expr) }
    case 'some':
      throw compileError('eval_internal_error', expr.span, 'a declaration reached evaluation')
  }
}

function lowerEvery(frame: Frame, bound: Names, expr: EveryExpr) {
  const inner = new Set(bound)
  const own = new Set<string>()
  for (const term of [expr.key, expr.value]) if (term !== undefined) varsOfTerm(term, {}, own)
  for (const name of own) inner.add(name)
  for (const name of varsOfBody(expr.body, safetyVars)) if (!bound.has(name)) own.add(name)
  return {
    kind: 'every' as const,
    key: expr.key === undefined ? undefined : lowerTerm(frame, inner, expr.key),
    value: lowerTerm(frame, inner, expr.value),
    domain: lowerTerm(frame, bound, expr.domain),
    own: [...own].map(name => slotOf(frame, name, expr.span)),
    body: lowerBody(frame, inner, expr.body),
  }
}

const noWiths: readonly CompiledWith[] = []

function lowerWith(frame: Frame, bound: Names, { span, target, value }: With): CompiledWith {
  return { span, target: lowerWithTarget(frame, target), value: lowerWithValue(frame, bound, value) }
}

function arityFor({ work, tree }: Frame, operator: RefTerm): number | undefined {
  const signature = signatureOf(work, operator)
  if (signature !== undefined) return signature.variadic === undefined ? signature.args.length : undefined
  return findNode(tree, operator)?.rules[0]?.args?.length ?? 0
}

function lowerCallee(frame: Frame, operator: RefTerm, span = operator.span): Callee {
  const signature = signatureOf(frame.work, operator)
  if (signature !== undefined) return { kind: signature.host ? 'host' : 'builtin', name: signature.name, span }
  return { kind: 'function', path: operator.path.map(part => scalarOf(part)), span }
}

function scalarOf(term: Term): Scalar {
  switch (term.kind) {
    case 'null':
      return { kind: 'null' }
    case 'boolean':
      return { kind: 'boolean', value: term.value }
    case 'number':
      return { kind: 'number', text: term.text }
    case 'string':
      return { kind: 'string', value: term.value }
    default:
      throw compileError('rego_compile_error', term.span, `expected a constant, got ${formatTerm(term)}`)
  }
}

function lowerWithTarget(frame: Frame, target: Term): WithTarget {
  if (target.kind === 'ref' && target.head.kind === 'var') {
    if (target.head.name === 'input') return { kind: 'input', path: target.path.map(scalarOf) }
    if (isDataRef(target)) {
      const isFunction = findNode(frame.tree, target)?.rules.some(rule => rule.args !== undefined) ?? false
      const path = target.path.map(scalarOf)
      return isFunction ? { kind: 'function', path, span: target.span } : { kind: 'data', path }
    }
    return lowerCallee(frame, target)
  }
  throw compileError('rego_compile_error', target.span, `expected a document or function, got ${formatTerm(target)}`)
}

/** Throws where a `with` replaces what cannot be named before evaluation: a rule may be lowered later than that must be said. */
export function checkWithTargets(work: Work, tree: TreeNode): void {
  const frame = startFrame(work, tree)
  for (const rule of definitionsOf(work, 'with')) {
    const check = (expr: Expr): void => {
      for (const { target } of expr.with) lowerWithTarget(frame, target)
    }
    for (const term of [rule.key, rule.value]) if (term !== undefined) walkTerms(term, () => undefined, check)
    walkBodyTerms(rule.body, () => undefined, check)
  }
}

function lowerWithValue(frame: Frame, bound: Names, value: Term): WithValue {
  if (value.kind === 'ref' && isFunctionName(frame, value)) return { kind: 'callee', callee: lowerCallee(frame, value) }
  return { kind: 'term', term: lowerTerm(frame, bound, value) }
}

function isFunctionName({ work, tree }: Frame, ref: RefTerm): boolean {
  if (signatureOf(work, ref) !== undefined) return true
  return findNode(tree, ref)?.rules.some(rule => rule.args !== undefined) ?? false
}

export function lowerTerm(frame: Frame, bound: Names, term: Term): CompiledTerm {
  const lower = (inner: Term): CompiledTerm => lowerTerm(frame, bound, inner)
  const { span } = term
  switch (term.kind) {
    case 'null':
    case 'boolean':
    case 'number':
    case 'string':
      return term
    case 'var':
      return localOf(frame, bound, term)
    case 'ref':
      return lowerRef(frame, bound, term)
    case 'array':
    case 'set': {
      const items = term.items.map(lower)
      return { kind: term.kind, span, items, ground: items.every(isConstant) }
    }
    case 'object': {
      const entries = term.entries.map(({ key, value }) => ({ key: lower(key), value: lower(value) }))
      const ground = entries.every(({ key, value }) => isConstant(key) && isConstant(value))
      return { kind: 'object', span, entries, ground }
    }
    case 'array-comprehension':
    case 'set-comprehension': {
      const { body, own, captures, inner } = lowerClosure(frame, bound, term.body, [term.term])
      return { kind: term.kind, span, body, own, captures, term: lowerTerm(frame, inner, term.term) }
    }
    case 'object-comprehension': {
      const { body, own, captures, inner } = lowerClosure(frame, bound, term.body, [term.key, term.value])
      const key = lowerTerm(frame, inner, term.key)
      return { kind: term.kind, span, body, own, captures, key, value: lowerTerm(frame, inner, term.value) }
    }
    default:
      throw compileError('eval_internal_error', span, `a ${term.kind} reached evaluation`)
  }
}

function localOf(frame: Frame, bound: Names, { name, span }: VarTerm): LocalTerm {
  const slot = slotOf(frame, name, span)
  if (!bound.has(name)) frame.unbound.add(name)
  return { kind: 'local', span, slot }
}

function lowerRef(frame: Frame, bound: Names, term: RefTerm): CompiledRef {
  const { head, span } = term
  if (head.kind !== 'var') throw compileError('eval_internal_error', span, 'a ref without a name reached evaluation')
  const path = term.path.map(part => lowerTerm(frame, bound, part))
  if (head.name === 'input' || head.name === 'data') return { kind: 'ref', span, base: { kind: head.name }, path }
  return { kind: 'ref', span, base: localOf(frame, bound, head), path }
}

/** The same value whenever it is evaluated. */
function isConstant(term: CompiledTerm): boolean {
  switch (term.kind) {
    case 'null':
    case 'boolean':
    case 'number':
    case 'string':
      return true
    case 'array':
    case 'set':
    case 'object':
      return term.ground
    default:
      return false
  }
}

function lowerClosure(frame: Frame, bound: Names, body: Body, heads: readonly Term[]) {
  const own = varsOfBody(body, safetyVars)
  for (const head of heads) varsOfTerm(head, safetyVars, own)
  const mentioned = new Set(own)
  walkBodyTerms(body, term => void (term.kind === 'var' && mentioned.add(term.name)))
  for (const name of own) if (bound.has(name)) own.delete(name)
  const inner = new Set(bound)
  const lowered = lowerBody(frame, inner, body)
  const slots = (names: Iterable<string>): readonly number[] =>
    [...names].map(name => slotOf(frame, name, heads[0]!.span))
  const captures = [...mentioned].filter(name => bound.has(name) && name !== 'input' && name !== 'data')
  return { body: lowered, own: slots(own), captures: slots(captures), inner }
}

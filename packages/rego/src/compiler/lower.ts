import type { Body, Expr, RefTerm, Term } from '../ast.ts'
import { formatTerm } from '../format.ts'
import type { Span } from '../source-text.ts'
import { isComprehension, isGround, walkBodyTerms, walkExprTerms } from '../walk.ts'
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
import { findNode, isDataRef, type TreeNode } from './rule-tree.ts'
import { safetyVars, varsOfBody, varsOfExpr, varsOfTerm } from './vars.ts'
import { compileError, isEquation, isGenerated, originOf, type Work } from './work.ts'

/** The slots of one rule or query. */
export interface Frame {
  readonly work: Work
  readonly tree: TreeNode
  readonly slots: Map<string, { readonly local: Local; mentions: number }>
}

export function startFrame(work: Work, tree: TreeNode): Frame {
  return { work, tree, slots: new Map() }
}

/** The frame's locals, by slot; the mention that binds a local is no use of it. */
export function localsOf(frame: Frame): readonly Local[] {
  return [...frame.slots.values()].map(({ local, mentions }) => ({ ...local, uses: Math.max(0, mentions - 1) }))
}

/** The slot of a name, which gets one when it is first mentioned. */
export function slotOf(frame: Frame, name: string, span: Span): number {
  let found = frame.slots.get(name)
  if (found === undefined) {
    const shown = frame.work.names.get(name) ?? name
    const user = isGenerated(shown) || shown.startsWith('$') ? undefined : shown
    found = { local: { slot: frame.slots.size, name: user, span, uses: 0 }, mentions: 0 }
    frame.slots.set(name, found)
  }
  return found.local.slot
}

type Names = ReadonlySet<string>

/** A body whose order is settled, with `bound` bound before it. Adds what it binds to `bound`. */
export function lowerBody(frame: Frame, bound: Set<string>, body: Body): CompiledBody {
  const indexes = indexesOf(body)
  return body.map(expr => {
    const statement = lowerStatement(frame, bound, expr, indexes.get(originOf(expr).start)!)
    if (!expr.negated) varsOfExpr(expr, safetyVars, bound)
    return statement
  })
}

/** By where they stand in the file: the number of the written expression. */
function indexesOf(body: Body): ReadonlyMap<number, number> {
  const starts = [...new Set(body.map(expr => originOf(expr).start))].toSorted((a, b) => a - b)
  return new Map(starts.map((start, i) => [start, i]))
}

function lowerStatement(frame: Frame, bound: Names, expr: Expr, index: number): Statement {
  const binds: number[] = []
  if (!expr.negated) {
    for (const name of varsOfExpr(expr, safetyVars)) if (!bound.has(name)) binds.push(slotOf(frame, name, expr.span))
  }
  const lower = (term: Term): CompiledTerm => lowerTerm(frame, bound, term)
  const base = {
    span: originOf(expr),
    generated: expr.generated,
    index,
    negated: expr.negated,
    with: expr.with.map(({ span, target, value }): CompiledWith => {
      return { span, target: lowerWithTarget(frame, target), value: lowerWithValue(frame, bound, value) }
    }),
    binds,
  }
  switch (expr.kind) {
    case 'term':
      return { ...base, kind: 'test', term: lower(expr.term) }
    case 'call': {
      if (isEquation(expr) && expr.args.length === 2) {
        return { ...base, kind: 'unify', left: lower(expr.args[0]!), right: lower(expr.args[1]!) }
      }
      const arity = arityFor(frame, expr.operator) ?? expr.args.length
      const args = expr.args.slice(0, arity).map(lower)
      const result = expr.args[arity]
      const callee = lowerCallee(frame, expr.operator)
      return { ...base, kind: 'call', callee, args, result: result === undefined ? undefined : lower(result) }
    }
    case 'every': {
      const inner = new Set(bound)
      const own = new Set<string>()
      for (const term of [expr.key, expr.value]) if (term !== undefined) varsOfTerm(term, {}, own)
      for (const name of own) inner.add(name)
      for (const name of varsOfBody(expr.body, safetyVars)) if (!bound.has(name)) own.add(name)
      return {
        ...base,
        kind: 'every',
        key: expr.key === undefined ? undefined : lower(expr.key),
        value: lower(expr.value),
        domain: lower(expr.domain),
        own: [...own].map(name => slotOf(frame, name, expr.span)),
        body: lowerBody(frame, inner, expr.body),
      }
    }
    case 'some':
      throw compileError('eval_internal_error', expr.span, 'a declaration reached evaluation')
  }
}

function arityFor({ work, tree }: Frame, operator: RefTerm): number | undefined {
  const signature = work.builtins.get(formatTerm(operator))
  if (signature !== undefined) return signature.variadic === undefined ? signature.args.length : undefined
  return findNode(tree, operator)?.rules[0]?.args?.length ?? 0
}

function lowerCallee(frame: Frame, operator: RefTerm): Callee {
  const name = formatTerm(operator)
  const signature = frame.work.builtins.get(name)
  const { span } = operator
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

function lowerWithValue(frame: Frame, bound: Names, value: Term): WithValue {
  if (value.kind === 'ref' && isFunctionName(frame, value)) return { kind: 'callee', callee: lowerCallee(frame, value) }
  return { kind: 'term', term: lowerTerm(frame, bound, value) }
}

function isFunctionName({ work, tree }: Frame, ref: RefTerm): boolean {
  if (work.builtins.has(formatTerm(ref))) return true
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
      return { ...scalarOf(term), span }
    case 'var':
      return lowerVar(frame, term)
    case 'ref':
      return lowerRef(frame, bound, term)
    case 'array':
    case 'set':
      return { kind: term.kind, span, items: term.items.map(lower), ground: isConstant(term) }
    case 'object': {
      const entries = term.entries.map(({ key, value }) => ({ key: lower(key), value: lower(value) }))
      return { kind: 'object', span, entries, ground: isConstant(term) }
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

function lowerVar(frame: Frame, { name, span }: Term & { kind: 'var' }): CompiledTerm {
  if (name === 'input' || name === 'data') return { kind: 'ref', span, base: { kind: name }, path: [] }
  return localOf(frame, name, span)
}

function localOf(frame: Frame, name: string, span: Span): LocalTerm {
  const slot = slotOf(frame, name, span)
  frame.slots.get(name)!.mentions++
  return { kind: 'local', span, slot }
}

function lowerRef(frame: Frame, bound: Names, term: RefTerm): CompiledRef {
  const { head, span } = term
  if (head.kind !== 'var') throw compileError('eval_internal_error', span, 'a ref without a name reached evaluation')
  const base =
    head.name === 'input' || head.name === 'data'
      ? ({ kind: head.name } as const)
      : localOf(frame, head.name, head.span)
  return { kind: 'ref', span, base, path: term.path.map(part => lowerTerm(frame, bound, part)) }
}

function isConstant(term: Term): boolean {
  if (!isGround(term)) return false
  let constant = true
  walkExprTerms({ kind: 'term', span: term.span, term, negated: false, with: [], generated: false }, inner => {
    if (inner.kind === 'ref' || inner.kind === 'call' || isComprehension(inner)) constant = false
    return constant
  })
  return constant
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

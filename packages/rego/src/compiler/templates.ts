import type { Body, CallTerm, Expr, Term } from '../ast.ts'
import { dottedName, formatVar } from '../format.ts'
import { operatorRef } from '../parser/infix.ts'
import { isGround } from '../walk.ts'
import { type Arity, outputsOfBody } from './output-vars.ts'
import { findNode, type TreeNode } from './rule-tree.ts'
import { documents } from './safety.ts'
import { mapAll, mapChildren, mapExpr } from './transform.ts'
import { safetyVars, varsOfTerm } from './vars.ts'
import { definitionsOf, equation, isScalar, report, varTerm, type Work } from './work.ts'

interface TemplateState {
  readonly work: Work
  readonly tree: TreeNode
  readonly arity: Arity
}

/**
 * Stage: a template string becomes a call of `internal.template_string` with an array of strings and sets: a set for each
 * expression, empty where that is undefined, so that it can print `<undefined>`.
 */
export function rewriteTemplates(work: Work, tree: TreeNode, arity: Arity): void {
  const state = { work, tree, arity }
  for (const rule of definitionsOf(work, 'template')) {
    const safe = new Set(documents)
    for (const arg of rule.args ?? []) varsOfTerm(arg, {}, safe)
    const inner = withOutputs(state, safe, rule.body)
    rule.body = mapAll(rule.body, expr => rewriteExpr(state, inner, expr))
    rule.args = rule.args?.map(arg => rewriteTerm(state, inner, arg))
    if (rule.key !== undefined) rule.key = rewriteTerm(state, inner, rule.key)
    if (rule.value !== undefined) rule.value = rewriteTerm(state, inner, rule.value)
  }
}

export function rewriteQueryTemplates(work: Work, tree: TreeNode, arity: Arity, body: Body): Body {
  const state = { work, tree, arity }
  return rewriteBody(state, documents, body)
}

type Names = ReadonlySet<string>

function withOutputs({ arity }: TemplateState, safe: Names, body: Body): Names {
  return new Set([...safe, ...outputsOfBody(body, arity, safe)])
}

function rewriteBody(state: TemplateState, outer: Names, body: Body): Body {
  const safe = withOutputs(state, outer, body)
  return mapAll(body, expr => rewriteExpr(state, safe, expr))
}

function rewriteExpr(state: TemplateState, safe: Names, expr: Expr): Expr {
  const term = (inner: Term): Term => rewriteTerm(state, safe, inner)
  if (expr.kind !== 'every') return mapExpr(expr, { term })
  const inner = new Set(safe)
  if (expr.key !== undefined) varsOfTerm(expr.key, {}, inner)
  varsOfTerm(expr.value, {}, inner)
  return mapExpr(expr, { term, body: body => rewriteBody(state, inner, body) })
}

function rewriteTerm(state: TemplateState, safe: Names, term: Term): Term {
  switch (term.kind) {
    case 'template':
      return rewriteTerm(state, safe, callOf(state, safe, term))
    case 'array-comprehension':
    case 'set-comprehension':
    case 'object-comprehension': {
      // Only a template that is itself the head of a comprehension sees what its body binds, as in OPA.
      const inner = withOutputs(state, safe, term.body)
      return mapChildren(term, {
        term: head => rewriteTerm(state, head.kind === 'template' ? inner : safe, head),
        body: body => rewriteBody(state, safe, body),
      })
    }
    default:
      return mapChildren(term, { term: inner => rewriteTerm(state, safe, inner) })
  }
}

function callOf(state: TemplateState, safe: Names, term: Term & { kind: 'template' }): CallTerm {
  const { span } = term
  const operands: Term[] = []
  for (const part of term.parts) {
    const operand = part.kind === 'string' ? part : operandOf(state, safe, part)
    if (operand !== undefined) operands.push(operand)
  }
  if (term.parts.length === 0) operands.push({ kind: 'string', span, value: '', raw: false })
  const operator = operatorRef(span, 'internal', 'template_string')
  return { kind: 'call', span, operator, args: [{ kind: 'array', span, items: operands }] }
}

function operandOf(state: TemplateState, safe: Names, part: Expr): Term | undefined {
  const { work } = state
  const term = asTerm(work, part)
  if (term === undefined) return undefined
  const { span } = term
  if (isScalar(term)) return term
  if (term.kind === 'var' || (term.kind === 'ref' && isAlwaysDefined(state, term))) {
    return { kind: 'set', span, items: [term] }
  }
  for (const name of [...varsOfTerm(term, safetyVars)].sort()) {
    if (safe.has(name)) continue
    report(work, 'rego_compile_error', span, `var ${formatVar(work.names.get(name) ?? name)} is undeclared`)
  }
  return captureIn(work, term, part)
}

/** `{l | l = term}`: the term's values, none where it is undefined. */
export function captureIn(work: Work, term: Term, part: Expr): Term {
  const { span } = term
  const local = varTerm(work.fresh(), span)
  const capture = { ...equation(local, term, part), generated: false }
  return { kind: 'set-comprehension', span, term: local, body: [capture] }
}

function asTerm(work: Work, part: Expr): Term | undefined {
  if (part.kind === 'term') return part.term
  if (part.kind !== 'call') return undefined
  const name = dottedName(part.operator)
  if (name === undefined || !work.builtins.get(name)?.relation) return { ...part, kind: 'call' }
  const reason = `illegal call to relation built-in '${name}' that may cause multiple outputs`
  report(work, 'rego_compile_error', part.span, reason)
  return undefined
}

/** A rule with a default, a partial set, or the only definition of a constant. */
function isAlwaysDefined({ tree }: TemplateState, ref: Term & { kind: 'ref' }): boolean {
  const [first, ...others] = findNode(tree, ref)?.rules ?? []
  if (first === undefined || ref.path.length === 0 || first.args !== undefined) return false
  if (first.default || first.value === undefined) return true
  if (others.length > 0) return others.some(rule => rule.default)
  const [only] = first.body
  const empty = first.body.length === 1 && only?.kind === 'term' && only.term.kind === 'boolean' && only.term.value
  if (!empty) return false
  const { value } = first
  if (isScalar(value) || value.kind === 'var') return true
  return (value.kind === 'array' || value.kind === 'object' || value.kind === 'set') && isGround(value)
}

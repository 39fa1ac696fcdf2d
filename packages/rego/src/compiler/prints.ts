import type { Body, Expr, Term } from '../ast.ts'
import { dottedName, formatTerm, formatVar } from '../format.ts'
import { operatorRef } from '../parser/infix.ts'
import { hasClosure, walkExprTerms, walkTerms } from '../walk.ts'
import { type Arity, outputsOfBody } from './output-vars.ts'
import { documents } from './safety.ts'
import { captureIn } from './templates.ts'
import { mapChildren, mapExpr } from './transform.ts'
import { safetyVars, varsOfBody, varsOfTerm } from './vars.ts'
import { type Definition, definitionsOf, isGenerated, report, type Work } from './work.ts'

/** Stage: what gives no value is not used as one. */
export function checkVoidCalls(work: Work): void {
  for (const rule of definitionsOf(work, 'print')) {
    for (const term of headTermsOf(rule)) walkTerms(term, inner => checkVoid(work, inner))
    checkVoidCallsIn(work, rule.body)
  }
}

export function checkVoidCallsIn(work: Work, body: Body): void {
  for (const expr of body) walkExprTerms(expr, term => checkVoid(work, term))
}

function checkVoid(work: Work, term: Term): void {
  if (term.kind !== 'call') return
  const name = dottedName(term.operator)
  if (name === undefined || !work.builtins.get(name)?.void) return
  report(work, 'rego_type_error', term.span, `${formatTerm(term)} used as value`)
}

function headTermsOf(rule: Definition): readonly Term[] {
  return [...(rule.args ?? []), rule.key, rule.value].filter(term => term !== undefined)
}

/**
 * Stage: `print(a, b)` becomes `internal.print([{l | l = a}, {l | l = b}])`, so that an undefined operand prints as such
 * instead of ending the body. Operands have to be bound by what stands before, whatever the order will be.
 */
export function rewritePrints(work: Work, arity: Arity): void {
  for (const rule of definitionsOf(work, 'print')) {
    const bound = new Set(documents)
    for (const arg of rule.args ?? []) varsOfTerm(arg, {}, bound)
    if (rule.key !== undefined) rule.key = rewriteTerm(work, arity, bound, rule.key)
    if (rule.value !== undefined) rule.value = rewriteTerm(work, arity, bound, rule.value)
    rule.body = rewriteBody(work, arity, bound, rule.body)
  }
}

export function rewriteQueryPrints(work: Work, arity: Arity, body: Body): Body {
  return rewriteBody(work, arity, documents, body)
}

type Names = ReadonlySet<string>

function isPrint(expr: Expr): expr is Expr & { kind: 'call' } {
  return expr.kind === 'call' && dottedName(expr.operator) === 'print'
}

function rewriteBody(work: Work, arity: Arity, globals: Names, body: Body): Body {
  const before = work.errors.length
  const boundBefore = (i: number): Set<string> =>
    new Set([...globals, ...outputsOfBody(body.slice(0, i), arity, globals)])
  const inner = body.map((expr, i) => (hasClosure(expr) ? rewriteExpr(work, arity, boundBefore(i), expr) : expr))
  if (work.errors.length > before) return body
  return inner.map((expr, i) => {
    if (!isPrint(expr)) return expr
    const bound = boundBefore(i)
    for (const name of varsOfBody(body.slice(0, i))) if (isGenerated(name)) bound.add(name)
    return printed(work, bound, expr)
  })
}

function printed(work: Work, bound: Names, expr: Expr & { kind: 'call' }): Expr {
  const { span } = expr
  for (const arg of expr.args) {
    for (const name of [...varsOfTerm(arg, safetyVars)].sort()) {
      if (bound.has(name)) continue
      report(work, 'rego_compile_error', arg.span, `var ${formatVar(name)} is undeclared`)
    }
  }
  const plain: Expr = { ...expr, with: [] }
  const items = expr.args.map(arg => captureIn(work, arg, plain))
  const operator = operatorRef(span, 'internal', 'print')
  return { ...plain, operator, args: [{ kind: 'array', span, items }], negated: false }
}

function rewriteExpr(work: Work, arity: Arity, bound: Names, expr: Expr): Expr {
  const inner = new Set(bound)
  if (expr.kind === 'every') {
    if (expr.key !== undefined) varsOfTerm(expr.key, {}, inner)
    varsOfTerm(expr.value, {}, inner)
  }
  return mapExpr(expr, {
    term: term => rewriteTerm(work, arity, inner, term),
    body: body => rewriteBody(work, arity, inner, body),
  })
}

function rewriteTerm(work: Work, arity: Arity, bound: Names, term: Term): Term {
  return mapChildren(term, {
    term: inner => rewriteTerm(work, arity, bound, inner),
    body: body => rewriteBody(work, arity, bound, body),
  })
}

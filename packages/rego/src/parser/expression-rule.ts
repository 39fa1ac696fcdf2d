import type { Body, CallExpr, Expr, Head, RefTerm, Rule, Term } from '../ast.ts'
import { formatTerm } from '../format.ts'
import { emptyBody, kindName, type Written } from './rule.ts'

/** A definition without a body, which reads like an expression: `p := 1`, `f(x) := y`; or why it is none. */
export function ruleOfBody(body: Body, isBuiltin: (name: string) => boolean): Written | { readonly reason: string } {
  const [expr] = body
  if (expr === undefined || body.length > 1) return { reason: 'multiple expressions cannot be used for rule head' }
  if (expr.with.length > 0) return { reason: 'expressions using with keyword cannot be used for rule head' }
  if (expr.negated) return { reason: 'negated expressions cannot be used for rule head' }
  switch (expr.kind) {
    case 'some':
      return { reason: "'some' declarations cannot be used for rule head" }
    case 'every':
      return { reason: 'expression cannot be used for rule head' }
    case 'term':
      return ruleOfTerm(expr, expr.term)
    case 'call':
      return ruleOfCall(expr, isBuiltin)
  }
}

function ruleOfTerm(expr: Expr, term: Term): Written | { readonly reason: string } {
  if (term.kind !== 'ref') return { reason: `${kindName(term)} cannot be used for rule name` }
  if (term.path.length === 0) return { reason: 'refs cannot be used for rule head' }
  if (term.head.kind !== 'var') return { reason: `invalid rule head: ${formatTerm(term)}` }
  if (term.path.length > 1) return define(expr, { reference: term }, true)
  return define(expr, { reference: { ...term, path: [] }, key: term.path[0]! }, false)
}

function ruleOfCall(expr: CallExpr, isBuiltin: (name: string) => boolean): Written | { readonly reason: string } {
  const { operator, args } = expr
  const name = formatTerm(operator)
  if (name === 'eq' || name === 'assign') {
    const [left, right] = args
    if (left === undefined || right === undefined) return { reason: 'assignment requires two operands' }
    return ruleOfEquation(expr, left, right, name === 'assign')
  }
  if (isBuiltin(name)) return { reason: 'rule name conflicts with built-in function' }
  if (args.length === 0) return { reason: 'rule argument list must take at least one argument' }
  if (operator.head.kind !== 'var') return { reason: `invalid rule head: ${name}` }
  return define(expr, { reference: operator, args }, false)
}

function ruleOfEquation(expr: Expr, left: Term, value: Term, assign: boolean): Written | { readonly reason: string } {
  if (left.kind === 'call') {
    if (left.operator.head.kind !== 'var') return { reason: `${kindName(left)} cannot be used for rule name` }
    return define(expr, { reference: left.operator, args: left.args, value, assign }, false)
  }
  if (left.kind === 'var') {
    const reference: RefTerm = { kind: 'ref', span: left.span, head: left, path: [] }
    return define(expr, { reference, value, assign }, false)
  }
  if (left.kind !== 'ref') return { reason: `${kindName(left)} cannot be used for rule name` }
  if (left.head.kind !== 'var') return { reason: `invalid rule head: ${formatTerm(left)}` }
  return define(expr, { reference: left, value, assign }, false)
}

interface HeadParts {
  readonly reference: RefTerm
  readonly args?: readonly Term[]
  readonly key?: Term
  readonly value?: Term
  readonly assign?: boolean
}

function define({ span }: Expr, { reference, args, key, value, assign }: HeadParts, generatedValue: boolean): Written {
  const head: Head = {
    kind: 'head',
    span,
    reference,
    args: args === undefined || args.length === 0 ? undefined : args,
    key,
    value: value ?? (key === undefined ? { kind: 'boolean', span, value: true } : undefined),
    assign: assign ?? false,
  }
  const rule: Rule = { kind: 'rule', span, default: false, head, body: emptyBody(span), else: undefined }
  return { rule, hasIf: false, hasContains: false, generatedBody: true, generatedValue }
}

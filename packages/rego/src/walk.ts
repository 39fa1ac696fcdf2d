import type { Body, Expr, Rule, Term } from './ast.ts'

/** Return false not to go into the node. */
type Enter<T> = (node: T) => unknown

/** Every term in `term`, itself first, those in bodies of comprehensions included. */
export function walkTerms(term: Term, enter: Enter<Term>, enterExpr?: Enter<Expr>): void {
  if (enter(term) === false) return
  forEachChild(
    term,
    child => walkTerms(child, enter, enterExpr),
    expr => walkExprTerms(expr, enter, enterExpr),
  )
}

/** Every term of an expression, `with` included. */
export function walkExprTerms(expr: Expr, enter: Enter<Term>, enterExpr?: Enter<Expr>): void {
  if (enterExpr?.(expr) === false) return
  const inner = (term: Term): void => walkTerms(term, enter, enterExpr)
  switch (expr.kind) {
    case 'term':
      inner(expr.term)
      break
    case 'call':
      inner(expr.operator)
      expr.args.forEach(inner)
      break
    case 'some':
      expr.symbols.forEach(inner)
      break
    case 'every':
      if (expr.key !== undefined) inner(expr.key)
      inner(expr.value)
      inner(expr.domain)
      walkBodyTerms(expr.body, enter, enterExpr)
  }
  for (const modifier of expr.with) {
    inner(modifier.target)
    inner(modifier.value)
  }
}

export function walkBodyTerms(body: Body, enter: Enter<Term>, enterExpr?: Enter<Expr>): void {
  for (const expr of body) walkExprTerms(expr, enter, enterExpr)
}

/** Every term of a definition, its `else` branches apart. */
export function walkRuleTerms(rule: Rule, enter: Enter<Term>, enterExpr?: Enter<Expr>): void {
  const { reference, args, key, value } = rule.head
  for (const part of reference.path) walkTerms(part, enter, enterExpr)
  for (const arg of args ?? []) walkTerms(arg, enter, enterExpr)
  if (key !== undefined) walkTerms(key, enter, enterExpr)
  if (value !== undefined) walkTerms(value, enter, enterExpr)
  walkBodyTerms(rule.body, enter, enterExpr)
}

function forEachChild(term: Term, inner: (term: Term) => void, expression: (expr: Expr) => void): void {
  switch (term.kind) {
    case 'ref':
      inner(term.head)
      term.path.forEach(inner)
      break
    case 'array':
    case 'set':
      term.items.forEach(inner)
      break
    case 'object':
      for (const { key, value } of term.entries) {
        inner(key)
        inner(value)
      }
      break
    case 'array-comprehension':
    case 'set-comprehension':
      inner(term.term)
      term.body.forEach(expression)
      break
    case 'object-comprehension':
      inner(term.key)
      inner(term.value)
      term.body.forEach(expression)
      break
    case 'call':
      inner(term.operator)
      term.args.forEach(inner)
      break
    case 'template':
      for (const part of term.parts) {
        if (part.kind === 'string') inner(part)
        else expression(part)
      }
  }
}

/** A rule, then its `else` branches. */
export function branchesOf(rule: Rule): readonly Rule[] {
  const branches = []
  for (let branch: Rule | undefined = rule; branch !== undefined; branch = branch.else) branches.push(branch)
  return branches
}

export function isComprehension(term: Term): boolean {
  return (
    term.kind === 'array-comprehension' || term.kind === 'set-comprehension' || term.kind === 'object-comprehension'
  )
}

/** No variable in it but heads of refs. */
export function isGround(term: Term): boolean {
  switch (term.kind) {
    case 'var':
      return false
    case 'ref':
      return term.path.every(isGround)
    case 'array':
    case 'set':
      return term.items.every(isGround)
    case 'object':
      return term.entries.every(({ key, value }) => isGround(key) && isGround(value))
    case 'call':
      return term.args.every(isGround)
    case 'array-comprehension':
    case 'set-comprehension':
    case 'object-comprehension':
    case 'template':
      return false
    default:
      return true
  }
}

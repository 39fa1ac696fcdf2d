import type { Body, Expr, Rule, Term } from './ast.ts'

/** Return false not to go into the node. */
type Enter<T> = (node: T) => unknown

/** Every term in `term`, itself first, those in bodies of comprehensions included. */
export function walkTerms(term: Term, enter: Enter<Term>, enterExpr?: Enter<Expr>): void {
  if (enter(term) === false) return
  switch (term.kind) {
    case 'ref':
      walkTerms(term.head, enter, enterExpr)
      for (const part of term.path) walkTerms(part, enter, enterExpr)
      break
    case 'array':
    case 'set':
      for (const item of term.items) walkTerms(item, enter, enterExpr)
      break
    case 'object':
      for (const { key, value } of term.entries) {
        walkTerms(key, enter, enterExpr)
        walkTerms(value, enter, enterExpr)
      }
      break
    case 'array-comprehension':
    case 'set-comprehension':
      walkTerms(term.term, enter, enterExpr)
      walkBodyTerms(term.body, enter, enterExpr)
      break
    case 'object-comprehension':
      walkTerms(term.key, enter, enterExpr)
      walkTerms(term.value, enter, enterExpr)
      walkBodyTerms(term.body, enter, enterExpr)
      break
    case 'call':
      walkTerms(term.operator, enter, enterExpr)
      for (const arg of term.args) walkTerms(arg, enter, enterExpr)
      break
    case 'template':
      for (const part of term.parts) {
        if (part.kind === 'string') walkTerms(part, enter, enterExpr)
        else walkExprTerms(part, enter, enterExpr)
      }
      break
    default:
  }
}

/** Every term of an expression, `with` included. */
export function walkExprTerms(expr: Expr, enter: Enter<Term>, enterExpr?: Enter<Expr>): void {
  if (enterExpr?.(expr) === false) return
  switch (expr.kind) {
    case 'term':
      walkTerms(expr.term, enter, enterExpr)
      break
    case 'call':
      walkTerms(expr.operator, enter, enterExpr)
      for (const arg of expr.args) walkTerms(arg, enter, enterExpr)
      break
    case 'some':
      for (const symbol of expr.symbols) walkTerms(symbol, enter, enterExpr)
      break
    case 'every':
      if (expr.key !== undefined) walkTerms(expr.key, enter, enterExpr)
      walkTerms(expr.value, enter, enterExpr)
      walkTerms(expr.domain, enter, enterExpr)
      walkBodyTerms(expr.body, enter, enterExpr)
  }
  for (const modifier of expr.with) {
    walkTerms(modifier.target, enter, enterExpr)
    walkTerms(modifier.value, enter, enterExpr)
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

/** A comprehension or `every` in it. */
export function hasClosure(expr: Expr): boolean {
  switch (expr.kind) {
    case 'every':
      return true
    case 'term':
      return holdsClosure(expr.term) || expr.with.some(({ value }) => holdsClosure(value))
    case 'call':
      return expr.args.some(holdsClosure) || expr.with.some(({ value }) => holdsClosure(value))
    case 'some':
      return expr.symbols.some(holdsClosure)
  }
}

function holdsClosure(term: Term): boolean {
  switch (term.kind) {
    case 'array-comprehension':
    case 'set-comprehension':
    case 'object-comprehension':
      return true
    case 'ref':
      return holdsClosure(term.head) || term.path.some(holdsClosure)
    case 'array':
    case 'set':
      return term.items.some(holdsClosure)
    case 'object':
      return term.entries.some(({ key, value }) => holdsClosure(key) || holdsClosure(value))
    case 'call':
      return term.args.some(holdsClosure)
    case 'template':
      return term.parts.some(part => part.kind !== 'string' && hasClosure(part))
    default:
      return false
  }
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

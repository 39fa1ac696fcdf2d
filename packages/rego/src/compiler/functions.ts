import type { Body, CallExpr, Expr, RefTerm } from '../ast.ts'
import { formatTerm } from '../format.ts'
import { hasClosure, isComprehension, walkTerms } from '../walk.ts'
import type { Arity } from './output-vars.ts'
import { rewriteTerms } from './transform.ts'
import { definitionsOf, isEquation, mayHaveClosures, report, type Work } from './work.ts'

/** Stage: what is called is a function and is given as many arguments as it takes, or one more for the result. */
export function checkFunctions(work: Work, arity: Arity): void {
  for (const rule of definitionsOf(work)) {
    const closures = mayHaveClosures(rule)
    if (closures) {
      const check = (expr: Expr): void => void checkCall(work, arity, expr)
      for (const term of [...(rule.args ?? []), rule.key, rule.value]) {
        if (term !== undefined) walkTerms(term, () => undefined, check)
      }
    }
    checkCallsIn(work, arity, rule.body, closures)
  }
}

function checkCallsIn(work: Work, arity: Arity, body: Body, closures = true): void {
  for (const expr of body) {
    if (closures) checkExpr(work, arity, expr)
    else checkCall(work, arity, expr)
  }
}

/** In a query the types of all functions are known, and OPA says it as it does for builtins. */
export function checkQueryCalls(work: Work, arity: Arity, body: Body): void {
  checkCallsIn({ ...work, typed: true }, arity, body)
}

/** An expression, and its closures unless it is wrong itself. */
function checkExpr(work: Work, arity: Arity, expr: Expr): void {
  if (!checkCall(work, arity, expr) || !hasClosure(expr)) return
  if (expr.kind === 'every') checkCallsIn(work, arity, expr.body)
  const terms = expr.kind === 'call' ? expr.args : expr.kind === 'term' ? [expr.term] : []
  for (const term of [...terms, ...expr.with.map(({ value }) => value)]) {
    walkTerms(term, inner => {
      if (!isComprehension(inner) || !('body' in inner)) return true
      checkCallsIn(work, arity, inner.body)
      return false
    })
  }
}

function checkCall(work: Work, arity: Arity, expr: Expr): boolean {
  if (expr.kind !== 'call') return true
  const wanted = arity(expr.operator)
  if (wanted === undefined) {
    report(work, 'rego_type_error', expr.span, `undefined function ${shown(work, expr.operator)}`)
    return false
  }
  const got = expr.args.length
  if (isWithin(work, expr, wanted, got)) return true
  reportArity(work, expr, wanted, expr.generated ? got - 1 : got)
  return false
}

function isWithin(work: Work, expr: CallExpr, wanted: number, got: number): boolean {
  if (expr.generated) return isEquation(expr) || got === wanted + 1
  if (got === wanted || got === wanted + 1) return true
  const name = formatTerm(expr.operator)
  return work.builtins.get(name)?.variadic !== undefined && got > wanted
}

function reportArity(work: Work, expr: CallExpr, wanted: number, got: number): void {
  const name = shown(work, expr.operator)
  const reason =
    work.typed || work.builtins.has(name)
      ? `${name}: arity mismatch`
      : `function ${name} has arity ${wanted}, got ${got} ${got === 1 ? 'argument' : 'arguments'}`
  report(work, 'rego_type_error', expr.span, reason)
}

function shown(work: Work, operator: RefTerm): string {
  return formatTerm(
    rewriteTerms(operator, term =>
      term.kind === 'var' ? { ...term, name: work.names.get(term.name) ?? term.name } : term,
    ),
  )
}

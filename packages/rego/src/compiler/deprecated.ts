import type { Body } from '../ast.ts'
import { dottedName } from '../format.ts'
import { walkBodyTerms } from '../walk.ts'
import { chainOf, report, type Work } from './work.ts'

/** Stage: v1 has no deprecated builtins. */
export function checkDeprecated(work: Work): void {
  for (const { module, rules } of work.modules) {
    if (!work.strict && !module.v1) continue
    for (const rule of rules) for (const branch of chainOf(rule)) checkDeprecatedIn(work, branch.body)
  }
}

export function checkDeprecatedIn(work: Work, body: Body): void {
  walkBodyTerms(
    body,
    () => undefined,
    expr => {
      const name = expr.kind === 'call' ? dottedName(expr.operator) : undefined
      if (name === undefined || !work.builtins.get(name)?.deprecated) return
      const reason = `deprecated built-in function calls in expression: ${name}`
      report(work, 'rego_type_error', expr.span, reason)
    },
  )
}

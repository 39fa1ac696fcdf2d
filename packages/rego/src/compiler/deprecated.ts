import type { Body } from '../ast.ts'
import { dottedName } from '../format.ts'
import { walkBodyTerms } from '../walk.ts'
import { definitionsOf, report, type Work } from './work.ts'

/** Stage: v1 has no deprecated builtins. */
export function checkDeprecated(work: Work): void {
  for (const rule of definitionsOf(work, 'deprecated')) {
    if (work.strict || rule.module.module.v1) checkDeprecatedIn(work, rule.body)
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

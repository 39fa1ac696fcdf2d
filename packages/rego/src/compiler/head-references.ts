import type { Expr, Term } from '../ast.ts'
import { appendToBody, equation, isScalar, varTerm, type Work } from './work.ts'

/** Stage: parts of a rule's name are scalars or variables; anything else moves into the body: `p[f(x)]` becomes `p[l] { l = f(x) }`. */
export function rewriteHeadReferences(work: Work): void {
  for (const { rules } of work.modules) {
    for (const rule of rules) {
      const { reference } = rule
      if (reference.path.every(isPlain)) continue
      const moved: Expr[] = []
      const path = reference.path.map(part => {
        if (isPlain(part)) return part
        const local = varTerm(work.fresh(), part.span)
        moved.push(equation(local, part))
        return local
      })
      rule.reference = { ...reference, path }
      rule.body = appendToBody(rule.body, moved)
    }
  }
}

function isPlain(term: Term): boolean {
  return term.kind === 'var' || isScalar(term)
}

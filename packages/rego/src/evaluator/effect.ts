import type { CompiledTerm, Statement } from '../compiler/compiled.ts'
import type { Linked } from './linked.ts'

/** Whether an expression can reach a function with an effect. */
export function canHaveEffect(statement: Statement, linked: Linked): boolean {
  const inTerm = (term: CompiledTerm | undefined): boolean => term !== undefined && termCan(term, linked)
  const inWith = statement.with.some(({ value }) => (value.kind === 'term' ? inTerm(value.term) : true))
  switch (statement.kind) {
    case 'test':
      return inWith || inTerm(statement.term)
    case 'unify':
      return inWith || inTerm(statement.left) || inTerm(statement.right)
    case 'call':
      return inWith || linked.calleeHasEffect(statement.callee) || statement.args.some(inTerm)
    case 'every':
      return inWith || inTerm(statement.domain) || statement.body.some(inner => canHaveEffect(inner, linked))
  }
}

function termCan(term: CompiledTerm, linked: Linked): boolean {
  const can = (inner: CompiledTerm): boolean => termCan(inner, linked)
  switch (term.kind) {
    case 'ref':
      return term.base.kind === 'data' && linked.pathHasEffect(term.path)
    case 'array':
    case 'set':
      return term.items.some(can)
    case 'object':
      return term.entries.some(({ key, value }) => can(key) || can(value))
    case 'array-comprehension':
    case 'set-comprehension':
    case 'object-comprehension':
      return term.body.some(statement => canHaveEffect(statement, linked))
    default:
      return false
  }
}

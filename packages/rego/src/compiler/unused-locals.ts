import type { Body } from '../ast.ts'
import { formatVar } from '../format.ts'
import { walkBodyTerms } from '../walk.ts'
import { declaredNames } from './resolve.ts'
import { type Declared, find, type Scopes, top } from './scopes.ts'
import { isGenerated, report } from './work.ts'

/** Strict only: something is assigned and never looked at. */
export function reportUnusedAssigned(scopes: Scopes, used: ReadonlySet<string>, body: Body): void {
  const usedAs = new Set([...used].map(name => find(scopes, name)?.as ?? name))
  const unused = [...top(scopes)].filter(
    ([name, { as, occurrence, count }]) =>
      !name.startsWith('$') && occurrence === 'assigned' && count <= 1 && !usedAs.has(as),
  )
  for (const [name] of unused.toSorted(byGeneratedName)) {
    const at = body.find(expr => declaredNames([expr]).has(name)) ?? body[0]!
    report(scopes.work, 'rego_compile_error', at.span, `assigned var ${formatVar(name)} unused`)
  }
}

/** `some x` where x is then mentioned nowhere. */
export function reportUnusedDeclared(scopes: Scopes, used: ReadonlySet<string>, body: Body, result: Body): void {
  const declared = [...top(scopes)].filter(([, { occurrence }]) => occurrence === 'declared')
  if (declared.length === 0) return
  const mentioned = new Set([...used].map(name => find(scopes, name)?.as ?? name))
  walkBodyTerms(result, term => void (term.kind === 'var' && mentioned.add(term.name)))
  const unused = declared.filter(([, { as }]) => !mentioned.has(as))
  for (const [name] of unused.toSorted(byGeneratedName)) {
    if (isGenerated(name)) continue
    const at = body.find(expr => declaredNames([expr]).has(name)) ?? body[0]!
    report(scopes.work, 'rego_compile_error', at.span, `declared var ${formatVar(name)} unused`)
  }
}

export function byGeneratedName(a: readonly [string, Declared], b: readonly [string, Declared]): number {
  return a[1].as < b[1].as ? -1 : 1
}

import type { Body } from '../ast.ts'
import { formatVar } from '../format.ts'
import { declaredNames } from './resolve.ts'
import { type Declared, type Frame, find, type Scopes, top } from './scopes.ts'
import { varsOfBody } from './vars.ts'
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

function holdsDeclared(frame: Frame): boolean {
  for (const { occurrence } of frame.values()) if (occurrence === 'declared') return true
  return false
}

/** `some x` where x is then mentioned nowhere. */
export function reportUnusedDeclared(scopes: Scopes, used: ReadonlySet<string>, body: Body, result: Body): void {
  if (!holdsDeclared(top(scopes))) return
  const mentioned = varsOfBody(result)
  for (const name of used) mentioned.add(find(scopes, name)?.as ?? name)
  const unused = [...top(scopes)].filter(([, { as, occurrence }]) => occurrence === 'declared' && !mentioned.has(as))
  for (const [name] of unused.toSorted(byGeneratedName)) {
    if (isGenerated(name)) continue
    const at = body.find(expr => declaredNames([expr]).has(name)) ?? body[0]!
    report(scopes.work, 'rego_compile_error', at.span, `declared var ${formatVar(name)} unused`)
  }
}

export function byGeneratedName(a: readonly [string, Declared], b: readonly [string, Declared]): number {
  return a[1].as < b[1].as ? -1 : 1
}

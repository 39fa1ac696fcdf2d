import type { Body, Expr } from '../ast.ts'
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
  if (unused.length === 0) return
  const places = declarationsIn(body)
  for (const [name] of unused.toSorted(byGeneratedName)) {
    report(
      scopes.work,
      'rego_compile_error',
      (places.get(name) ?? body[0]!).span,
      `assigned var ${formatVar(name)} unused`,
    )
  }
}

/** The first expression that declares each name. */
function declarationsIn(body: Body): ReadonlyMap<string, Expr> {
  const places = new Map<string, Expr>()
  for (const expr of body) for (const name of declaredNames([expr])) if (!places.has(name)) places.set(name, expr)
  return places
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
  if (unused.length === 0) return
  const places = declarationsIn(body)
  for (const [name] of unused.toSorted(byGeneratedName)) {
    if (isGenerated(name)) continue
    report(
      scopes.work,
      'rego_compile_error',
      (places.get(name) ?? body[0]!).span,
      `declared var ${formatVar(name)} unused`,
    )
  }
}

function byGeneratedName(a: readonly [string, Declared], b: readonly [string, Declared]): number {
  return a[1].as < b[1].as ? -1 : 1
}

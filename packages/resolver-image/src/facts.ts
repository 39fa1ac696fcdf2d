import { type Basis, type Facts, type Path, pathKey } from '@source-policy/core'
import { pathOf, verifiedPath } from './image-source.ts'

/** Part of an answer; what is left out is empty. */
export type PartialFacts = { readonly [List in keyof Facts]?: Facts[List] }

/** One answer made of several. A field that several of them answer for stands there once. */
export function mergeFacts(parts: readonly PartialFacts[]): Facts {
  return {
    known: once(listed(parts, 'known')),
    absent: once(listed(parts, 'absent')),
    unavailable: once(listed(parts, 'unavailable')),
    children: listed(parts, 'children'),
    holes: listed(parts, 'holes'),
    warnings: listed(parts, 'warnings'),
  }
}

/** The lists of that name, one after the other. */
function listed<L extends keyof Facts>(parts: readonly PartialFacts[], list: L): NonNullable<Facts[L]>[number][] {
  const all: NonNullable<Facts[L]>[number][] = []
  for (const part of parts) for (const item of part[list] ?? []) all.push(item)
  return all
}

/** The fact that a field has the value, or that it is absent where the value is undefined. */
export function factOf(path: Path, value: unknown, basis: Basis): PartialFacts {
  return value === undefined ? { absent: [{ path, basis }] } : { known: [{ path, value, basis }] }
}

const signed = new Set([pathKey(pathOf('signatures')), pathKey(verifiedPath)])
const covered = new Set([pathKey(pathOf('provenance')), pathKey(pathOf('hasProvenance'))])

/** The facts, where one of them is an accepted signature: that is a better reason to believe what it covers than a server's word. */
export function coveredBySignature(facts: Facts): Facts {
  const isSigned = facts.known.some(({ path, basis }) => basis === 'signature' && signed.has(pathKey(path)))
  if (!isSigned) return facts
  const known = facts.known.map(fact => {
    return fact.basis === 'server' && covered.has(pathKey(fact.path)) ? { ...fact, basis: 'signature' as const } : fact
  })
  return { ...facts, known }
}

function once<T extends { readonly path: Path }>(facts: readonly T[]): readonly T[] {
  if (facts.length < 2) return facts
  return [...new Map(facts.map(fact => [pathKey(fact.path), fact])).values()]
}

import { type Basis, type Facts, type Path, pathKey } from '@source-policy/core'

/** Part of an answer; what is left out is empty. */
export type PartialFacts = { readonly [List in keyof Facts]?: Facts[List] }

/** One answer made of several. A field that several of them answer for stands there once. */
export function mergeFacts(parts: readonly PartialFacts[]): Facts {
  return {
    known: once(parts.flatMap(({ known = [] }) => known)),
    absent: once(parts.flatMap(({ absent = [] }) => absent)),
    unavailable: once(parts.flatMap(({ unavailable = [] }) => unavailable)),
    children: parts.flatMap(({ children = [] }) => children),
    holes: parts.flatMap(({ holes = [] }) => holes),
    warnings: parts.flatMap(({ warnings = [] }) => warnings),
  }
}

/** The fact that a field has the value, or that it is absent where the value is undefined. */
export function factOf(path: Path, value: unknown, basis: Basis): PartialFacts {
  return value === undefined ? { absent: [{ path, basis }] } : { known: [{ path, value, basis }] }
}

function once<T extends { readonly path: Path }>(facts: readonly T[]): T[] {
  return [...new Map(facts.map(fact => [pathKey(fact.path), fact])).values()]
}

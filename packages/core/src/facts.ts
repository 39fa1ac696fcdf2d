import type { CodedError } from './error.ts'
import type { Path } from './path.ts'
import type { Platform } from './source.ts'

/**
 * Why a fact is believed, strongest first: `digest` (it hangs from a digest that the source itself names),
 * `signature` (an accepted signature covers it), `server` (only a server said so: a tag, an empty list).
 */
export type Basis = 'digest' | 'signature' | 'server'

const strength: Readonly<Record<Basis, number>> = { digest: 2, signature: 1, server: 0 }

/** The weakest of the given bases, whichever are not undefined; undefined where there is none. */
export function weakestBasis(bases: Iterable<Basis | undefined>): Basis | undefined {
  let weakest: Basis | undefined
  for (const basis of bases) {
    if (basis === undefined) continue
    if (weakest === undefined || strength[basis] < strength[weakest]) weakest = basis
  }
  return weakest
}

/** Whether the first basis is a better reason to believe than the second. */
export function isStronger(basis: Basis, other: Basis): boolean {
  return strength[basis] > strength[other]
}

/** There is such a value. */
export interface KnownFact {
  readonly path: Path
  readonly value: unknown
  readonly basis: Basis
  /** Where it was read, without secrets, where that is another place than the source names: a redirect's target. */
  readonly from?: string
}

/** It was checked, and there is none: the field is undefined. */
export interface AbsentFact {
  readonly path: Path
  readonly basis: Basis
}

/** It could not be reached, read or verified: the field stays unknown, which is never the same as absent. */
export interface UnavailableFact {
  readonly path: Path
  readonly error: CodedError
}

/** A source that a fact names: a material of a provenance. Its input stands at `path`. */
export interface ChildSource {
  readonly path: Path
  readonly identifier: string
  readonly attrs?: Readonly<Record<string, string>>
  readonly platform?: Platform
}

/**
 * What a resolver answers: each path that it was asked for is in exactly one of the lists; other facts may come along.
 * Paths start at the root of the source's own input (`['image', 'labels']`).
 */
export interface Facts {
  readonly known: readonly KnownFact[]
  readonly absent: readonly AbsentFact[]
  readonly unavailable: readonly UnavailableFact[]
  readonly children: readonly ChildSource[]
  /** Fields beneath known ones that are still to be fetched, if anybody wants them: `['image', 'attestations', 0, 'predicate']`. */
  readonly holes?: readonly Path[]
  /** What a policy's author should know and cannot see in the facts. */
  readonly warnings?: readonly string[]
}

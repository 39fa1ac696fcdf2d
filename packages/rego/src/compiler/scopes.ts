import { formatVar } from '../format.ts'
import type { Span } from '../source-text.ts'
import { report, type Work } from './work.ts'

/** How a name came into a scope. */
export type Occurrence = 'arg' | 'seen' | 'assigned' | 'declared'

export interface Declared {
  /** What the name is called from now on: itself while it is only seen. */
  readonly as: string
  readonly occurrence: Occurrence
  count: number
}

export type Frame = Map<string, Declared>

/** Names by scope, the innermost last. */
export interface Scopes {
  readonly work: Work
  readonly frames: Frame[]
}

export function copyFrame(frame: Frame): Frame {
  const copy: Frame = new Map()
  for (const [name, declared] of frame) copy.set(name, { ...declared })
  return copy
}

export function declare(work: Work, name: string): string {
  const as = work.fresh()
  work.names.set(as, name)
  return as
}

export function top(scopes: Scopes): Frame {
  return scopes.frames.at(-1)!
}

export function find(scopes: Scopes, name: string): Declared | undefined {
  for (let i = scopes.frames.length - 1; i >= 0; i--) {
    const declared = scopes.frames[i]!.get(name)
    if (declared !== undefined) return declared
  }
  return undefined
}

const refusals: { readonly [occurrence in Occurrence]: (name: string) => string } = {
  seen: name => `var ${name} referenced above`,
  assigned: name => `var ${name} assigned above`,
  declared: name => `var ${name} declared above`,
  arg: name => `arg ${name} redeclared`,
}

/** Makes the name a local of the innermost scope; undefined (and reported) where it already means something there. */
export function declareIn(
  scopes: Scopes,
  name: string,
  occurrence: 'assigned' | 'declared',
  at: Span,
): string | undefined {
  const before = top(scopes).get(name)
  if (before !== undefined) {
    report(scopes.work, 'rego_compile_error', at, refusals[before.occurrence](formatVar(name)))
    return undefined
  }
  const as = declare(scopes.work, name)
  top(scopes).set(name, { as, occurrence, count: 1 })
  return as
}

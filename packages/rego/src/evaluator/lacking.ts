import type { Lacking } from '../query.ts'
import { ObjectValue } from '../value/object.ts'
import { TaggedValue } from '../value/tagged.ts'
import type { Value } from '../value/value.ts'
import { Lacks, Unknown } from './lacks.ts'
import type { Run } from './run.ts'

/**
 * What a value of a partly known result lacks, itself or anywhere inside; undefined where all of it is known. Never throws.
 *
 * @example
 * const decision = outcome.results[0]?.bindings.x
 * if (lacking(decision.allow) === undefined) decide(decision.allow)
 */
export function lacking(value: Value | undefined): Lacking | undefined {
  return openLacks(value)?.toLacking()
}

/** Parts of a value that one step pays for. */
const partsPerStep = 16

export function openLacks(value: Value | undefined, run?: Run): Lacks | undefined {
  const found = new Set<Unknown>()
  const seen = new Set<object>()
  gather(value, found, seen)
  run?.charge(Math.floor(seen.size / partsPerStep))
  if (found.size === 0) return undefined
  const lacks = new Lacks()
  for (const unknown of found) lacks.add(unknown.lacks)
  return lacks
}

/** Values share parts, each of which is looked at once. */
function gather(value: Value | Unknown | undefined, found: Set<Unknown>, seen: Set<object>): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return
  seen.add(value)
  if (value instanceof Unknown) found.add(value)
  else if (Array.isArray(value)) for (const item of value) gather(item, found, seen)
  else if (value instanceof ObjectValue) for (const [, member] of value.items()) gather(member, found, seen)
  else if (!(value instanceof TaggedValue)) for (const member of Object.values(value)) gather(member, found, seen)
}

import type { Lacking } from '../query.ts'
import { ObjectValue } from '../value/object.ts'
import { TaggedValue } from '../value/tagged.ts'
import type { Value } from '../value/value.ts'
import { Lacks, Unknown } from './lacks.ts'

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

export function openLacks(value: Value | undefined): Lacks | undefined {
  const found: Unknown[] = []
  gather(value, found)
  if (found.length === 0) return undefined
  const lacks = new Lacks()
  for (const unknown of found) lacks.add(unknown.lacks)
  return lacks
}

function gather(value: Value | Unknown | undefined, found: Unknown[]): void {
  if (typeof value !== 'object' || value === null) return
  if (value instanceof Unknown) found.push(value)
  else if (Array.isArray(value)) for (const item of value) gather(item, found)
  else if (value instanceof ObjectValue) for (const [, member] of value.items()) gather(member, found)
  else if (!(value instanceof TaggedValue)) for (const member of Object.values(value)) gather(member, found)
}

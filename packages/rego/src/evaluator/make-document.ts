import { setOwn } from '../value/json.ts'
import { makeObject, type ObjectValue } from '../value/object.ts'
import type { Value } from '../value/value.ts'

/** An object of the entries: plain where all keys are strings. */
export function makeDocument(entries: readonly (readonly [Value, Value])[]): Record<string, Value> | ObjectValue {
  if (!entries.every(([key]) => typeof key === 'string')) return makeObject(entries)
  const plain: Record<string, Value> = {}
  for (const [key, member] of entries) setOwn(plain, key as string, member)
  return plain
}

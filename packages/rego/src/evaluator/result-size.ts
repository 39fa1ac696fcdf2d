import type { Result } from '../query.ts'
import { ObjectValue } from '../value/object.ts'
import { SetValue } from '../value/set.ts'
import { TaggedValue } from '../value/tagged.ts'
import { canceled } from './run.ts'

/** Refuses results with more members than the limit: values share parts, so that a small one can be huge once written out. */
export function measure(results: readonly Result[], limit: number): void {
  let left = limit
  const count = (value: unknown): void => {
    if (--left < 0) throw canceled(`more than ${limit} members in the results`)
    if (typeof value !== 'object' || value === null) return
    if (Array.isArray(value)) for (const item of value) count(item)
    else if (value instanceof SetValue) for (const item of value.items()) count(item)
    else if (value instanceof ObjectValue) {
      for (const [key, member] of value.items()) {
        count(key)
        count(member)
      }
    } else if (!(value instanceof TaggedValue)) for (const key in value) count((value as Record<string, unknown>)[key])
  }
  for (const { bindings } of results) for (const name in bindings) count(bindings[name])
}

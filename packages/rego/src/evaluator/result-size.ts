import type { Result } from '../query.ts'
import { ObjectValue } from '../value/object.ts'
import { SetValue } from '../value/set.ts'
import { TaggedValue } from '../value/tagged.ts'
import { canceled } from './run.ts'

/** Refuses results with more members than the limit: values share parts, so that a small one can be huge once written out. */
export function measure(results: readonly Result[], limit: number): void {
  let left = limit
  for (const { bindings } of results) {
    for (const name in bindings) {
      left = count(bindings[name], left)
      if (left < 0) throw canceled(`more than ${limit} members in the results`)
    }
  }
}

/** What is left of the budget after the value; negative where it was not enough. */
function count(value: unknown, budget: number): number {
  let left = budget - 1
  if (typeof value !== 'object' || value === null) return left
  for (const member of membersOf(value)) {
    if (left < 0) return left
    left = count(member, left)
  }
  return left
}

function membersOf(value: object): readonly unknown[] {
  if (Array.isArray(value)) return value
  if (value instanceof SetValue) return value.items()
  if (value instanceof ObjectValue) return value.items().flat()
  return value instanceof TaggedValue ? [] : Object.values(value)
}

import type { Result } from '../query.ts'
import { setOwn } from '../value/json.ts'
import { ObjectValue } from '../value/object.ts'
import { makeSet, SetValue } from '../value/set.ts'
import { TaggedValue } from '../value/tagged.ts'
import type { PlainObject, Value } from '../value/value.ts'
import { makeDocument } from './make-document.ts'
import { canceled } from './run.ts'

interface Budget {
  left: number
  readonly limit: number
}

/**
 * The results as the caller sees them: objects whose keys are all strings are plain. Refuses more members than the limit:
 * values share parts, so that a small one can be huge once written out.
 */
export function presentResults(results: readonly Result[], limit: number): Result[] {
  const budget: Budget = { left: limit, limit }
  return results.map(({ bindings, expressions }) => ({
    bindings: presentPlain(bindings, budget),
    expressions: expressions.map(({ text, value }) => ({ text, value: present(value, budget) })),
  }))
}

/** The value itself where nothing in it has to change. */
function present(value: Value, budget: Budget): Value {
  if (--budget.left < 0) throw canceled(`more than ${budget.limit} members in the results`)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return presentItems(value as readonly Value[], budget)
  if (!(value instanceof TaggedValue)) return presentPlain(value as PlainObject, budget)
  if (value instanceof ObjectValue) {
    return makeDocument(value.keys().map(key => [present(key, budget), present(value.get(key)!, budget)]))
  }
  if (!(value instanceof SetValue)) return value
  const items = value.values()
  const presented = presentItems(items, budget)
  return presented === items ? value : makeSet(presented)
}

function presentItems(items: readonly Value[], budget: Budget): readonly Value[] {
  let copy: Value[] | undefined
  for (let i = 0; i < items.length; i++) {
    const presented = present(items[i]!, budget)
    if (presented === items[i]) continue
    copy ??= [...items]
    copy[i] = presented
  }
  return copy ?? items
}

function presentPlain(object: PlainObject, budget: Budget): PlainObject {
  let copy: Record<string, Value> | undefined
  for (const key of Object.keys(object)) {
    const presented = present(object[key]!, budget)
    if (presented === object[key]) continue
    copy ??= { ...object }
    setOwn(copy, key, presented)
  }
  return copy ?? object
}

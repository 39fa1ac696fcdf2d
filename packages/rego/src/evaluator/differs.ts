import { type ComparisonBudget, spend } from '../value/bounds.ts'
import { equal } from '../value/compare.ts'
import { BigNumber } from '../value/number.ts'
import { ObjectValue, objectGet, objectItems } from '../value/object.ts'
import { TaggedValue } from '../value/tagged.ts'
import { isArray, isObject, type RegoObject, type Value } from '../value/value.ts'
import { Unknown } from './lacks.ts'

/** Whether two values differ whatever the parts of them that are not known turn out to be. False where that is open. */
export function differs(a: Value | Unknown, b: Value | Unknown, budget: ComparisonBudget): boolean {
  spend(budget)
  if (a instanceof Unknown || b instanceof Unknown) return false
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return !sameScalar(a, b)
  if (isArray(a) || isArray(b)) {
    return !isArray(a) || !isArray(b) || a.length !== b.length || a.some((item, i) => differs(item, b[i]!, budget))
  }
  if (!isKnownObject(a) || !isKnownObject(b)) return false
  return hasOther(a, b) || hasOther(b, a) || objectItems(a).some(([key, item]) => differsAt(b, key, item, budget))
}

const sameScalar = (a: Value, b: Value): boolean =>
  (typeof a !== 'object' || a === null || a instanceof BigNumber) &&
  (typeof b !== 'object' || b === null || b instanceof BigNumber) &&
  equal(a, b)

const isKnownObject = (value: Value): value is RegoObject =>
  isObject(value) && (!(value instanceof TaggedValue) || value instanceof ObjectValue)

/** Whether the first has a member that the second has not; one that is not known may not be there either. */
const hasOther = (a: RegoObject, b: RegoObject): boolean =>
  objectItems(a).some(([key, item]) => isThere(item) && objectGet(b, key) === undefined)

const isThere = (item: Value | Unknown): boolean => !(item instanceof Unknown) || item.defined

function differsAt(other: RegoObject, key: Value, item: Value, budget: ComparisonBudget): boolean {
  const found = objectGet(other, key)
  return found !== undefined && differs(item, found, budget)
}

import { type ComparisonBudget, comparisonBudget, stepsOf } from '../value/bounds.ts'
import { compare, equal } from '../value/compare.ts'
import { objectGet, objectItems } from '../value/object.ts'
import { isArray, isObject, isSet, type Value } from '../value/value.ts'
import { elementAt } from './operands.ts'
import { defineBuiltin } from './signature.ts'
import { types as t } from './type-spec.ts'

const args = [t.any, t.any]
const result = t.boolean

/** Whether the value is a member of the collection: of a set or array, or a value of an object. */
function isMember(value: Value, collection: Value, budget: ComparisonBudget): boolean {
  if (isSet(collection)) return collection.has(value)
  if (isArray(collection)) return collection.some(item => equal(item, value, budget))
  return isObject(collection) && objectItems(collection).some(([, item]) => equal(item, value, budget))
}

/** Whether the collection has the value at the key. Sets have no keys. */
function isMemberAt(key: Value, value: Value, collection: Value, budget: ComparisonBudget): boolean {
  const found = isArray(collection)
    ? elementAt(collection, key)
    : isObject(collection)
      ? objectGet(collection, key)
      : undefined
  return found !== undefined && equal(found, value, budget)
}

type Comparison = (args: readonly Value[], budget: ComparisonBudget) => boolean

/** A row that compares its operands: the parts that it looks at cost steps. */
const comparing = (name: string, comparison: Comparison, operands = args) =>
  defineBuiltin({
    name,
    args: operands,
    result,
    implementation(values: readonly Value[], { charge }) {
      const budget = comparisonBudget()
      const holds = comparison(values, budget)
      charge(stepsOf(budget))
      return holds
    },
  })

export const comparison = [
  comparing('eq', ([a, b], budget) => equal(a!, b!, budget)),
  comparing('assign', ([a, b], budget) => equal(a!, b!, budget)),
  comparing('equal', ([a, b], budget) => equal(a!, b!, budget)),
  comparing('neq', ([a, b], budget) => !equal(a!, b!, budget)),
  comparing('lt', ([a, b], budget) => compare(a!, b!, budget) < 0),
  comparing('lte', ([a, b], budget) => compare(a!, b!, budget) <= 0),
  comparing('gt', ([a, b], budget) => compare(a!, b!, budget) > 0),
  comparing('gte', ([a, b], budget) => compare(a!, b!, budget) >= 0),
  comparing('internal.member_2', ([value, collection], budget) => isMember(value!, collection!, budget)),
  comparing('internal.member_3', ([key, value, collection], budget) => isMemberAt(key!, value!, collection!, budget), [
    t.any,
    t.any,
    t.any,
  ]),
]

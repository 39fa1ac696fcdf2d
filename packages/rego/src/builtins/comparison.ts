import { compare, equal } from '../value/compare.ts'
import { objectGet, objectItems } from '../value/object.ts'
import { isArray, isObject, isSet, type Value } from '../value/value.ts'
import { elementAt } from './operands.ts'
import { defineBuiltin } from './signature.ts'
import { types as t } from './type-spec.ts'

const args = [t.any, t.any]
const result = t.boolean

/** Whether the value is a member of the collection: of a set or array, or a value of an object. */
export function isMember(value: Value, collection: Value): boolean {
  if (isSet(collection)) return collection.has(value)
  if (isArray(collection)) return collection.some(item => equal(item, value))
  return isObject(collection) && objectItems(collection).some(([, item]) => equal(item, value))
}

/** Whether the collection has the value at the key. Sets have no keys. */
export function isMemberAt(key: Value, value: Value, collection: Value): boolean {
  const found = isArray(collection)
    ? elementAt(collection, key)
    : isObject(collection)
      ? objectGet(collection, key)
      : undefined
  return found !== undefined && equal(found, value)
}

export const comparison = [
  defineBuiltin({ name: 'eq', args, result, implementation: ([a, b]: readonly [Value, Value]) => equal(a, b) }),
  defineBuiltin({ name: 'assign', args, result, implementation: ([a, b]: readonly [Value, Value]) => equal(a, b) }),
  defineBuiltin({ name: 'equal', args, result, implementation: ([a, b]: readonly [Value, Value]) => equal(a, b) }),
  defineBuiltin({ name: 'neq', args, result, implementation: ([a, b]: readonly [Value, Value]) => !equal(a, b) }),
  defineBuiltin({ name: 'lt', args, result, implementation: ([a, b]: readonly [Value, Value]) => compare(a, b) < 0 }),
  defineBuiltin({ name: 'lte', args, result, implementation: ([a, b]: readonly [Value, Value]) => compare(a, b) <= 0 }),
  defineBuiltin({ name: 'gt', args, result, implementation: ([a, b]: readonly [Value, Value]) => compare(a, b) > 0 }),
  defineBuiltin({ name: 'gte', args, result, implementation: ([a, b]: readonly [Value, Value]) => compare(a, b) >= 0 }),
  defineBuiltin({
    name: 'internal.member_2',
    args,
    result,
    implementation: ([value, collection]: readonly [Value, Value]) => isMember(value, collection),
  }),
  defineBuiltin({
    name: 'internal.member_3',
    args: [t.any, t.any, t.any],
    result,
    implementation: ([key, value, collection]: readonly [Value, Value, Value]) => isMemberAt(key, value, collection),
  }),
]

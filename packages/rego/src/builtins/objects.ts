import { equal } from '../value/compare.ts'
import { isHole } from '../value/hole.ts'
import { makeObject, ObjectValue, objectGet, objectItems, objectKeys, objectSize } from '../value/object.ts'
import { makeSet, type SetValue } from '../value/set.ts'
import { isArray, isObject, isSet, type RegoObject, type Value } from '../value/value.ts'
import { BuiltinError } from './builtin-error.ts'
import { boundItems, elementAt } from './operands.ts'
import { type BuiltinContext, defineBuiltin } from './signature.ts'
import { types as t } from './type-spec.ts'

const object = t.object(t.any, t.any)
const keys = t.anyOf(object, t.set(t.any), t.array(t.any))
const comparable = t.anyOf(t.array(t.any), object, t.set(t.any))
type Keys = readonly Value[] | SetValue | RegoObject

/** Selects one step below the value, as a reference does. */
export function select(value: Value, key: Value): Value | undefined {
  if (isArray(value)) return elementAt(value, key)
  if (isSet(value)) return value.has(key) ? key : undefined
  return isObject(value) ? objectGet(value, key) : undefined
}

function objectGetPath(object: RegoObject, key: Value, fallback: Value): Value {
  if (!isArray(key)) return objectGet(object, key) ?? fallback
  let value: Value | undefined = object
  for (const step of key) {
    if (value === undefined) return fallback
    if (isHole(value)) return value
    value = select(value, step)
  }
  return value ?? fallback
}

/** The right object laid over the left; where both have an object, these are merged. */
function union(left: RegoObject, right: RegoObject, context: BuiltinContext): RegoObject {
  const leftSize = objectSize(left)
  const rightSize = objectSize(right)
  if (leftSize === 0) return right
  if (rightSize === 0) return left
  boundItems(leftSize + rightSize, 'object.union', context)
  const merged = makeObject(objectItems(left))
  for (const [key, value] of objectItems(right)) {
    const existing = merged.get(key)
    const both = existing !== undefined && isObject(existing) && isObject(value)
    merged.set(key, both ? union(existing, value, context) : value)
  }
  return merged
}

function keySet(value: Keys): (key: Value) => boolean {
  if (isSet(value as Value)) return key => (value as SetValue).has(key)
  if (isArray(value as Value)) {
    const set = makeSet(value as readonly Value[])
    return key => set.has(key)
  }
  return key => objectGet(value as RegoObject, key) !== undefined
}

function keepKeys(object: RegoObject, keep: (key: Value) => boolean): ObjectValue {
  const kept = new ObjectValue()
  for (const [key, value] of objectItems(object)) if (keep(key)) kept.set(key, value)
  return kept
}

function isSubset(sub: Value, whole: Value, context: BuiltinContext): boolean {
  if (isObject(sub) && isObject(whole)) {
    context.charge(objectSize(sub))
    return objectItems(sub).every(([key, value]) => {
      const other = objectGet(whole, key)
      return other !== undefined && (equal(value, other) || isNestedSubset(value, other, context))
    })
  }
  if (isSet(sub) && isSet(whole)) return sub.items().every(item => whole.has(item))
  if (isArray(sub) && isArray(whole)) return isRun(sub, whole, context)
  if (isSet(sub) && isArray(whole)) return countMatches(sub, whole)
  throw new BuiltinError('both arguments object.subset must be of the same type or array and set', 'eval_type_error')
}

const isNestedSubset = (sub: Value, whole: Value, context: BuiltinContext): boolean =>
  (isObject(sub) && isObject(whole)) || (isSet(sub) && isSet(whole)) || (isArray(sub) && isArray(whole))
    ? isSubset(sub, whole, context)
    : false

/**
 * Whether the items stand in the array in a run, as OPA looks for it: after a mismatch it goes on one place further
 * from where the run began.
 */
function isRun(sub: readonly Value[], whole: readonly Value[], { charge }: BuiltinContext): boolean {
  for (let start = 0; start + sub.length <= whole.length; start++) {
    const different = sub.findIndex((item, i) => !equal(item, whole[start + i]!))
    if (different < 0) return true
    charge(1 + (different >> 4))
  }
  return false
}

/** Counts the array's items that are in the set: OPA counts repeated ones again. */
function countMatches(sub: SetValue, whole: readonly Value[]): boolean {
  let unmatched = sub.size
  return whole.some(item => {
    if (sub.has(item)) unmatched--
    return unmatched === 0
  })
}

export const objects = [
  defineBuiltin({
    name: 'object.union',
    args: [object, object],
    result: t.any,
    implementation: ([a, b]: readonly [RegoObject, RegoObject], context) => union(a, b, context),
  }),
  defineBuiltin({
    name: 'object.union_n',
    args: [t.array(object)],
    result: t.any,
    implementation: ([list]: readonly [readonly RegoObject[]], context) =>
      list.reduce((merged, next) => union(merged, next, context), {}),
  }),
  defineBuiltin({
    name: 'object.remove',
    args: [object, keys],
    result: t.any,
    implementation([value, removed]: readonly [RegoObject, Keys]) {
      const isRemoved = keySet(removed)
      return keepKeys(value, key => !isRemoved(key))
    },
  }),
  defineBuiltin({
    name: 'object.filter',
    args: [object, keys],
    result: t.any,
    implementation: ([value, kept]: readonly [RegoObject, Keys]) => keepKeys(value, keySet(kept)),
  }),
  defineBuiltin({
    name: 'object.get',
    args: [object, t.any, t.any],
    result: t.any,
    looksPastHoles: [0, 2],
    selects: true,
    implementation: ([value, key, fallback]: readonly [RegoObject, Value, Value]) =>
      objectGetPath(value, key, fallback),
  }),
  defineBuiltin({
    name: 'object.keys',
    args: [object],
    result: t.set(t.any),
    implementation: ([value]: readonly [RegoObject]) => makeSet(objectKeys(value)),
  }),
  defineBuiltin({
    name: 'object.subset',
    args: [comparable, comparable],
    result: t.any,
    implementation: ([whole, sub]: readonly [Value, Value], context) => isSubset(sub, whole, context),
  }),
]

import { productOf, sumOf } from '../value/arithmetic.ts'
import { compare, equal, sortValues } from '../value/compare.ts'
import { fromBigInt, int64Of, type NumberValue } from '../value/number.ts'
import { objectSize } from '../value/object.ts'
import type { SetValue } from '../value/set.ts'
import { codePointLength } from '../value/strings.ts'
import { isArray, isSet, type RegoObject, type Value } from '../value/value.ts'
import { membersOf } from './operands.ts'
import { type BuiltinContext, defineBuiltin } from './signature.ts'
import { types as t } from './type-spec.ts'

type Collection = readonly Value[] | SetValue

const anyArray = t.array(t.any)
const anySet = t.set(t.any)
const collection = [t.anyOf(anySet, anyArray)]
const numbers = [t.anyOf(t.set(t.number), t.array(t.number))]

function count(value: string | Collection | RegoObject): number {
  if (typeof value === 'string') return codePointLength(value)
  if (isArray(value)) return value.length
  return isSet(value) ? value.size : objectSize(value as RegoObject)
}

/** Integers of 64 bits are summed as such, and wrap, as in OPA v1.14.1; with any other number all are floats. */
function sum(values: readonly NumberValue[], context: BuiltinContext): NumberValue {
  let total = 0
  for (const value of values) {
    total += value as number
    if (!Number.isSafeInteger(value) || !Number.isSafeInteger(total)) return sumBeyondDoubles(values, context)
  }
  return total
}

function sumBeyondDoubles(values: readonly NumberValue[], { charge }: BuiltinContext): NumberValue {
  const integers = values.map(int64Of)
  if (integers.includes(undefined)) return sumOf(values, () => charge(1))
  return fromBigInt(integers.reduce<bigint>((total, integer) => BigInt.asIntN(64, total + BigInt(integer!)), 0n))
}

function product(values: readonly NumberValue[], { charge }: BuiltinContext): NumberValue {
  let total = 1
  for (const value of values) {
    total *= value as number
    if (total === 0 || !Number.isSafeInteger(value) || !Number.isSafeInteger(total))
      return productOf(values, () => charge(1))
  }
  return total
}

const maximum = (values: readonly Value[]): Value | undefined => {
  if (values.length === 0) return undefined
  return values.reduce((max, value) => (compare(max, value) <= 0 ? value : max))
}

/** Of a set that has null and more, the least of the others, as in OPA. */
function minimum(value: Collection): Value | undefined {
  if (isSet(value as Value)) {
    const values = membersOf(value)
    return values[0] === null && values.length > 1 ? values[1] : values[0]
  }
  const values = value as readonly Value[]
  if (values.length === 0) return undefined
  return values.reduce((min, item) => (compare(min, item) >= 0 ? item : min))
}

export const aggregates = [
  defineBuiltin({
    name: 'count',
    args: [t.anyOf(anyArray, t.object(t.any, t.any), anySet, t.string)],
    result: t.number,
    implementation: ([value]: readonly [string | Collection | RegoObject]) => count(value),
  }),
  defineBuiltin({
    name: 'sum',
    args: numbers,
    result: t.number,
    implementation: ([value]: readonly [Collection], context) =>
      sum(membersOf(value) as readonly NumberValue[], context),
  }),
  defineBuiltin({
    name: 'product',
    args: numbers,
    result: t.number,
    implementation: ([value]: readonly [Collection], context) =>
      product(membersOf(value) as readonly NumberValue[], context),
  }),
  defineBuiltin({
    name: 'max',
    args: collection,
    result: t.any,
    selects: true,
    implementation: ([value]: readonly [Collection]) => maximum(membersOf(value)),
  }),
  defineBuiltin({
    name: 'min',
    args: collection,
    result: t.any,
    selects: true,
    implementation: ([value]: readonly [Collection]) => minimum(value),
  }),
  defineBuiltin({
    name: 'sort',
    args: collection,
    result: anyArray,
    implementation: ([value]: readonly [Collection]) => sortValues([...membersOf(value)]),
  }),
  defineBuiltin({
    name: 'all',
    args: [t.anyOf(anyArray, anySet)],
    result: t.boolean,
    deprecated: true,
    implementation: ([value]: readonly [Collection]) => membersOf(value).every(item => equal(item, true)),
  }),
  defineBuiltin({
    name: 'any',
    args: [t.anyOf(anyArray, anySet)],
    result: t.boolean,
    deprecated: true,
    implementation: ([value]: readonly [Collection]) => membersOf(value).some(item => equal(item, true)),
  }),
]

import { RegoError } from '../error.ts'
import { maxSortedValues } from '../limits.ts'
import { type ComparisonBudget, comparisonBudget, spend } from './bounds.ts'
import { BigNumber, compareNumbers } from './number.ts'
import { ObjectValue, objectGet, objectKeys, objectSize } from './object.ts'
import { SetValue } from './set.ts'
import { compareStrings, sortStrings } from './strings.ts'
import { TaggedValue } from './tagged.ts'
import type { RegoObject, Value } from './value.ts'

const RANK = { number: 2, object: 5, set: 6 } as const

function rank(value: Value): number {
  switch (typeof value) {
    case 'boolean':
      return 1
    case 'number':
      return 2
    case 'string':
      return 3
  }
  if (value === null) return 0
  if (Array.isArray(value)) return 4
  if (!(value instanceof TaggedValue)) return 5
  const { tag } = value
  if ((tag as string) === 'hole') throw new RegoError({ code: 'eval_internal_error', message: 'a hole has no order' })
  return RANK[tag]
}

/** The total order of values: null < boolean < number < string < array < object < set. Negative, zero or positive. */
export function compare(a: Value, b: Value, budget?: ComparisonBudget): number {
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b)
  if (typeof a === 'number' && typeof b === 'number') return a < b ? -1 : a > b ? 1 : 0
  return compareWithin(a, b, budget ?? comparisonBudget())
}

function compareWithin(a: Value, b: Value, budget: ComparisonBudget): number {
  spend(budget)
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b)
  const order = rank(a) - rank(b)
  if (order !== 0 || a === b) return order
  if (typeof a === 'boolean') return a ? 1 : -1
  if (Array.isArray(a)) return compareArrays(a, b as readonly Value[], budget)
  if (a instanceof SetValue) return compareArrays(a.values(), (b as SetValue).values(), budget)
  if (typeof a === 'number' || a instanceof BigNumber) return compareNumbers(a, b as number | BigNumber)
  return compareObjects(a as RegoObject, b as RegoObject, budget)
}

function compareArrays(a: readonly Value[], b: readonly Value[], budget: ComparisonBudget): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const order = compareWithin(a[i]!, b[i]!, budget)
    if (order !== 0) return order
  }
  return a.length - b.length
}

function compareObjects(a: RegoObject, b: RegoObject, budget: ComparisonBudget): number {
  const aKeys = objectKeys(a)
  const bKeys = objectKeys(b)
  const length = Math.min(aKeys.length, bKeys.length)
  for (let i = 0; i < length; i++) {
    const order = compareWithin(aKeys[i]!, bKeys[i]!, budget)
    if (order !== 0) return order
    const valueOrder = compareWithin(objectGet(a, aKeys[i]!)!, objectGet(b, bKeys[i]!)!, budget)
    if (valueOrder !== 0) return valueOrder
  }
  return aKeys.length - bKeys.length
}

/** Whether two values are equal; numbers by value (1 and 1.0 are). */
export function equal(a: Value, b: Value, budget?: ComparisonBudget): boolean {
  return isComposite(a) && isComposite(b) ? equalWithin(a, b, budget ?? comparisonBudget()) : equalScalars(a, b)
}

const isComposite = (value: Value): boolean =>
  typeof value === 'object' && value !== null && !(value instanceof BigNumber)

function equalScalars(a: Value, b: Value): boolean {
  refuseHole(a)
  refuseHole(b)
  if (a === b) return true
  if (a instanceof BigNumber) return b === a.key || (b instanceof BigNumber && a.key === b.key)
  return b instanceof BigNumber && a === b.key
}

function equalWithin(a: Value, b: Value, budget: ComparisonBudget): boolean {
  if (!isComposite(a) || !isComposite(b)) return equalScalars(a, b)
  spend(budget)
  refuseHole(a)
  refuseHole(b)
  if (a === b) return true
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false
    for (let i = 0; i < a.length; i++) if (!equalWithin(a[i], b[i], budget)) return false
    return true
  }
  if (a instanceof SetValue) {
    return b instanceof SetValue && a.size === b.size && !a.some(value => !b.has(value))
  }
  return !Array.isArray(b) && !(b instanceof SetValue) && equalObjects(a as RegoObject, b as RegoObject, budget)
}

function refuseHole(value: unknown): void {
  if (value instanceof TaggedValue && value.tag === 'hole')
    throw new RegoError({ code: 'eval_internal_error', message: 'a hole equals nothing' })
}

function equalObjects(a: RegoObject, b: RegoObject, budget: ComparisonBudget): boolean {
  if (a instanceof ObjectValue) {
    if (a.size !== objectSize(b)) return false
    for (const [key, value] of a.items()) {
      const other = objectGet(b, key)
      if (other === undefined || !equalWithin(value, other, budget)) return false
    }
    return true
  }
  const keys = Object.keys(a)
  if (keys.length !== objectSize(b)) return false
  for (const key of keys) {
    const other = objectGet(b, key)
    if (other === undefined || !equalWithin(a[key]!, other, budget)) return false
  }
  return true
}

/** Sorts the values in place in total order and returns them. */
export function sortValues(values: Value[]): Value[] {
  if (values.length < 2) return values
  if (values.every(value => typeof value === 'string')) return sortStrings(values as string[])
  const budget = comparisonBudget(maxSortedValues)
  return values.sort((a, b) => compare(a, b, budget))
}

import { bigIntOf } from '../value/arithmetic.ts'
import { int64Of, type NumberValue } from '../value/number.ts'
import type { SetValue } from '../value/set.ts'
import { isNumber, isSet, typeName, type Value } from '../value/value.ts'
import { limitExceeded, operandError } from './builtin-error.ts'
import type { BuiltinContext } from './signature.ts'

/** The operand as an integer; one beyond the safe integers comes back as the nearest double. */
export function intOperand(value: Value, position: number): number {
  if (!isNumber(value)) throw wrongType(position, value, 'number')
  const integer = int64Of(value)
  if (integer === undefined) {
    throw operandError(position, 'must be integer number but got floating-point number')
  }
  return Number(integer)
}

export function bigIntOperand(value: NumberValue, position: number): bigint {
  const integer = bigIntOf(value)
  if (integer === undefined) {
    throw operandError(position, 'must be integer number but got floating-point number')
  }
  return integer
}

/** The members of an array, or of a set in total order. */
export const membersOf = (value: readonly Value[] | SetValue): readonly Value[] =>
  isSet(value as Value) ? (value as SetValue).values() : (value as readonly Value[])

/** The element of an array at an index that is itself a value. */
export function elementAt(array: readonly Value[], index: Value): Value | undefined {
  if (!isNumber(index)) return undefined
  const position = int64Of(index)
  return typeof position === 'number' && position >= 0 ? array[position] : undefined
}

/** The string, or the strings of an array or set. */
export function stringsOf(value: Value): readonly string[] {
  if (typeof value === 'string') return [value]
  return membersOf(value as readonly Value[]) as readonly string[]
}

export const wrongType = (position: number, value: Value, ...expected: readonly string[]) =>
  operandError(
    position,
    expected.length === 1
      ? `must be ${expected[0]} but got ${typeName(value)}`
      : `must be one of {${expected.join(', ')}} but got ${typeName(value)}`,
  )

/** Refuses a string longer than a builtin may make. */
export function boundLength(length: number, what: string, { limits }: BuiltinContext): void {
  if (length > limits.maxStringLength)
    throw limitExceeded(`the length of the string made by ${what}`, limits.maxStringLength)
}

/** Refuses a collection larger than a builtin may make, and charges for one that is allowed. */
export function boundItems(count: number, what: string, { limits, charge }: BuiltinContext): void {
  if (count > limits.maxItems) throw limitExceeded(`the size of the collection made by ${what}`, limits.maxItems)
  charge(count)
}

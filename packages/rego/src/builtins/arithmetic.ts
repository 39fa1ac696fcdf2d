import {
  absolute,
  add,
  bigIntOf,
  ceiling,
  divide,
  floor,
  multiply,
  roundNumber,
  subtract,
} from '../value/arithmetic.ts'
import { fromBigInt, type NumberValue } from '../value/number.ts'
import type { SetValue } from '../value/set.ts'
import { isNumber, isSet, type Value } from '../value/value.ts'
import { BuiltinError, limitExceeded, operandError } from './builtin-error.ts'
import { bigIntOperand, wrongType } from './operands.ts'
import { subtractSet } from './sets.ts'
import { defineBuiltin } from './signature.ts'
import { types as t } from './type-spec.ts'

const one = [t.number]
const two = [t.number, t.number]
const integers = [t.integer, t.integer]
const result = t.number
type One = readonly [NumberValue]
type Two = readonly [NumberValue, NumberValue]

/** Bits that a shift may add. */
const maxShiftBits = 100_000n

function remainder(a: NumberValue, b: NumberValue): NumberValue {
  if (Number.isSafeInteger(a) && Number.isSafeInteger(b) && b !== 0) return ((a as number) % (b as number)) + 0
  const x = bigIntOf(a)
  const y = bigIntOf(b)
  if (x === undefined || y === undefined) throw new BuiltinError('modulo on floating-point number')
  if (y === 0n) throw new BuiltinError('modulo by zero')
  return fromBigInt(x % y)
}

function difference(a: Value, b: Value): NumberValue | SetValue {
  if (isNumber(a) && isNumber(b)) return subtract(a, b)
  if (isSet(a) && isSet(b)) return subtractSet(a, b)
  if (!isNumber(a) && !isSet(a)) throw wrongType(1, a, 'number', 'set')
  throw wrongType(2, b, isNumber(b) ? 'set' : 'number')
}

function quotient(a: NumberValue, b: NumberValue): NumberValue {
  const value = divide(a, b)
  if (value === undefined) throw new BuiltinError('divide by zero')
  return value
}

function shiftOperand(value: NumberValue): bigint {
  const shift = bigIntOperand(value, 2)
  if (shift < 0n) throw operandError(2, 'must be an unsigned integer number but got a negative integer')
  return shift
}

function shiftLeft(a: NumberValue, b: NumberValue): NumberValue {
  const integer = bigIntOperand(a, 1)
  const shift = shiftOperand(b)
  if (shift > maxShiftBits) throw limitExceeded('the shift of bits.lsh', maxShiftBits)
  return fromBigInt(integer << shift)
}

/** A row that works on the integers of its two operands. */
const bitwise = (name: string, operation: (a: bigint, b: bigint) => bigint) =>
  defineBuiltin({
    name,
    args: integers,
    result,
    implementation: ([a, b]: Two) => fromBigInt(operation(bigIntOperand(a, 1), bigIntOperand(b, 2))),
  })

const numberOrSet = t.anyOf(t.number, t.set(t.any))

export const arithmetic = [
  defineBuiltin({ name: 'plus', args: two, result, implementation: ([a, b]: Two) => add(a, b) }),
  defineBuiltin({
    name: 'minus',
    args: [numberOrSet, numberOrSet],
    result: numberOrSet,
    unchecked: true,
    implementation: ([a, b]: readonly [Value, Value]) => difference(a, b),
  }),
  defineBuiltin({ name: 'mul', args: two, result, implementation: ([a, b]: Two) => multiply(a, b) }),
  defineBuiltin({ name: 'div', args: two, result, implementation: ([a, b]: Two) => quotient(a, b) }),
  defineBuiltin({ name: 'rem', args: two, result, implementation: ([a, b]: Two) => remainder(a, b) }),
  defineBuiltin({ name: 'abs', args: one, result, implementation: ([a]: One) => absolute(a) }),
  defineBuiltin({ name: 'ceil', args: one, result, implementation: ([a]: One) => ceiling(a) }),
  defineBuiltin({ name: 'floor', args: one, result, implementation: ([a]: One) => floor(a) }),
  defineBuiltin({ name: 'round', args: one, result, implementation: ([a]: One) => roundNumber(a) }),
]

export const bits = [
  bitwise('bits.or', (a, b) => a | b),
  bitwise('bits.and', (a, b) => a & b),
  bitwise('bits.xor', (a, b) => a ^ b),
  defineBuiltin({
    name: 'bits.negate',
    args: [t.integer],
    result,
    implementation: ([a]: One) => fromBigInt(~bigIntOperand(a, 1)),
  }),
  defineBuiltin({ name: 'bits.lsh', args: integers, result, implementation: ([a, b]: Two) => shiftLeft(a, b) }),
  defineBuiltin({
    name: 'bits.rsh',
    args: integers,
    result,
    implementation: ([a, b]: Two) => fromBigInt(bigIntOperand(a, 1) >> shiftOperand(b)),
  }),
]

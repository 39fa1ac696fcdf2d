import { RegoError } from '../error.ts'
import {
  addFloats,
  type BigFloat,
  divideFloats,
  formatBigFloat,
  multiplyFloats,
  negateFloat,
  parseBigFloat,
  truncateFloat,
} from './big-float.ts'
import { fromBigInt, makeNumber, type NumberValue, numberText } from './number.ts'

/** Digits, and the size of the decimal exponent, beyond which arithmetic refuses a number: it would fill the memory. */
export const maxArithmeticDigits = 10_000

const EXPONENT = /[eE]([+-]?\d+)$/

function floatOf(value: NumberValue): BigFloat {
  const text = numberText(value)
  if (typeof value !== 'number') {
    const exponent = Math.abs(Number(EXPONENT.exec(text)?.[1] ?? 0))
    if (text.length > maxArithmeticDigits || exponent > maxArithmeticDigits) {
      throw new RegoError({
        code: 'eval_cancel_error',
        message: `arithmetic on a number of more than ${maxArithmeticDigits} digits`,
      })
    }
  }
  return parseBigFloat(text)
}

const fromFloat = (float: BigFloat): NumberValue => makeNumber(formatBigFloat(float))

// Sums, differences and products of safe integers that are safe integers are exact both in doubles and in 64 bits.

export function add(a: NumberValue, b: NumberValue): NumberValue {
  if (Number.isSafeInteger(a) && Number.isSafeInteger(b)) {
    const sum = (a as number) + (b as number)
    if (Number.isSafeInteger(sum)) return sum
  }
  return fromFloat(addFloats(floatOf(a), floatOf(b)))
}

export function subtract(a: NumberValue, b: NumberValue): NumberValue {
  if (Number.isSafeInteger(a) && Number.isSafeInteger(b)) {
    const difference = (a as number) - (b as number)
    if (Number.isSafeInteger(difference)) return difference
  }
  return fromFloat(addFloats(floatOf(a), negateFloat(floatOf(b))))
}

export function multiply(a: NumberValue, b: NumberValue): NumberValue {
  if (Number.isSafeInteger(a) && Number.isSafeInteger(b)) {
    const product = (a as number) * (b as number)
    // adding zero turns -0, which is no number of Rego, into 0
    if (Number.isSafeInteger(product)) return product + 0
  }
  return fromFloat(multiplyFloats(floatOf(a), floatOf(b)))
}

/** The quotient; undefined for a divisor of zero. */
export function divide(a: NumberValue, b: NumberValue): NumberValue | undefined {
  if (Number.isSafeInteger(a) && Number.isSafeInteger(b)) {
    if (b === 0) return undefined
    const quotient = (a as number) / (b as number)
    if (Number.isSafeInteger(quotient) && (a as number) % (b as number) === 0) return quotient + 0
  }
  const divisor = floatOf(b)
  return divisor.mantissa === 0n ? undefined : fromFloat(divideFloats(floatOf(a), divisor))
}

/** The integer equal to the number at 64 bits of mantissa; undefined where it has a fraction. */
export function bigIntOf(value: NumberValue): bigint | undefined {
  if (Number.isSafeInteger(value)) return BigInt(value as number)
  const { integer, exact } = truncateFloat(floatOf(value))
  return exact ? integer : undefined
}

/** Rounds half away from zero. */
export function roundNumber(value: NumberValue): NumberValue {
  if (Number.isSafeInteger(value)) return value
  const float = floatOf(value)
  const half: BigFloat = { mantissa: float.mantissa < 0n ? -1n : 1n, exponent: -1 }
  return fromBigInt(truncateFloat(addFloats(float, half)).integer)
}

/** The ceiling as OPA v1.14.1 has it: it looks at the sign of the integer part, so that of -0.5 is 1. */
export function ceiling(value: NumberValue): NumberValue {
  if (Number.isSafeInteger(value)) return value
  const { integer, exact } = truncateFloat(floatOf(value))
  return fromBigInt(exact || integer < 0n ? integer : integer + 1n)
}

/** The floor as OPA v1.14.1 has it: it looks at the sign of the integer part, so that of -0.5 is 0. */
export function floor(value: NumberValue): NumberValue {
  if (Number.isSafeInteger(value)) return value
  const { integer, exact } = truncateFloat(floatOf(value))
  return fromBigInt(exact || integer >= 0n ? integer : integer - 1n)
}

export function absolute(value: NumberValue): NumberValue {
  if (Number.isSafeInteger(value)) return Math.abs(value as number)
  const float = floatOf(value)
  return fromFloat({ mantissa: float.mantissa < 0n ? -float.mantissa : float.mantissa, exponent: float.exponent })
}

/** The integer part, towards zero. */
export const truncate = (value: NumberValue): bigint =>
  Number.isSafeInteger(value) ? BigInt(value as number) : truncateFloat(floatOf(value)).integer

export const sumOf = (values: readonly NumberValue[]): NumberValue =>
  fromFloat(values.map(floatOf).reduce(addFloats, { mantissa: 0n, exponent: 0 }))

export const productOf = (values: readonly NumberValue[]): NumberValue =>
  fromFloat(values.map(floatOf).reduce(multiplyFloats, { mantissa: 1n, exponent: 0 }))

import { RegoError } from '../error.ts'
import {
  addFloats,
  type BigFloat,
  divideFloats,
  multiplyFloats,
  negateFloat,
  parseBigFloat,
  reduceFloat,
  truncateFloat,
} from './big-float.ts'
import { BigNumber, fromBigInt, int64Of, type NumberValue } from './number.ts'

/** Digits, and the size of the decimal exponent, beyond which arithmetic refuses a number: it would fill the memory. */
export const maxArithmeticDigits = 10_000

const EXPONENT = /[eE]([+-]?\d+)$/

/** Bits of a binary exponent that stands for so many digits. */
const maxArithmeticBits = Math.ceil(maxArithmeticDigits * Math.log2(10))

function floatOf(value: NumberValue): BigFloat {
  if (Number.isSafeInteger(value)) return { mantissa: BigInt(value as number), exponent: 0 }
  if (typeof value === 'number') return parseBigFloat(String(value))
  if (value.float !== undefined) {
    if (Math.abs(value.float.exponent) > maxArithmeticBits) throw tooLong()
    return value.float
  }
  const exponent = Math.abs(Number(EXPONENT.exec(value.text)?.[1] ?? 0))
  if (value.text.length > maxArithmeticDigits || exponent > maxArithmeticDigits) throw tooLong()
  return parseBigFloat(value.text)
}

const tooLong = (): RegoError =>
  new RegoError({
    code: 'eval_cancel_error',
    message: `arithmetic on a number of more than ${maxArithmeticDigits} digits`,
  })

/** Fractions of so few bits, below this size, have the same short text as doubles: all their digits. */
const plainFractionBits = 10
const plainFractionSize = 100_000

/** The number equal to the float. The text of one that is no plain double is worked out only if somebody looks at it. */
function fromFloat(float: BigFloat): NumberValue {
  const { mantissa, exponent } = reduceFloat(float)
  if (Math.abs(exponent) > 2 * maxArithmeticBits) throw tooLong()
  if (exponent <= 64 && exponent >= -plainFractionBits) {
    const number = Number(mantissa) * 2 ** exponent
    if (exponent >= 0 ? Number.isSafeInteger(number) : Math.abs(number) < plainFractionSize) return number + 0
  }
  return new BigNumber(float)
}

/** Zero with a minus, as floats have it: it equals 0, but its text tells. */
const negativeZero: NumberValue = new BigNumber('-0')

const isNegative = (value: NumberValue): boolean =>
  typeof value === 'number'
    ? value < 0
    : value.float === undefined
      ? value.text.startsWith('-')
      : value.float.mantissa < 0n

const isZero = (value: NumberValue): boolean => floatOf(value).mantissa === 0n

/** OPA computes with ints where both operands are this small; ints have no negative zero. */
function isSmallInteger(value: NumberValue): boolean {
  const integer = int64Of(value)
  return typeof integer === 'number' && integer > -1000 && integer < 1000
}

const zero = (negative: boolean): NumberValue => (negative ? negativeZero : 0)

// Sums, differences and products of safe integers that are safe integers are exact both in doubles and in 64 bits.

export function add(a: NumberValue, b: NumberValue): NumberValue {
  if (Number.isSafeInteger(a) && Number.isSafeInteger(b)) {
    const sum = (a as number) + (b as number)
    if (Number.isSafeInteger(sum)) return sum
  }
  const sum = addFloats(floatOf(a), floatOf(b))
  if (sum.mantissa !== 0n) return fromFloat(sum)
  return zero(isNegative(a) && isNegative(b) && !(isSmallInteger(a) && isSmallInteger(b)))
}

export function subtract(a: NumberValue, b: NumberValue): NumberValue {
  if (Number.isSafeInteger(a) && Number.isSafeInteger(b)) {
    const difference = (a as number) - (b as number)
    if (Number.isSafeInteger(difference)) return difference
  }
  const difference = addFloats(floatOf(a), negateFloat(floatOf(b)))
  if (difference.mantissa !== 0n) return fromFloat(difference)
  return zero(isZero(a) && isNegative(a) && !isNegative(b) && !(isSmallInteger(a) && isSmallInteger(b)))
}

export function multiply(a: NumberValue, b: NumberValue): NumberValue {
  if (Number.isSafeInteger(a) && Number.isSafeInteger(b)) {
    const product = (a as number) * (b as number)
    if (product !== 0 && Number.isSafeInteger(product)) return product
  }
  const product = multiplyFloats(floatOf(a), floatOf(b))
  if (product.mantissa !== 0n) return fromFloat(product)
  return zero(isNegative(a) !== isNegative(b) && !(isSmallInteger(a) && isSmallInteger(b)))
}

/** The quotient; undefined for a divisor of zero. */
export function divide(a: NumberValue, b: NumberValue): NumberValue | undefined {
  if (Number.isSafeInteger(a) && Number.isSafeInteger(b)) {
    if (b === 0) return undefined
    const quotient = (a as number) / (b as number)
    if (quotient !== 0 && Number.isSafeInteger(quotient) && (a as number) % (b as number) === 0) return quotient
  }
  const divisor = floatOf(b)
  if (divisor.mantissa === 0n) return undefined
  const quotient = divideFloats(floatOf(a), divisor)
  return quotient.mantissa === 0n ? zero(isNegative(a) !== isNegative(b)) : fromFloat(quotient)
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

/** The sum of the numbers; `onStep` is called for each. */
export function sumOf(values: readonly NumberValue[], onStep: () => void): NumberValue {
  let sum: BigFloat = { mantissa: 0n, exponent: 0 }
  for (const value of values) {
    onStep()
    sum = addFloats(sum, floatOf(value))
  }
  return fromFloat(sum)
}

/** The product of the numbers; `onStep` is called for each. */
export function productOf(values: readonly NumberValue[], onStep: () => void): NumberValue {
  let product: BigFloat = { mantissa: 1n, exponent: 0 }
  for (const value of values) {
    onStep()
    product = multiplyFloats(product, floatOf(value))
  }
  if (product.mantissa !== 0n) return fromFloat(product)
  return zero(values.filter(isNegative).length % 2 === 1)
}

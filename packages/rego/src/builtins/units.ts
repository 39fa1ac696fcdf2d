import { multiplyFloats, parseBigFloat, truncateFloat } from '../value/big-float.ts'
import { fromBigInt, makeNumber, type NumberValue } from '../value/number.ts'
import { BuiltinError, limitExceeded } from './builtin-error.ts'
import { defineBuiltin } from './signature.ts'
import { types as t } from './type-spec.ts'

/** UTF-16 units of a quantity. */
const maxQuantityLength = 10_000

/** Decimal digits, and size of the exponent, of a quantity. */
const maxQuantityDigits = 1_000

const LETTERS = ['k', 'm', 'g', 't', 'p', 'e'] as const

const power =
  (base: bigint) =>
  (letter: (typeof LETTERS)[number]): bigint =>
    base ** BigInt(LETTERS.indexOf(letter) + 1)
const decimal = power(1000n)
const binary = power(1024n)

/** A fraction of integers. */
interface Ratio {
  readonly top: bigint
  readonly bottom: bigint
}

/** Units of `units.parse`: m is milli and M mega, the other letters are free in case. */
const UNITS: ReadonlyMap<string, Ratio> = new Map<string, Ratio>([
  ['', { top: 1n, bottom: 1n }],
  ...LETTERS.flatMap(letter =>
    [letter, letter.toUpperCase()].flatMap((name): [string, Ratio][] => [
      [name, { top: decimal(letter), bottom: 1n }],
      [`${name}i`, { top: binary(letter), bottom: 1n }],
    ]),
  ),
  // Go reads the double 0.001 exactly, so that is what milli is
  ['m', { top: 1152921504606847n, bottom: 1152921504606846976n }],
])

const BYTE_UNITS: ReadonlyMap<string, bigint> = new Map<string, bigint>([
  ['', 1n],
  ...LETTERS.flatMap((letter): [string, bigint][] => [
    [letter, decimal(letter)],
    [`${letter}b`, decimal(letter)],
    [`${letter}i`, binary(letter)],
    [`${letter}ib`, binary(letter)],
  ]),
])

/** Splits after the longest start that looks like a number; an e without digits begins the unit. */
function splitQuantity(text: string): readonly [number: string, unit: string] {
  const number = /^(?:[\d.+-]|[eE](?:[+-]|(?=\d)))*/.exec(text)?.[0] ?? ''
  return [number, text.slice(number.length)]
}

function quantityOf(text: string, name: string, what: string): readonly [number: string, unit: string] {
  if (text.length > maxQuantityLength) throw limitExceeded('the length of a quantity', maxQuantityLength)
  const plain = text.replaceAll('"', '')
  if (plain.includes(' ')) throw new BuiltinError(`${name}: spaces not allowed in resource strings`)
  const parts = splitQuantity(plain)
  if (parts[0] === '') throw new BuiltinError(`${name}: no ${what} provided`)
  return parts
}

const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/

/** The number as an exact fraction, or undefined where it is none. */
function ratioOf(text: string): Ratio | undefined {
  const [, sign, whole = '', fraction = '', exponentText = '0'] = NUMBER.exec(text) ?? []
  if (whole === '' && fraction === '') return undefined
  const exponent = Number(exponentText) - fraction.length
  if (whole.length + fraction.length > maxQuantityDigits || Math.abs(exponent) > maxQuantityDigits) return undefined
  const digits = BigInt(whole + fraction) * (sign === '-' ? -1n : 1n)
  return exponent < 0
    ? { top: digits, bottom: 10n ** BigInt(-exponent) }
    : { top: digits * 10n ** BigInt(exponent), bottom: 1n }
}

/** The fraction as an integer, or with ten digits after the point, half away from zero. */
function ratioNumber({ top, bottom }: Ratio): NumberValue {
  if (top % bottom === 0n) return fromBigInt(top / bottom)
  const size = top < 0n ? -top : top
  const scaled = (size * 10n ** 10n * 2n + bottom) / (bottom * 2n)
  const digits = scaled.toString().padStart(11, '0')
  return makeNumber(`${top < 0n ? '-' : ''}${digits.slice(0, -10)}.${digits.slice(-10)}`)
}

function parseUnits(text: string): NumberValue {
  const [number, rawUnit] = quantityOf(text, 'units.parse', 'amount')
  const unit = rawUnit.slice(0, 1) + rawUnit.slice(1).toLowerCase()
  const factor = UNITS.get(unit)
  if (factor === undefined) throw new BuiltinError(`units.parse: unit ${unit} not recognized`)
  const ratio = ratioOf(number)
  if (ratio === undefined) throw new BuiltinError('units.parse: could not parse amount to a number')
  return ratioNumber({ top: ratio.top * factor.top, bottom: ratio.bottom * factor.bottom })
}

function parseBytes(text: string): NumberValue {
  const [number, unit] = quantityOf(text.toLowerCase(), 'units.parse_bytes', 'byte amount')
  const factor = BYTE_UNITS.get(unit)
  if (factor === undefined) throw new BuiltinError(`units.parse_bytes: byte unit ${unit} not recognized`)
  if (ratioOf(number) === undefined) {
    throw new BuiltinError('units.parse_bytes: could not parse byte amount to a number')
  }
  const product = multiplyFloats(parseBigFloat(number), { mantissa: factor, exponent: 0 })
  return fromBigInt(truncateFloat(product).integer)
}

export const units = [
  defineBuiltin({
    name: 'units.parse',
    args: [t.string],
    result: t.number,
    implementation: ([text]: readonly [string]) => parseUnits(text),
  }),
  defineBuiltin({
    name: 'units.parse_bytes',
    args: [t.string],
    result: t.number,
    implementation: ([text]: readonly [string]) => parseBytes(text),
  }),
]

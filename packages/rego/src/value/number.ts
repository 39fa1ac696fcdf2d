import { type BigFloat, compareFloats, formatBigFloat, smallIntegerOf } from './big-float.ts'
import { TaggedValue } from './tagged.ts'

/**
 * A number whose text a double cannot stand for: 1.0, 1e400, 0.12345678901234567890, integers over 2^53 with odd ends.
 * A JavaScript number n stands for the decimal text String(n).
 */
export class BigNumber extends TaggedValue {
  readonly tag = 'number'
  /** What arithmetic computed; undefined for a number that was written. */
  readonly float: BigFloat | undefined
  #text: string | undefined
  #key: number | string | undefined

  constructor(source: string | BigFloat) {
    super()
    this.float = typeof source === 'string' ? undefined : source
    this.#text = typeof source === 'string' ? source : undefined
  }

  /** The number as it was written; for a computed one its shortest text, worked out when it is first asked for. */
  get text(): string {
    this.#text ??= formatBigFloat(this.float!)
    return this.#text
  }

  /** What equal numbers share: the equal JavaScript number where there is one, else a canonical decimal. */
  get key(): number | string {
    this.#key ??= numberKey(this.text)
    return this.#key
  }
}

export type NumberValue = number | BigNumber

interface Decimal {
  readonly negative: boolean
  /** Without zeros at either end; empty for zero. */
  readonly digits: string
  /** The value is 0.digits * 10^exponent. */
  readonly exponent: number
}

const SHAPE = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/

/** The number with the given JSON (or Rego) text. The text must be well formed. */
export function makeNumber(text: string): NumberValue {
  const number = Number(text)
  return String(number) === text ? number : new BigNumber(text)
}

/** The number that equals the integer. */
export function fromBigInt(integer: bigint): NumberValue {
  const number = Number(integer)
  return Number.isSafeInteger(number) ? number : makeNumber(integer.toString())
}

/** The text of a number, as JSON writes it. */
export const numberText = (value: NumberValue): string => (typeof value === 'number' ? String(value) : value.text)

function decimalOf(text: string): Decimal {
  const [, sign, whole = '', fraction = '', exponent = '0'] = SHAPE.exec(text) ?? []
  const all = whole + fraction
  let start = 0
  while (all.charCodeAt(start) === 48) start++
  let end = all.length
  while (end > start && all.charCodeAt(end - 1) === 48) end--
  if (start === end) return { negative: false, digits: '', exponent: 0 }
  return { negative: sign === '-', digits: all.slice(start, end), exponent: whole.length - start + Number(exponent) }
}

const decimalKey = ({ negative, digits, exponent }: Decimal): string => `${negative ? '-' : ''}${digits}e${exponent}`

function numberKey(text: string): number | string {
  const key = decimalKey(decimalOf(text))
  const number = Number(text)
  if (number === 0) return key === 'e0' ? 0 : key
  return Number.isFinite(number) && decimalKey(decimalOf(String(number))) === key ? number : key
}

/** Orders numbers by value. */
export function compareNumbers(a: NumberValue, b: NumberValue): number {
  const [f, g] = [computedFloat(a), computedFloat(b)]
  if (f !== undefined && g !== undefined) return compareFloats(f, g)
  const x = typeof a === 'number' ? a : a.key
  const y = typeof b === 'number' ? b : b.key
  if (x === y) return 0
  if (typeof x === 'number' && typeof y === 'number') return x < y ? -1 : 1
  const p = decimalOf(numberText(a))
  const q = decimalOf(numberText(b))
  if (p.negative !== q.negative) return p.negative ? -1 : 1
  const size = compareSizes(p, q)
  return p.negative ? -size : size
}

/**
 * The float whose shortest text is the number's: floats that differ have texts in the same order, since a text lies
 * nearer to its float than any other float does.
 */
function computedFloat(value: NumberValue): BigFloat | undefined {
  if (typeof value !== 'number') return value.float
  return Number.isSafeInteger(value) ? { mantissa: BigInt(value), exponent: 0 } : undefined
}

function compareSizes(p: Decimal, q: Decimal): number {
  if (p.digits === '' || q.digits === '') return p.digits.length - q.digits.length
  if (p.exponent !== q.exponent) return p.exponent - q.exponent
  return p.digits < q.digits ? -1 : p.digits > q.digits ? 1 : 0
}

const INTEGER = /^[+-]?\d+$/

/**
 * The integer that the number's text spells, where it spells one of 64 bits (1.0 and 1e3 spell none, as in Go's
 * `json.Number.Int64`); a bigint beyond the safe integers.
 */
export function int64Of(value: NumberValue): number | bigint | undefined {
  if (Number.isSafeInteger(value)) return value as number
  if (typeof value !== 'number' && value.float !== undefined) return safeOf(smallIntegerOf(value.float, 64))
  const text = numberText(value)
  if (!INTEGER.test(text) || text.length > 20) return undefined
  const integer = BigInt(text)
  return BigInt.asIntN(64, integer) === integer ? safeOf(integer) : undefined
}

function safeOf(integer: bigint | undefined): number | bigint | undefined {
  const number = Number(integer)
  return Number.isSafeInteger(number) ? number : integer
}

/** The nearest double; infinite beyond the doubles. */
export const doubleOf = (value: NumberValue): number => (typeof value === 'number' ? value : Number(value.text))

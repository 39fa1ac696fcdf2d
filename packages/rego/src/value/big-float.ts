/**
 * Binary floats of a fixed mantissa, rounded to nearest even: what Go's `big.Float` computes with. OPA's arithmetic is
 * done in these, with 64 bits, not in doubles and not in decimals.
 */
export interface BigFloat {
  /** The value is mantissa * 2^exponent. The mantissa is signed and has at most the bits of the precision. */
  readonly mantissa: bigint
  readonly exponent: number
}

/** Bits of the mantissa of OPA's arithmetic. */
export const mantissaBits = 64

const abs = (x: bigint): bigint => (x < 0n ? -x : x)

/** Where a double is taken apart: sign and exponent are its first twelve bits. */
const double = new DataView(new ArrayBuffer(8))

/** The number of bits of a non-negative integer. */
export function bitLength(x: bigint): number {
  if (x === 0n) return 0
  const size = Number(x)
  if (size < 2 ** 31) return 32 - Math.clz32(size)
  if (size === Number.POSITIVE_INFINITY) {
    const hex = x.toString(16)
    return (hex.length - 1) * 4 + (32 - Math.clz32(Number.parseInt(hex[0]!, 16)))
  }
  double.setFloat64(0, size)
  const bits = (double.getUint16(0) >> 4) - 1022
  // The double may have been rounded up to the next power of two.
  return size === 2 ** (bits - 1) && x >> BigInt(bits - 1) === 0n ? bits - 1 : bits
}

/** Rounds mantissa * 2^exponent to the given bits; `sticky` says that the exact value is a little larger in size. */
function round(mantissa: bigint, exponent: number, bits: number, sticky = false): BigFloat {
  const size = abs(mantissa)
  const excess = bitLength(size) - bits
  if (excess <= 0) return { mantissa, exponent }
  const shift = BigInt(excess)
  let kept = size >> shift
  const rest = size - (kept << shift)
  const half = 1n << (shift - 1n)
  if (rest > half || (rest === half && (sticky || (kept & 1n) === 1n))) kept += 1n
  return { mantissa: mantissa < 0n ? -kept : kept, exponent: exponent + excess }
}

const multiplyTo = (a: BigFloat, b: BigFloat, bits: number): BigFloat =>
  round(a.mantissa * b.mantissa, a.exponent + b.exponent, bits)

function divideTo(a: BigFloat, b: BigFloat, bits: number): BigFloat {
  if (a.mantissa === 0n) return a
  const size = abs(a.mantissa)
  const divisor = abs(b.mantissa)
  const shift = Math.max(0, bits + 2 - (bitLength(size) - bitLength(divisor)))
  const scaled = size << BigInt(shift)
  const quotient = scaled / divisor
  const negative = a.mantissa < 0n !== b.mantissa < 0n
  const rounded = round(quotient, a.exponent - b.exponent - shift, bits, quotient * divisor !== scaled)
  return negative ? { mantissa: -rounded.mantissa, exponent: rounded.exponent } : rounded
}

function powerOfFive(n: number, bits: number): BigFloat {
  const table = 27
  let power = round(5n ** BigInt(Math.min(n, table)), 0, bits)
  let rest = n - table
  let factor: BigFloat = { mantissa: 5n, exponent: 0 }
  while (rest > 0) {
    if (rest % 2 === 1) power = multiplyTo(power, factor, bits)
    factor = multiplyTo(factor, factor, bits + 64)
    rest = Math.floor(rest / 2)
  }
  return power
}

/** Reads a decimal text the way Go's `big.Float.SetString` does: all digits, scaled by a rounded power of five. */
export function parseBigFloat(text: string): BigFloat {
  const [mantissaText = '', exponentText = '0'] = text.toLowerCase().split('e')
  const point = mantissaText.indexOf('.')
  const digits = point < 0 ? mantissaText : mantissaText.slice(0, point) + mantissaText.slice(point + 1)
  const scale = Number(exponentText) - (point < 0 ? 0 : mantissaText.length - point - 1)
  const sign = digits.startsWith('-') ? -1n : 1n
  const whole: BigFloat = { mantissa: sign * BigInt(digits.replace(/^[+-]/, '')), exponent: 0 }
  if (whole.mantissa === 0n) return whole
  if (scale === 0) return round(whole.mantissa, 0, mantissaBits)
  const power = powerOfFive(Math.abs(scale), mantissaBits + 64)
  const scaled = scale < 0 ? divideTo(whole, power, mantissaBits) : multiplyTo(whole, power, mantissaBits)
  return { mantissa: scaled.mantissa, exponent: scaled.exponent + scale }
}

export function addFloats(a: BigFloat, b: BigFloat): BigFloat {
  if (a.mantissa === 0n) return b
  if (b.mantissa === 0n) return a
  const exponent = Math.min(a.exponent, b.exponent)
  const sum = (a.mantissa << BigInt(a.exponent - exponent)) + (b.mantissa << BigInt(b.exponent - exponent))
  return round(sum, exponent, mantissaBits)
}

/** Orders floats by value. */
export function compareFloats(a: BigFloat, b: BigFloat): number {
  const exponent = Math.min(a.exponent, b.exponent)
  const x = a.mantissa << BigInt(a.exponent - exponent)
  const y = b.mantissa << BigInt(b.exponent - exponent)
  return x < y ? -1 : x > y ? 1 : 0
}

/** The same float without zero bits at the end of its mantissa. */
export function reduceFloat({ mantissa, exponent }: BigFloat): BigFloat {
  if (mantissa === 0n) return { mantissa, exponent: 0 }
  const low = Number(BigInt.asUintN(32, mantissa))
  if ((low & 1) === 1) return { mantissa, exponent }
  const zeros = low === 0 ? bitLength(mantissa & -mantissa) - 1 : 31 - Math.clz32(low & -low)
  return { mantissa: mantissa >> BigInt(zeros), exponent: exponent + zeros }
}

/** The integer that the float is, if it has no more bits than these; undefined for all else. */
export function smallIntegerOf({ mantissa, exponent }: BigFloat, bits: number): bigint | undefined {
  if (exponent > bits || exponent < -mantissaBits) return undefined
  const { integer, exact } = truncateFloat({ mantissa, exponent })
  return exact && BigInt.asIntN(bits, integer) === integer ? integer : undefined
}

export const negateFloat = (a: BigFloat): BigFloat => ({ mantissa: -a.mantissa, exponent: a.exponent })

export const multiplyFloats = (a: BigFloat, b: BigFloat): BigFloat => multiplyTo(a, b, mantissaBits)

export const divideFloats = (a: BigFloat, b: BigFloat): BigFloat => divideTo(a, b, mantissaBits)

/** The integer part, towards zero, and whether anything was cut off. */
export function truncateFloat({ mantissa, exponent }: BigFloat): { integer: bigint; exact: boolean } {
  if (exponent >= 0) return { integer: mantissa << BigInt(exponent), exact: true }
  const shift = BigInt(-exponent)
  const size = abs(mantissa) >> shift
  return { integer: mantissa < 0n ? -size : size, exact: size << shift === abs(mantissa) }
}

export interface Digits {
  /** Without zeros at the end. */
  readonly text: string
  /** The value is 0.text * 10^point. */
  readonly point: number
}

/** All decimal digits of mantissa * 2^exponent, which must not be negative. */
export function digitsOf(mantissa: bigint, exponent: number): Digits {
  const whole = exponent >= 0 ? mantissa << BigInt(exponent) : mantissa * 5n ** BigInt(-exponent)
  const text = whole.toString()
  const point = exponent >= 0 ? text.length : text.length + exponent
  return { text: text.replace(/0+$/, ''), point }
}

/** The first `count` digits, rounded. Nearest means half to even. */
export function roundDigits({ text, point }: Digits, count: number, mode: 'nearest' | 'down' | 'up'): Digits {
  if (count >= text.length) return { text, point }
  const next = text.charCodeAt(count) - 48
  const exactHalf = next === 5 && count + 1 === text.length
  const odd = count > 0 && (text.charCodeAt(count - 1) - 48) % 2 === 1
  const up = mode === 'up' || (mode === 'nearest' && (exactHalf ? odd : next >= 5))
  const head = text.slice(0, count)
  if (!up) return { text: head.replace(/0+$/, ''), point }
  const raised = ((count === 0 ? 0n : BigInt(head)) + 1n).toString()
  return { text: raised.replace(/0+$/, ''), point: point + raised.length - Math.max(count, 0) }
}

/** The shortest digits that round back to the float at 64 bits, by Go's rule. */
function shortestDigits(mantissa: bigint, exponent: number): Digits {
  const exact = digitsOf(mantissa, exponent)
  const shift = mantissaBits + 1 - bitLength(mantissa)
  const doubled = shift >= 0 ? mantissa << BigInt(shift) : mantissa >> BigInt(-shift)
  const lower = digitsOf(doubled - 1n, exponent - shift).text
  const upper = digitsOf(doubled + 1n, exponent - shift).text
  const inclusive = (doubled & 2n) === 0n
  for (let i = 0; i < exact.text.length; i++) {
    const digit = exact.text.charCodeAt(i)
    const low = i < lower.length ? lower.charCodeAt(i) : 48
    const high = i < upper.length ? upper.charCodeAt(i) : 48
    const down = low !== digit || (inclusive && i + 1 === lower.length)
    const up = digit !== high && (inclusive || digit + 1 < high || i + 1 < upper.length)
    if (down && up) return roundDigits(exact, i + 1, 'nearest')
    if (down) return roundDigits(exact, i + 1, 'down')
    if (up) return roundDigits(exact, i + 1, 'up')
  }
  return exact
}

/** The text OPA gives a computed number: all digits of an integer, else the shortest of `%g`. */
export function formatBigFloat({ mantissa, exponent }: BigFloat): string {
  if (mantissa === 0n) return '0'
  const sign = mantissa < 0n ? '-' : ''
  const { text, point } = shortestDigits(abs(mantissa), exponent)
  if (truncateFloat({ mantissa, exponent }).exact) return sign + text.padEnd(point, '0')
  const power = point - 1
  if (power < -4 || power >= 6) {
    const fraction = text.length > 1 ? `.${text.slice(1)}` : ''
    return `${sign}${text[0]}${fraction}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
  }
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${text}`
  const whole = text.slice(0, point).padEnd(point, '0')
  return text.length > point ? `${sign}${whole}.${text.slice(point)}` : sign + whole
}

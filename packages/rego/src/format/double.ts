import { bitLength, type Digits, digitsOf, roundDigits } from '../value/big-float.ts'

/** Splits a finite double other than zero: its size is mantissa * 2^exponent. */
export function splitDouble(value: number): { mantissa: bigint; exponent: number } {
  const bits = new DataView(new ArrayBuffer(8))
  bits.setFloat64(0, value)
  const raw = bits.getBigUint64(0)
  const biased = Number((raw >> 52n) & 0x7ffn)
  const fraction = raw & ((1n << 52n) - 1n)
  return biased === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | (1n << 52n), exponent: biased - 1075 }
}

function shortest(size: number): Digits {
  const [mantissa = '', exponent = '0'] = size.toExponential().split('e')
  const text = mantissa.replace('.', '')
  return { text: size === 0 ? '' : text.replace(/0+$/, ''), point: size === 0 ? 0 : Number(exponent) + 1 }
}

function exact(size: number): Digits {
  if (size === 0) return { text: '', point: 0 }
  const { mantissa, exponent } = splitDouble(size)
  return digitsOf(mantissa, exponent)
}

function exponential({ text, point }: Digits, precision: number, letter: string): string {
  const digits = text.padEnd(precision + 1, '0')
  const power = text === '' ? 0 : point - 1
  const fraction = precision > 0 ? `.${digits.slice(1, precision + 1)}` : ''
  return `${digits[0]}${fraction}${letter}${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}

function fixed({ text, point }: Digits, precision: number): string {
  const whole = point > 0 ? text.slice(0, point).padEnd(point, '0') : '0'
  if (precision <= 0) return whole
  const fraction = point > 0 ? text.slice(point) : '0'.repeat(Math.min(-point, precision)) + text
  return `${whole}.${fraction.slice(0, precision).padEnd(precision, '0')}`
}

function general(size: number, precision: number, letter: string): string {
  if (precision < 0) {
    const digits = shortest(size)
    const power = digits.text === '' ? 0 : digits.point - 1
    if (power < -4 || power >= 6) return exponential(digits, digits.text.length - 1, letter)
    return fixed(digits, Math.max(digits.text.length - digits.point, 0))
  }
  const wanted = precision === 0 ? 1 : precision
  const digits = roundDigits(exact(size), wanted, 'nearest')
  const limit = wanted > digits.text.length && digits.text.length >= digits.point ? digits.text.length : wanted
  const power = digits.text === '' ? 0 : digits.point - 1
  if (power < -4 || power >= limit)
    return exponential(digits, Math.max(Math.min(wanted, digits.text.length) - 1, 0), letter)
  return fixed(digits, Math.max(Math.min(wanted, digits.text.length) - digits.point, 0))
}

function hexadecimal(size: number, precision: number): string {
  if (size === 0) return `0x0${precision > 0 ? `.${'0'.repeat(precision)}` : ''}p+00`
  const { mantissa, exponent } = splitDouble(size)
  const bits = bitLength(mantissa)
  // one bit before the point, a multiple of four after it
  let digits = mantissa << BigInt(53 - bits)
  let power = exponent + bits - 1
  if (precision >= 0 && precision < 13) {
    const shift = BigInt(52 - precision * 4)
    const rest = digits & ((1n << shift) - 1n)
    const half = 1n << (shift - 1n)
    digits >>= shift
    if (rest > half || (rest === half && (digits & 1n) === 1n)) digits += 1n
    digits <<= shift
    if (digits >= 1n << 53n) {
      digits >>= 1n
      power++
    }
  }
  const all = (digits & ((1n << 52n) - 1n)).toString(16).padStart(13, '0')
  const fraction = precision < 0 ? all.replace(/0+$/, '') : all.padEnd(precision, '0').slice(0, precision)
  const sign = power < 0 ? '-' : '+'
  return `0x1${fraction === '' ? '' : `.${fraction}`}p${sign}${String(Math.abs(power)).padStart(2, '0')}`
}

function binary(size: number): string {
  const { mantissa, exponent } = splitDouble(size)
  return `${mantissa}p${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`
}

/** The size of a finite double as Go's `strconv.FormatFloat` writes it; a precision of -1 is the shortest that reads back. */
export function formatDouble(size: number, format: string, precision: number): string {
  switch (format) {
    case 'e':
    case 'E': {
      const digits = precision < 0 ? shortest(size) : roundDigits(exact(size), precision + 1, 'nearest')
      return exponential(digits, precision < 0 ? Math.max(digits.text.length - 1, 0) : precision, format)
    }
    case 'f': {
      if (precision < 0) {
        const digits = shortest(size)
        return fixed(digits, Math.max(digits.text.length - digits.point, 0))
      }
      const digits = exact(size)
      const count = digits.point + precision
      return fixed(count < 0 ? { text: '', point: 0 } : roundDigits(digits, count, 'nearest'), precision)
    }
    case 'x':
      return hexadecimal(size, precision)
    case 'X':
      return hexadecimal(size, precision).toUpperCase()
    case 'b':
      return binary(size)
    default:
      return general(size, precision, format === 'G' ? 'E' : 'e')
  }
}

/** A finite double in the fewest digits that read back. */
export const shortDouble = (value: number): string => (value < 0 ? '-' : '') + general(Math.abs(value), -1, 'e')

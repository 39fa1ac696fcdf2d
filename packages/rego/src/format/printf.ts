import { BoundedText } from '../value/bounds.ts'
import { quote } from '../value/text.ts'
import { formatDouble } from './double.ts'

/**
 * An operand of Go's `fmt.Sprintf`: a bigint stands for an int, `{ big }` for a *big.Int, a number for a float64.
 */
export type Operand = bigint | { readonly big: bigint } | number | string

/** The largest width, precision or argument index that Go accepts. */
const maxNumber = 1_000_000

interface Flags {
  sharp: boolean
  zero: boolean
  plus: boolean
  minus: boolean
  space: boolean
  /** `%#v`: Go syntax. */
  sharpV: boolean
  /** `%+v`. */
  plusV: boolean
  width: number | undefined
  precision: number | undefined
}

const noFlags = (): Flags => ({
  sharp: false,
  zero: false,
  plus: false,
  minus: false,
  space: false,
  sharpV: false,
  plusV: false,
  width: undefined,
  precision: undefined,
})

const FLAG_NAMES: Readonly<Record<string, 'sharp' | 'zero' | 'plus' | 'minus' | 'space'>> = {
  '#': 'sharp',
  '0': 'zero',
  '+': 'plus',
  '-': 'minus',
  ' ': 'space',
}

interface State {
  readonly format: string
  readonly operands: readonly Operand[]
  at: number
  operand: number
  /** An explicit index was the last thing read. */
  afterIndex: boolean
  goodIndex: boolean
  reordered: boolean
}

/** Formats as Go's `fmt.Sprintf` does, `%!verb(...)` complaints included. `onLength` may refuse a result that grows too long. */
export function sprintf(format: string, operands: readonly Operand[], onLength: (length: number) => void): string {
  const state: State = {
    format,
    operands,
    at: 0,
    operand: 0,
    afterIndex: false,
    goodIndex: true,
    reordered: false,
  }
  let out = ''
  while (state.at < format.length) {
    const percent = format.indexOf('%', state.at)
    if (percent < 0) {
      out += format.slice(state.at)
      break
    }
    out += format.slice(state.at, percent)
    state.at = percent + 1
    out += formatVerb(state)
    onLength(out.length)
  }
  if (!state.reordered && state.operand < operands.length) {
    const extra = operands
      .slice(state.operand)
      .map(operand => `${goType(operand)}=${formatOperand(operand, 'v', noFlags())}`)
    out += `%!(EXTRA ${extra.join(', ')})`
    onLength(out.length)
  }
  return out
}

function formatVerb(state: State): string {
  const { format, operands } = state
  const flags = noFlags()
  let complaints = ''
  state.goodIndex = true
  state.afterIndex = false
  for (let flag = FLAG_NAMES[format[state.at] ?? '']; flag !== undefined; flag = FLAG_NAMES[format[state.at] ?? '']) {
    flags[flag] = true
    state.at++
  }
  readIndex(state)
  if (format[state.at] === '*') {
    state.at++
    flags.width = integerOperand(state)
    if (flags.width === undefined) complaints += '%!(BADWIDTH)'
    else if (flags.width < 0) {
      flags.width = -flags.width
      flags.minus = true
      flags.zero = false
    }
    state.afterIndex = false
  } else {
    flags.width = readNumber(state)
    if (state.afterIndex && flags.width !== undefined) state.goodIndex = false
  }
  if (format[state.at] === '.' && state.at + 1 < format.length) {
    state.at++
    if (state.afterIndex) state.goodIndex = false
    readIndex(state)
    if (format[state.at] === '*') {
      state.at++
      const precision = integerOperand(state)
      flags.precision = precision === undefined || precision < 0 ? undefined : precision
      if (flags.precision === undefined) complaints += '%!(BADPREC)'
      state.afterIndex = false
    } else {
      flags.precision = readNumber(state) ?? 0
    }
  }
  if (!state.afterIndex) readIndex(state)
  if (state.at >= format.length) return `${complaints}%!(NOVERB)`
  const verb = String.fromCodePoint(format.codePointAt(state.at)!)
  state.at += verb.length
  if (verb === '%') return `${complaints}%`
  if (!state.goodIndex) return `${complaints}%!${verb}(BADINDEX)`
  const operand = operands[state.operand]
  if (operand === undefined) return `${complaints}%!${verb}(MISSING)`
  state.operand++
  if (verb === 'v' || verb === 'w') {
    flags.sharpV = flags.sharp
    flags.sharp = false
    flags.plusV = flags.plus
    flags.plus = false
  }
  return complaints + formatOperand(operand, verb, flags)
}

/** Reads digits; a number over a million is none, and ends the format as in Go. */
function readNumber(state: State): number | undefined {
  const digits = /^\d+/.exec(state.format.slice(state.at, state.at + 8))?.[0]
  if (digits === undefined) return undefined
  if (Number(digits) > maxNumber) {
    state.at = state.format.length
    return undefined
  }
  state.at += digits.length
  return Number(digits)
}

function readIndex(state: State): void {
  const { format, at } = state
  state.afterIndex = false
  if (format[at] !== '[') return
  state.reordered = true
  const close = format.indexOf(']', at)
  const inside = close < 0 ? undefined : format.slice(at + 1, close)
  const index = inside !== undefined && /^\d{1,7}$/.test(inside) ? Number(inside) - 1 : undefined
  state.at = close < 0 ? at + 1 : close + 1
  if (index !== undefined && index >= 0 && index < state.operands.length) {
    state.operand = index
    state.afterIndex = true
  } else {
    state.goodIndex = false
    state.afterIndex = index !== undefined
  }
}

function integerOperand(state: State): number | undefined {
  const operand = state.operands[state.operand]
  if (operand === undefined) return undefined
  state.operand++
  if (typeof operand !== 'bigint' || operand > maxNumber || operand < -maxNumber) return undefined
  return Number(operand)
}

function goType(operand: Operand): string {
  switch (typeof operand) {
    case 'bigint':
      return 'int'
    case 'number':
      return 'float64'
    case 'string':
      return 'string'
    default:
      return '*big.Int'
  }
}

function formatOperand(operand: Operand, verb: string, flags: Flags): string {
  if (verb === 'T') return pad(truncate(goType(operand), flags), flags)
  switch (typeof operand) {
    case 'bigint':
      return formatInteger(operand, verb, flags)
    case 'number':
      return formatFloat(operand, verb, flags)
    case 'string':
      return formatString(operand, verb, flags)
    default:
      return formatBig(operand.big, verb, flags)
  }
}

function badVerb(operand: Operand, verb: string, flags: Flags): string {
  return `%!${verb}(${goType(operand)}=${formatOperand(operand, 'v', flags)})`
}

function runeCount(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}

function pad(text: string, flags: Flags, zero = flags.zero): string {
  const missing = (flags.width ?? 0) - runeCount(text)
  if (missing <= 0) return text
  if (flags.minus) return text + ' '.repeat(missing)
  return (zero ? '0' : ' ').repeat(missing) + text
}

const truncate = (text: string, { precision }: Flags): string =>
  precision === undefined || precision >= text.length ? text : [...text].slice(0, precision).join('')

const BASES: Readonly<Record<string, number>> = { v: 10, d: 10, b: 2, o: 8, O: 8, x: 16, X: 16 }

function formatInteger(value: bigint, verb: string, flags: Flags): string {
  const base = BASES[verb]
  if (base !== undefined) return formatBased(value, base, verb, flags)
  const unsigned = BigInt.asUintN(64, value)
  const isRune = unsigned <= 0x10ffffn && !(unsigned >= 0xd800n && unsigned <= 0xdfffn)
  const char = isRune ? String.fromCodePoint(Number(unsigned)) : '\ufffd'
  switch (verb) {
    case 'c':
      return pad(char, flags)
    case 'q':
      return pad(quoteRune(char, flags.plus), flags)
    case 'U': {
      const digits = unsigned.toString(16).toUpperCase()
      const text = `U+${digits.padStart(Math.max(flags.precision ?? 4, 4), '0')}`
      return pad(flags.sharp && isRune && isPrintable(char) ? `${text} '${char}'` : text, flags, false)
    }
    default:
      return badVerb(value, verb, flags)
  }
}

const isPrintable = (char: string): boolean => quote(char) === `"${char}"` || char === '"' || char === '\\'

function quoteRune(char: string, asciiOnly: boolean): string {
  if (char === "'") return "'\\''"
  if (char === '"') return `'"'`
  return `'${quote(char, asciiOnly).slice(1, -1)}'`
}

function formatBased(value: bigint, base: number, verb: string, flags: Flags): string {
  const { precision, width = 0 } = flags
  const size = value < 0n ? -value : value
  const signed = value < 0n || flags.plus || flags.space
  if (precision === 0 && size === 0n) return ' '.repeat(width)
  const fill = precision ?? (flags.zero && !flags.minus && flags.width !== undefined ? width - (signed ? 1 : 0) : 0)
  let text = size.toString(base).padStart(fill, '0')
  if (verb === 'X') text = text.toUpperCase()
  if (flags.sharp) {
    if (base === 2) text = `0b${text}`
    else if (base === 8) text = text.startsWith('0') ? text : `0${text}`
    else if (base === 16) text = (verb === 'X' ? '0X' : '0x') + text
  }
  if (verb === 'O') text = `0o${text}`
  return pad(signOf(value < 0n, flags) + text, flags, false)
}

const signOf = (negative: boolean, flags: Flags): string => (negative ? '-' : flags.plus ? '+' : flags.space ? ' ' : '')

const BIG_PREFIXES: Readonly<Record<string, string>> = { b: '0b', o: '0', x: '0x', X: '0X' }

/** As Go's `big.Int.Format`, whose rules for padding are not those of ints. */
function formatBig(value: bigint, verb: string, flags: Flags): string {
  const base = verb === 's' ? 10 : BASES[verb]
  if (base === undefined) return `%!${verb}(big.Int=${value})`
  const size = (value < 0n ? -value : value).toString(base)
  const digits = verb === 'X' ? size.toUpperCase() : size
  const prefix = verb === 'O' ? '0o' : flags.sharp || flags.sharpV ? (BIG_PREFIXES[verb] ?? '') : ''
  const head = signOf(value < 0n, { ...flags, plus: flags.plus || flags.plusV }) + prefix
  const { precision, width = 0 } = flags
  let zeros = precision === undefined ? 0 : Math.max(precision - digits.length, 0)
  const missing = width - head.length - zeros - digits.length
  if (missing > 0 && flags.zero && !flags.minus && precision === undefined) zeros = missing
  const text = head + '0'.repeat(zeros) + digits
  return flags.minus ? text.padEnd(width) : text.padStart(width)
}

function formatString(value: string, verb: string, flags: Flags): string {
  switch (verb) {
    case 'v':
      return flags.sharpV ? pad(quote(truncate(value, flags)), flags) : pad(truncate(value, flags), flags)
    case 's':
      return pad(truncate(value, flags), flags)
    case 'q': {
      const text = truncate(value, flags)
      const raw = flags.sharp && !/[`\x00-\x08\x0a-\x1f\x7f\ufeff]/.test(text)
      return pad(raw ? `\`${text}\`` : quote(text, flags.plus), flags)
    }
    case 'x':
    case 'X':
      return formatBytes(new TextEncoder().encode(value), verb, flags)
    default:
      return badVerb(value, verb, flags)
  }
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

function formatBytes(all: Uint8Array, verb: string, flags: Flags): string {
  const bytes = flags.precision === undefined ? all : all.subarray(0, flags.precision)
  if (bytes.length === 0)
    return flags.zero && !flags.minus ? '0'.repeat(flags.width ?? 0) : ' '.repeat(flags.width ?? 0)
  const prefix = flags.sharp ? '0x' : ''
  const out = new BoundedText()
  for (let i = 0; i < bytes.length; i++) {
    if (i > 0 && flags.space) out.add(' ')
    if (i === 0 || flags.space) out.add(prefix)
    out.add(HEX[bytes[i]!]!)
  }
  return pad(verb === 'X' ? out.text.toUpperCase() : out.text, flags)
}

const FLOAT_PRECISIONS: Readonly<Record<string, number>> = {
  v: -1,
  g: -1,
  G: -1,
  b: -1,
  x: -1,
  X: -1,
  f: 6,
  F: 6,
  e: 6,
  E: 6,
}

function formatFloat(value: number, verb: string, flags: Flags): string {
  const usual = FLOAT_PRECISIONS[verb]
  if (usual === undefined) return badVerb(value, verb, flags)
  const format = verb === 'v' ? 'g' : verb === 'F' ? 'f' : verb
  const precision = flags.precision ?? usual
  const negative = value < 0 || Object.is(value, -0)
  const size = formatDouble(Math.abs(value), format, precision)
  const text = flags.sharp && format !== 'b' ? keepPoint(size, format, precision) : size
  const sign = signOf(negative, flags)
  const { width = 0 } = flags
  if (sign !== '' && flags.zero && !flags.minus && width > text.length + 1) return sign + text.padStart(width - 1, '0')
  return pad(sign + text, flags)
}

/** The sharp flag keeps the decimal point and, for %g, the zeros at the end. */
function keepPoint(text: string, format: string, precision: number): string {
  const split = format === 'x' || format === 'X' ? /p/i : /e/i
  const at = text.search(split)
  const tail = at < 0 ? '' : text.slice(at)
  let head = at < 0 ? text : text.slice(0, at)
  let missing = 0
  if (format === 'g' || format === 'G' || format === 'x') {
    const significant = head.replace('.', '').replace(/^0+/, '').length
    missing = (precision === -1 ? 6 : precision) - significant - (head === '0' ? 1 : 0)
  }
  if (!head.includes('.')) head += '.'
  return head + '0'.repeat(Math.max(missing, 0)) + tail
}

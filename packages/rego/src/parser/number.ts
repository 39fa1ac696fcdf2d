import type { NumberTerm } from '../ast.ts'
import { spanBetween } from '../source-text.ts'
import { at, fail, here, literal, type Parser, scan, unexpected } from './state.ts'

/** Binary exponent of the largest and smallest number that may be written: beyond it printing gets slow. */
const maxBinaryExponent = 1e5

// number = [ "-" ] [ "." ] digits ...   (the lexer reads digits, fraction and exponent as one)
export function parseNumber(p: Parser): NumberTerm {
  const first = here(p)
  let prefix = ''
  if (at(p, 'minus')) {
    prefix = '-'
    scan(p)
    if (!at(p, 'number') && !at(p, '.')) unexpected(p, 'expected number')
  }
  if (at(p, '.')) {
    prefix += '.'
    scan(p)
    if (!at(p, 'number')) unexpected(p, 'expected number')
  }
  const digits = literal(p)
  if (!prefix.endsWith('.') && /^0[0-9]/.test(digits)) unexpected(p, 'expected number without leading zero')
  const text = prefix + digits
  if (prefix.endsWith('.') && digits.includes('.')) unexpected(p, 'invalid float')
  if (isTooBig(text)) fail(p, 'number too big')
  return { kind: 'number', span: spanBetween(first, here(p)), text }
}

function isTooBig(text: string): boolean {
  const match = /^-?(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text)
  const [, whole = '', fraction = '', exponent = '0'] = match ?? []
  const digits = (whole + fraction).replace(/^0+/, '')
  if (digits === '') return false
  const decimalExponent = Number(exponent) + digits.length - fraction.length
  const leading = Math.log2(Number(`0.${digits.slice(0, 17)}`))
  return Math.abs(decimalExponent * Math.log2(10) + leading) > maxBinaryExponent
}

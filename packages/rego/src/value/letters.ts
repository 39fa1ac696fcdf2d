import { isFlat } from './strings.ts'

const ASCII = /^[\x00-\x7f]*$/

/**
 * Upper case of Greek letters with iota subscript: Unicode's simple mapping, where JavaScript's full one makes two
 * letters of one.
 */
const SUBSCRIPTS: readonly (readonly [first: number, last: number, offset: number])[] = [
  [0x1f80, 0x1f87, 8],
  [0x1f90, 0x1f97, 8],
  [0x1fa0, 0x1fa7, 8],
  [0x1fb3, 0x1fb3, 9],
  [0x1fc3, 0x1fc3, 9],
  [0x1ff3, 0x1ff3, 9],
]

function upperChar(char: string): string {
  const code = char.codePointAt(0)!
  const subscript = SUBSCRIPTS.find(([first, last]) => code >= first && code <= last)
  if (subscript !== undefined) return String.fromCodePoint(code + subscript[2])
  const upper = char.toUpperCase()
  return upper.length === char.length || [...upper].length === 1 ? upper : char
}

const lowerChar = (char: string): string => (char === '\u0130' ? 'i' : char.toLowerCase())

/** Upper case letter by letter, as Go's `strings.ToUpper`: ß stays. */
export const toUpper = (text: string): string =>
  ASCII.test(text) ? text.toUpperCase() : [...text].map(upperChar).join('')

/** Lower case letter by letter, as Go's `strings.ToLower`: no final sigma. */
export const toLower = (text: string): string =>
  ASCII.test(text) ? text.toLowerCase() : [...text].map(lowerChar).join('')

/** The characters of Go's `unicode.IsSpace`. */
const SPACE = '[\\t\\n\\v\\f\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]'
const LEADING_SPACE = new RegExp(`^${SPACE}+`)
const IS_SPACE = new RegExp(SPACE)

/** Cuts white space off both ends. */
export function trimSpace(text: string): string {
  const start = LEADING_SPACE.exec(text)?.[0].length ?? 0
  let end = text.length
  while (end > start && IS_SPACE.test(text[end - 1]!)) end--
  return text.slice(start, end)
}

/** Cuts the characters of the cutset off the ends. */
export function trimCutset(text: string, cutset: string, ends: 'left' | 'right' | 'both'): string {
  const chars = isFlat(text) ? text : [...text]
  const cut = new Set(cutset)
  let start = 0
  let end = chars.length
  if (ends !== 'right') while (start < end && cut.has(chars[start]!)) start++
  if (ends !== 'left') while (end > start && cut.has(chars[end - 1]!)) end--
  return typeof chars === 'string' ? chars.slice(start, end) : chars.slice(start, end).join('')
}

import { BoundedText } from './bounds.ts'

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
export const toUpper = (text: string): string => (ASCII.test(text) ? text.toUpperCase() : mapChars(text, upperChar))

/** Lower case letter by letter, as Go's `strings.ToLower`: no final sigma. */
export const toLower = (text: string): string => (ASCII.test(text) ? text.toLowerCase() : mapChars(text, lowerChar))

/** Long texts have few different letters. */
function mapChars(text: string, map: (char: string) => string): string {
  const known = new Map<string, string>()
  const out = new BoundedText()
  for (const char of text) {
    let mapped = known.get(char)
    if (mapped === undefined) {
      mapped = map(char)
      known.set(char, mapped)
    }
    out.add(mapped)
  }
  return out.text
}

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

const charAt = (text: string, at: number): string =>
  at < text.length ? String.fromCodePoint(text.codePointAt(at)!) : ''

const charBefore = (text: string, end: number): string => {
  const pair = end > 1 ? charAt(text, end - 2) : ''
  return pair.length === 2 ? pair : text.slice(Math.max(0, end - 1), end)
}

/** Cuts the characters of the cutset off the ends. */
export function trimCutset(text: string, cutset: string, ends: 'left' | 'right' | 'both'): string {
  const cut = new Set(cutset)
  let start = 0
  let end = text.length
  if (ends !== 'right') {
    for (let char = charAt(text, start); start < end && cut.has(char); char = charAt(text, start)) start += char.length
  }
  if (ends !== 'left') {
    for (let char = charBefore(text, end); end > start && cut.has(char); char = charBefore(text, end))
      end -= char.length
  }
  return text.slice(start, end)
}

import type { Token } from './token.ts'

/** One token: `text.slice(start, end)`. `error` says why an `illegal` one is. */
export interface Lexeme {
  token: Token
  start: number
  end: number
  /** For whitespace: it has a line end in it. */
  newline: boolean
  error: string | undefined
}

/**
 * Reads the token at `start` into `into`, which is reused so that scanning allocates nothing. Runs of whitespace are one
 * token. Words are all `identifier`: which of them are keywords is for the parser to know.
 */
export function readToken(text: string, start: number, into: Lexeme): void {
  into.start = start
  into.newline = false
  into.error = undefined
  if (start >= text.length) {
    into.token = 'eof'
    into.end = start
    return
  }
  const unit = text.charCodeAt(start)
  if (isSpace(unit)) readWhitespace(text, start, into)
  else if (isLetter(unit)) {
    into.token = 'identifier'
    into.end = wordEnd(text, start)
  } else if (isDecimal(unit)) readNumber(text, start, into)
  else if (unit === hash) {
    const end = text.indexOf('\n', start)
    into.token = 'comment'
    into.end = end < 0 ? text.length : end
  } else if (unit === quote) readString(text, start, into)
  else if (unit === backquote) readRawString(text, start, into)
  else if (unit === dollar) readTemplateStart(text, start, into)
  else readPunctuation(text, start, into)
}

/** Reads on in a template string whose expression ended just before `start` (at its `}`, which becomes part of the token). */
export function readTemplatePart(text: string, start: number, raw: boolean, into: Lexeme): void {
  into.start = start
  into.newline = false
  into.error = undefined
  const read = raw ? readRawTemplate : readTemplate
  read(text, start, into)
}

const hash = 0x23
const quote = 0x22
const dollar = 0x24
const backquote = 0x60
const backslash = 0x5c
const braceOpen = 0x7b
const lineFeed = 0x0a

function isSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x09 || unit === lineFeed || unit === 0x0d
}

function isLetter(unit: number): boolean {
  const lower = unit | 0x20
  return (lower >= 0x61 && lower <= 0x7a) || unit === 0x5f
}

function isDecimal(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39
}

const otherDigit = /\p{Nd}/uy

function wordEnd(text: string, start: number): number {
  let end = start
  for (;;) {
    const unit = text.charCodeAt(end)
    if (isLetter(unit) || isDecimal(unit)) end++
    else if (unit >= 0x80) {
      const point = String.fromCodePoint(text.codePointAt(end)!)
      otherDigit.lastIndex = 0
      if (!otherDigit.test(point)) return end
      end += point.length
    } else return end
  }
}

function readWhitespace(text: string, start: number, into: Lexeme): void {
  let end = start
  for (let unit = text.charCodeAt(end); isSpace(unit); unit = text.charCodeAt(++end)) {
    if (unit === lineFeed) into.newline = true
  }
  into.token = 'whitespace'
  into.end = end
}

// number = digits [ "." digits ] [ ( "e" | "E" ) [ "+" | "-" ] digits ]
function readNumber(text: string, start: number, into: Lexeme): void {
  into.token = 'number'
  let end = decimalsEnd(text, start)
  if (text[end] === '.') {
    const fraction = decimalsEnd(text, end + 1)
    if (fraction === end + 1) fail(into, 'expected fraction')
    end = fraction
  }
  if (text[end] === 'e' || text[end] === 'E') {
    const sign = text[end + 1] === '+' || text[end + 1] === '-' ? 1 : 0
    const exponent = decimalsEnd(text, end + 1 + sign)
    if (exponent === end + 1 + sign) fail(into, 'expected exponent')
    end = exponent
  }
  if (isLetter(text.charCodeAt(end))) {
    fail(into, 'illegal number format')
    end = wordEnd(text, end)
  }
  into.end = end
}

function decimalsEnd(text: string, start: number): number {
  let end = start
  while (isDecimal(text.charCodeAt(end))) end++
  return end
}

function fail(into: Lexeme, reason: string): void {
  into.token = 'illegal'
  into.error ??= reason
}

const escapes = new Set('\\"/bfnrt')

function readString(text: string, start: number, into: Lexeme): void {
  into.token = 'string'
  let end = start + 1
  for (;;) {
    const unit = text.charCodeAt(end)
    if (unit === lineFeed || end >= text.length) {
      fail(into, 'non-terminated string')
      break
    }
    end++
    if (unit === quote) break
    if (unit === backslash) end = escapeEnd(text, end, false, into)
  }
  into.end = Math.min(end, text.length)
}

function escapeEnd(text: string, at: number, template: boolean, into: Lexeme): number {
  const char = text[at] ?? ''
  if (escapes.has(char) || (template && char === '{')) return at + 1
  if (char === 'u') return at + 5
  fail(into, 'illegal escape sequence')
  return at
}

function readRawString(text: string, start: number, into: Lexeme): void {
  const end = text.indexOf('`', start + 1)
  into.token = 'string'
  into.end = end < 0 ? text.length : end + 1
  if (end < 0) fail(into, 'non-terminated string')
}

function readTemplateStart(text: string, start: number, into: Lexeme): void {
  const unit = text.charCodeAt(start + 1)
  if (unit === quote) readTemplate(text, start + 1, into)
  else if (unit === backquote) readRawTemplate(text, start + 1, into)
  else {
    fail(into, 'illegal $ character')
    into.end = start + 1
  }
}

function readTemplate(text: string, start: number, into: Lexeme): void {
  into.token = 'template-string-part'
  let end = start + 1
  for (;;) {
    const unit = text.charCodeAt(end)
    if (unit === lineFeed || end >= text.length) {
      fail(into, 'non-terminated string')
      break
    }
    end++
    if (unit === braceOpen) break
    if (unit === quote) {
      if (into.error === undefined) into.token = 'template-string-end'
      break
    }
    if (unit === backslash) end = escapeEnd(text, end, true, into)
  }
  into.end = Math.min(end, text.length)
}

function readRawTemplate(text: string, start: number, into: Lexeme): void {
  into.token = 'raw-template-string-part'
  let end = start + 1
  for (;;) {
    const unit = text.charCodeAt(end)
    if (end >= text.length) {
      fail(into, 'non-terminated string')
      break
    }
    end++
    if (unit === braceOpen) break
    if (unit === backquote) {
      into.token = 'raw-template-string-end'
      break
    }
    if (unit === backslash && text.charCodeAt(end) === braceOpen) end++
  }
  into.end = end
}

const single: { readonly [char: string]: Token } = {
  '[': '[',
  ']': ']',
  '{': '{',
  '}': '}',
  '(': '(',
  ')': ')',
  ',': ',',
  ':': ':',
  ';': ';',
  '.': '.',
  '+': 'plus',
  '-': 'minus',
  '*': 'mul',
  '/': 'div',
  '%': 'rem',
  '&': 'and',
  '|': 'or',
  '=': 'eq',
  '>': 'gt',
  '<': 'lt',
}

const withEquals: { readonly [char: string]: Token } = {
  ':': 'assign',
  '=': 'equal',
  '>': 'gte',
  '<': 'lte',
  '!': 'neq',
}

function readPunctuation(text: string, start: number, into: Lexeme): void {
  const char = text[start]!
  const double = text[start + 1] === '=' ? withEquals[char] : undefined
  if (double !== undefined) {
    into.token = double
    into.end = start + 2
    return
  }
  into.end = start + (text.codePointAt(start)! > 0xffff ? 2 : 1)
  into.token = single[char] ?? 'illegal'
  if (char === '!') fail(into, 'illegal ! character')
}

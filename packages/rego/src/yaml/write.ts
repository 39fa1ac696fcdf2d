import { shortDouble } from '../format/double.ts'
import { jsonEntries } from '../value/json.ts'
import { doubleOf, numberText } from '../value/number.ts'
import { isArray, isNumber, isObject, type Value } from '../value/value.ts'
import { compareKeys } from './key-order.ts'
import { integerOf, resolveScalar } from './resolve.ts'

/** Columns after which a scalar goes on in the next line, at a blank. */
const foldColumn = 80

const BASE_60 = /^[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?$/
const PRINTABLE = /^[\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]*$/u
const DATE = /^\d{4}-\d{1,2}-\d{1,2}(?:$|[Tt ]\d{1,2}:\d{1,2}:\d{1,2})/

/** YAML of the value in the style of Go's yaml.v2: block collections, sequences not indented below their keys. */
export const writeYAML = (value: Value): string => `${lines(value, 0).join('\n')}\n`

const isEmpty = (value: Value): boolean =>
  isArray(value) ? value.length === 0 : isObject(value) && jsonEntries(value).length === 0

const isBlock = (value: Value): boolean => (isArray(value) || isObject(value)) && !isEmpty(value)

/** The lines of the value, of which the first stands at the place where the value begins. */
function lines(value: Value, indent: number): readonly string[] {
  const margin = ' '.repeat(indent)
  // a scalar alone goes on as if it were inside of something
  if (!isBlock(value)) return scalarLines(value, indent + 2, indent)
  if (isArray(value)) {
    return value.flatMap((item, i) => {
      const [first = '', ...rest] = isBlock(item) ? lines(item, indent + 2) : scalarLines(item, indent + 2, indent + 2)
      return [`${i === 0 ? '' : margin}- ${first}`, ...rest]
    })
  }
  const entries = [...jsonEntries(value as Parameters<typeof jsonEntries>[0])].sort((a, b) => compareKeys(a[0], b[0]))
  return entries.flatMap(([key, item], i) => {
    const head = `${i === 0 ? '' : margin}${keyText(key)}:`
    if (isBlock(item)) {
      const below = isArray(item) ? indent : indent + 2
      const [first = '', ...rest] = lines(item, below)
      return [head, ' '.repeat(below) + first, ...rest]
    }
    const [first = '', ...rest] = scalarLines(item, indent + 2, indent + keyText(key).length + 2)
    return [`${head} ${first}`, ...rest]
  })
}

function keyText(key: string): string {
  return key.includes('\n') ? doubleQuoted(key) : scalarLines(key, 0, 0, false).join('\n')
}

function scalarLines(value: Value, indent: number, column: number, folds = true): readonly string[] {
  if (typeof value === 'string') return stringLines(value, indent, column, folds)
  if (isArray(value)) return ['[]']
  if (isNumber(value)) return [numberLine(value)]
  return [isObject(value) ? '{}' : JSON.stringify(value)]
}

function numberLine(value: Parameters<typeof numberText>[0]): string {
  const text = numberText(value)
  const integer = integerOf(text)
  if (integer !== undefined) return String(integer)
  const double = doubleOf(value)
  // beyond what a double can hold it is a text for Go
  return Number.isFinite(double) ? shortDouble(double) : text
}

function stringLines(text: string, indent: number, column: number, folds: boolean): readonly string[] {
  const printable = PRINTABLE.test(text)
  if (text.includes('\n') && folds) {
    const isLiteral = printable && !/ \n/.test(text) && !text.endsWith(' ')
    return isLiteral ? literal(text, indent) : [doubleQuoted(text)]
  }
  const resolvesToString = resolveScalar(text).kind === 'string' && !BASE_60.test(text) && !DATE.test(text)
  if (!printable || !resolvesToString) return fold(doubleQuoted(text), indent, column, folds)
  return isPlain(text)
    ? fold(text, indent, column, folds)
    : fold(`'${text.replaceAll("'", "''")}'`, indent, column, folds)
}

function isPlain(text: string): boolean {
  if (/^(?:---|\.\.\.)/.test(text) || /^ | $/.test(text)) return false
  if (/^[#,[\]{}&*!|>'"%@`]/.test(text) || /^[-?:](?:[ \t]|$)/.test(text)) return false
  return !/:(?:[ \t]|$)/.test(text) && !/[ \t]#/.test(text)
}

/** Breaks the text at single blanks beyond the last column. */
function fold(text: string, indent: number, column: number, folds: boolean): readonly string[] {
  if (!folds || column + text.length <= foldColumn) return [text]
  const out: string[] = []
  let line = ''
  let at = column
  const chars = [...text]
  for (const [i, char] of chars.entries()) {
    const breaks =
      char === ' ' && at > foldColumn && chars[i + 1] !== ' ' && chars[i - 1] !== ' ' && i > 0 && i < chars.length - 1
    if (breaks) {
      out.push(line)
      line = ' '.repeat(indent)
      at = indent
    } else {
      line += char
      at++
    }
  }
  return [...out, line]
}

function literal(text: string, indent: number): readonly string[] {
  const hint = /^[ \n]/.test(text) ? '2' : ''
  const chomping = !text.endsWith('\n') ? '-' : /\n\n$|^\n$/.test(text) ? '+' : ''
  const margin = ' '.repeat(indent)
  const body = text.endsWith('\n') ? text.slice(0, -1) : text
  return [`|${hint}${chomping}`, ...body.split('\n').map(line => (line === '' ? '' : margin + line))]
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\0': '\\0',
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\x1b': '\\e',
  '\x85': '\\N',
  '\xa0': '\\_',
  '\u2028': '\\L',
  '\u2029': '\\P',
}

function doubleQuoted(text: string): string {
  let out = '"'
  for (const char of text) {
    const code = char.codePointAt(0)!
    const known = ESCAPES[char]
    if (known !== undefined) out += known
    else if (PRINTABLE.test(char)) out += char
    else if (code <= 0xff) out += `\\x${code.toString(16).toUpperCase().padStart(2, '0')}`
    else if (code <= 0xffff) out += `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`
    else out += `\\U${code.toString(16).toUpperCase().padStart(8, '0')}`
  }
  return `${out}"`
}

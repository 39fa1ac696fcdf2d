import { RegoError } from '../error.ts'
import { BoundedText } from './bounds.ts'
import { BigNumber } from './number.ts'
import { objectEntries } from './object.ts'
import { SetValue } from './set.ts'
import { TaggedValue } from './tagged.ts'
import type { RegoObject, Value } from './value.ts'

const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

const hex = (n: number, width: number): string => n.toString(16).padStart(width, '0')

/** The string in double quotes, escaped as Go's `strconv.Quote` does, or only in ASCII (`QuoteToASCII`). */
export function quote(text: string, asciiOnly = false): string {
  if (PLAIN.test(text)) return `"${text}"`
  let out = '"'
  for (const char of text) {
    const short = SHORT[char]
    const code = char.codePointAt(0)!
    if (short !== undefined) out += short
    else if (code >= 0xd800 && code <= 0xdfff) out += asciiOnly ? '\\ufffd' : '\ufffd'
    else if (code < 0x7f ? code >= 0x20 : !asciiOnly && PRINTABLE.test(char)) out += char
    else if (code < 0x20 || code === 0x7f) out += `\\x${hex(code, 2)}`
    else out += code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`
  }
  return `${out}"`
}

/** The value as a Rego term, in OPA's spelling: `{"a": [1, 2]}`, `{1, 2}`, `set()`. */
export function termText(value: Value): string {
  if (typeof value === 'string') return quote(value)
  const out = new BoundedText()
  writeTerm(value, out)
  return out.text
}

function writeTerm(value: Value, out: BoundedText): void {
  if (typeof value === 'string') out.add(quote(value))
  else if (typeof value !== 'object' || value === null) out.add(String(value))
  else if (Array.isArray(value)) writeList('[', value as readonly Value[], ']', out)
  else if (value instanceof BigNumber) out.add(value.text)
  else if (value instanceof SetValue) {
    if (value.size === 0) out.add('set()')
    else writeList('{', value.values(), '}', out)
  } else if (value instanceof TaggedValue && (value.tag as string) === 'hole') {
    throw new RegoError({ code: 'eval_internal_error', message: 'a hole has no text' })
  } else {
    let before = '{'
    for (const [key, item] of objectEntries(value as RegoObject)) {
      out.add(before)
      writeTerm(key, out)
      out.add(': ')
      writeTerm(item, out)
      before = ', '
    }
    out.add(before === '{' ? '{}' : '}')
  }
}

function writeList(open: string, items: readonly Value[], close: string, out: BoundedText): void {
  out.add(open)
  for (let i = 0; i < items.length; i++) {
    if (i > 0) out.add(', ')
    writeTerm(items[i]!, out)
  }
  out.add(close)
}

import { truncate } from '../value/arithmetic.ts'
import { toLower, toUpper, trimCutset, trimSpace } from '../value/letters.ts'
import { type NumberValue, numberText } from '../value/number.ts'
import { objectEntries } from '../value/object.ts'
import type { SetValue } from '../value/set.ts'
import { codePointLength, isFlat, unitIndex } from '../value/strings.ts'
import type { RegoObject, Value } from '../value/value.ts'
import { BuiltinError, limitExceeded, operandError } from './builtin-error.ts'
import { boundItems, boundLength, intOperand, membersOf, stringsOf } from './operands.ts'
import { type BuiltinContext, defineBuiltin } from './signature.ts'
import { types as t } from './type-spec.ts'

type Strings = readonly string[] | SetValue
type Text2 = readonly [string, string]
const one = [t.string]
const two = [t.string, t.string]
const stringList = t.array(t.string)
const stringSet = t.set(t.string)
const stringOrList = t.anyOf(t.string, stringSet, stringList)

const BASES: Readonly<Record<string, number>> = { '2': 2, '8': 8, '10': 10, '16': 16 }

function formatInt(value: NumberValue, baseNumber: NumberValue): string {
  const base = BASES[numberText(baseNumber)]
  if (base === undefined) throw operandError(2, 'must be one of {2, 8, 10, 16}')
  return truncate(value).toString(base)
}

function concat(separator: string, value: Strings, context: BuiltinContext): string {
  const strings = membersOf(value) as readonly string[]
  let length = separator.length * Math.max(strings.length - 1, 0)
  for (const string of strings) length += string.length
  boundLength(length, 'concat', context)
  return strings.join(separator)
}

function requireSearch(search: string): void {
  if (search === '') throw new BuiltinError('empty search character')
}

/** The code point at which a UTF-16 index lies. */
const codePointIndex = (text: string, index: number): number =>
  index <= 0 || isFlat(text) ? index : codePointLength(text.slice(0, index))

function indexOf(text: string, search: string): number {
  requireSearch(search)
  return codePointIndex(text, text.indexOf(search))
}

/** All places, overlapping ones too. */
function indexesOf(text: string, search: string, context: BuiltinContext): readonly number[] {
  requireSearch(search)
  const found: number[] = []
  const flat = isFlat(text)
  let units = 0
  let points = 0
  for (let at = text.indexOf(search); at >= 0; at = text.indexOf(search, at + 1)) {
    points += flat ? at - units : codePointLength(text.slice(units, at))
    units = at
    found.push(points)
    context.charge(1)
    if (found.length > context.limits.maxItems) throw limitExceeded('the number of places', context.limits.maxItems)
  }
  return found
}

function substring(text: string, offset: number, length: number): string {
  if (offset < 0) throw new BuiltinError('negative offset')
  if (isFlat(text)) return text.slice(offset, length < 0 ? undefined : offset + length)
  const start = unitIndex(text, offset, 0)
  return text.slice(start, length < 0 ? undefined : unitIndex(text, length, start))
}

function countOf(text: string, search: string): number {
  if (search === '') return codePointLength(text) + 1
  let count = 0
  for (let at = text.indexOf(search); at >= 0; at = text.indexOf(search, at + search.length)) count++
  return count
}

function split(text: string, delimiter: string, context: BuiltinContext): readonly string[] {
  const { maxItems } = context.limits
  if (delimiter === '') {
    boundItems(codePointLength(text), 'split', context)
    return [...text]
  }
  const parts = text.split(delimiter, maxItems + 1)
  boundItems(parts.length, 'split', context)
  return parts
}

/**
 * Replaces at each place the first of the pairs that matches there, never looking at replaced text again, as Go's
 * `strings.Replacer`. An empty pattern matches between any two characters.
 */
function replacePairs(text: string, pairs: readonly Text2[], name: string, context: BuiltinContext): string {
  const empty = pairs.find(([from]) => from === '')
  if (pairs.length === 1 && empty === undefined) {
    const [from, to] = pairs[0]!
    if (to.length > from.length)
      boundLength(text.length + (to.length - from.length) * countOf(text, from), name, context)
    return text.replaceAll(from, () => to)
  }
  context.charge(Math.ceil((text.length * pairs.length) / 64))
  const firsts = new Map<string, Text2[]>()
  for (const pair of pairs) {
    if (pair[0] === '') continue
    const first = String.fromCodePoint(pair[0].codePointAt(0)!)
    const known = firsts.get(first)
    if (known === undefined) firsts.set(first, [pair])
    else known.push(pair)
  }
  let out = ''
  let afterEmpty = false
  for (let at = 0; at <= text.length; ) {
    const char = at < text.length ? String.fromCodePoint(text.codePointAt(at)!) : ''
    const candidates = firsts.get(char)
    const matched = candidates?.find(([from]) => text.startsWith(from, at))
    // the empty pattern, being first in order, wins over all others, but not twice at one place
    if (empty !== undefined && !afterEmpty) {
      out += empty[1]
      afterEmpty = true
      continue
    }
    afterEmpty = false
    if (matched !== undefined) out += matched[1]
    else out += empty === undefined ? char : brokenUp(char, empty[1])
    boundLength(out.length, name, context)
    if (at === text.length) break
    at += matched === undefined ? char.length : matched[0].length
  }
  return out
}

/** A character as OPA leaves it where the empty pattern also matches between its bytes, which then are no text any more. */
function brokenUp(char: string, between: string): string {
  const code = char.codePointAt(0)
  if (code === undefined || code < 0x80 || between === '') return char
  const bytes = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  return Array.from({ length: bytes }, () => '\ufffd').join(between)
}

function replaceN(patterns: RegoObject, text: string, context: BuiltinContext): string {
  const pairs = objectEntries(patterns).map(([from, to]): Text2 => {
    if (typeof from !== 'string') throw operandError(1, 'non-string key found in pattern object')
    if (typeof to !== 'string') throw operandError(1, 'non-string value found in pattern object')
    return [from, to]
  })
  return pairs.length === 0 ? text : replacePairs(text, pairs, 'strings.replace_n', context)
}

/** Whether any of the texts and any of the parts fit: `fits(text, part)`. */
function anyMatch(
  texts: readonly string[],
  parts: readonly string[],
  fits: (text: string, part: string) => boolean,
  { charge }: BuiltinContext,
): boolean {
  const steps = 1 + parts.reduce((sum, part) => sum + part.length, parts.length) / 64
  return texts.some(text => {
    charge(Math.ceil(steps))
    return parts.some(part => fits(text, part))
  })
}

/** Units that are turned round at once. */
const reversedUnits = 65_536

/** The characters in reverse, some at a time: an array of all of them would be many times as large as the text. */
function reverse(text: string): string {
  const parts: string[] = []
  for (let end = text.length; end > 0; ) {
    let start = Math.max(0, end - reversedUnits)
    if (start > 0 && (text.codePointAt(start - 1) ?? 0) > 0xffff) start++
    parts.push(Array.from(text.slice(start, end)).toReversed().join(''))
    end = start
  }
  return parts.join('')
}

const test = (name: string, fits: (text: string, part: string) => boolean) =>
  defineBuiltin({ name, args: two, result: t.boolean, implementation: ([a, b]: Text2) => fits(a, b) })

const edit = (name: string, change: (text: string, part: string) => string) =>
  defineBuiltin({ name, args: two, result: t.string, implementation: ([a, b]: Text2) => change(a, b) })

const change = (name: string, map: (text: string) => string) =>
  defineBuiltin({ name, args: one, result: t.string, implementation: ([text]: readonly [string]) => map(text) })

const anyOf = (name: string, fits: (text: string, part: string) => boolean) =>
  defineBuiltin({
    name,
    args: [stringOrList, stringOrList],
    result: t.boolean,
    implementation: ([texts, parts]: readonly [Value, Value], context) =>
      anyMatch(stringsOf(texts), stringsOf(parts), fits, context),
  })

export const strings = [
  anyOf('strings.any_prefix_match', (text, prefix) => text.startsWith(prefix)),
  anyOf('strings.any_suffix_match', (text, suffix) => text.endsWith(suffix)),
  defineBuiltin({
    name: 'concat',
    args: [t.string, t.anyOf(stringSet, stringList)],
    result: t.string,
    implementation: ([separator, value]: readonly [string, Strings], context) => concat(separator, value, context),
  }),
  defineBuiltin({
    name: 'format_int',
    args: [t.number, t.number],
    result: t.string,
    implementation: ([value, base]: readonly [NumberValue, NumberValue]) => formatInt(value, base),
  }),
  defineBuiltin({ name: 'indexof', args: two, result: t.number, implementation: ([a, b]: Text2) => indexOf(a, b) }),
  defineBuiltin({
    name: 'indexof_n',
    args: two,
    result: t.array(t.number),
    implementation: ([a, b]: Text2, context) => indexesOf(a, b, context),
  }),
  defineBuiltin({
    name: 'substring',
    args: [t.string, t.number, t.number],
    result: t.string,
    implementation: ([text, offset, length]: readonly [string, NumberValue, NumberValue]) =>
      substring(text, intOperand(offset, 2), intOperand(length, 3)),
  }),
  change('lower', toLower),
  change('upper', toUpper),
  change('trim_space', trimSpace),
  change('strings.reverse', reverse),
  test('contains', (text, part) => text.includes(part)),
  test('startswith', (text, part) => text.startsWith(part)),
  test('endswith', (text, part) => text.endsWith(part)),
  defineBuiltin({
    name: 'strings.count',
    args: two,
    result: t.number,
    implementation: ([a, b]: Text2) => countOf(a, b),
  }),
  defineBuiltin({
    name: 'split',
    args: two,
    result: stringList,
    implementation: ([text, delimiter]: Text2, context) => split(text, delimiter, context),
  }),
  defineBuiltin({
    name: 'replace',
    args: [t.string, t.string, t.string],
    result: t.string,
    implementation: ([text, from, to]: readonly [string, string, string], context) =>
      replacePairs(text, [[from, to]], 'replace', context),
  }),
  defineBuiltin({
    name: 'strings.replace_n',
    args: [t.object(t.string, t.string), t.string],
    result: t.string,
    implementation: ([patterns, text]: readonly [RegoObject, string], context) => replaceN(patterns, text, context),
  }),
  edit('trim', (text, cutset) => trimCutset(text, cutset, 'both')),
  edit('trim_left', (text, cutset) => trimCutset(text, cutset, 'left')),
  edit('trim_right', (text, cutset) => trimCutset(text, cutset, 'right')),
  edit('trim_prefix', (text, prefix) => (text.startsWith(prefix) ? text.slice(prefix.length) : text)),
  edit('trim_suffix', (text, suffix) => (text.endsWith(suffix) ? text.slice(0, text.length - suffix.length) : text)),
]

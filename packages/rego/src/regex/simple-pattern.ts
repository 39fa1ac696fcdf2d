/** A set of code points: ordered, disjoint ranges, ends included. */
export type Ranges = readonly (readonly [from: number, to: number])[]

/**
 * The part of RE2's syntax that is told to the native engine: one code point, sequence, choice, repetition, group, and
 * the two ends of the text.
 */
export type Pattern =
  | { readonly kind: 'char'; readonly ranges: Ranges }
  | { readonly kind: 'sequence'; readonly items: readonly Pattern[] }
  | { readonly kind: 'choice'; readonly options: readonly Pattern[] }
  | {
      readonly kind: 'repeat'
      readonly item: Pattern
      readonly min: number
      readonly max: number
      readonly lazy: boolean
    }
  | { readonly kind: 'group'; readonly item: Pattern; readonly captures: boolean }
  | { readonly kind: 'start' | 'end' }

const LAST = 0x10ffff
/** RE2's own bound on counted repetition. */
const maxRepeat = 1_000

const DIGIT: Ranges = [[48, 57]]
const WORD: Ranges = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
]
const SPACE: Ranges = [
  [9, 10],
  [12, 13],
  [32, 32],
]
const ANY: Ranges = [
  [0, 9],
  [11, LAST],
]

const CLASSES: Readonly<Record<string, Ranges>> = {
  d: DIGIT,
  w: WORD,
  s: SPACE,
  D: invert(DIGIT),
  W: invert(WORD),
  S: invert(SPACE),
}
const CONTROLS: Readonly<Record<string, number>> = { t: 9, n: 10, f: 12, r: 13, v: 11, a: 7 }

/** The code points that are not in the ranges. */
export function invert(ranges: Ranges): Ranges {
  const out: [number, number][] = []
  let next = 0
  for (const [from, to] of ranges) {
    if (from > next) out.push([next, from - 1])
    next = Math.max(next, to + 1)
  }
  if (next <= LAST) out.push([next, LAST])
  return out
}

function merge(ranges: readonly (readonly [number, number])[]): Ranges {
  const out: [number, number][] = []
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = out.at(-1)
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to)
    else out.push([from, to])
  }
  return out
}

interface Cursor {
  readonly text: string
  at: number
}

/** Thrown inside and caught here: the pattern has something that is left to the other engine. */
class NotSimple extends Error {}

/** Reads the pattern; undefined where it is wrong, or uses more of RE2's syntax than this knows. */
export function parseSimplePattern(text: string): Pattern | undefined {
  const cursor: Cursor = { text, at: 0 }
  try {
    const pattern = parseChoice(cursor)
    return cursor.at === text.length ? pattern : undefined
  } catch (error) {
    if (error instanceof NotSimple) return undefined
    throw error
  }
}

function parseChoice(cursor: Cursor): Pattern {
  const options = [parseSequence(cursor)]
  while (cursor.text[cursor.at] === '|') {
    cursor.at++
    options.push(parseSequence(cursor))
  }
  return options.length === 1 ? options[0]! : { kind: 'choice', options }
}

function parseSequence(cursor: Cursor): Pattern {
  const items: Pattern[] = []
  while (cursor.at < cursor.text.length && cursor.text[cursor.at] !== '|' && cursor.text[cursor.at] !== ')') {
    items.push(parseRepeat(cursor))
  }
  return items.length === 1 ? items[0]! : { kind: 'sequence', items }
}

const COUNT = /\{(\d{1,4})(?:(,)(\d{1,4})?)?\}/y

function parseRepeat(cursor: Cursor): Pattern {
  const item = parseAtom(cursor)
  const bounds = parseBounds(cursor)
  if (bounds === undefined) return item
  if (item.kind === 'start' || item.kind === 'end') throw new NotSimple()
  const lazy = cursor.text[cursor.at] === '?'
  if (lazy) cursor.at++
  // RE2 refuses a second repetition operator
  if (/[*+?]/.test(cursor.text[cursor.at] ?? '') || parseBounds(cursor) !== undefined) throw new NotSimple()
  return { kind: 'repeat', item, ...bounds, lazy }
}

function parseBounds(cursor: Cursor): { min: number; max: number } | undefined {
  switch (cursor.text[cursor.at]) {
    case '*':
      cursor.at++
      return { min: 0, max: Number.POSITIVE_INFINITY }
    case '+':
      cursor.at++
      return { min: 1, max: Number.POSITIVE_INFINITY }
    case '?':
      cursor.at++
      return { min: 0, max: 1 }
    case '{': {
      COUNT.lastIndex = cursor.at
      const match = COUNT.exec(cursor.text)
      if (match === null) throw new NotSimple()
      cursor.at = COUNT.lastIndex
      const min = Number(match[1])
      const max = match[2] === undefined ? min : match[3] === undefined ? Number.POSITIVE_INFINITY : Number(match[3])
      if (min > maxRepeat || (max > maxRepeat && Number.isFinite(max)) || max < min) throw new NotSimple()
      return { min, max }
    }
    default:
      return undefined
  }
}

function parseAtom(cursor: Cursor): Pattern {
  const code = cursor.text.codePointAt(cursor.at)!
  const char = String.fromCodePoint(code)
  cursor.at += char.length
  switch (char) {
    case '^':
      return { kind: 'start' }
    case '$':
      return { kind: 'end' }
    case '.':
      return { kind: 'char', ranges: ANY }
    case '(':
      return parseGroup(cursor)
    case '[':
      return { kind: 'char', ranges: parseClass(cursor) }
    case '\\':
      return { kind: 'char', ranges: parseEscape(cursor) }
    case '*':
    case '+':
    case '?':
    case '{':
      throw new NotSimple()
    default:
      return { kind: 'char', ranges: [[code, code]] }
  }
}

function parseGroup(cursor: Cursor): Pattern {
  const captures = cursor.text[cursor.at] !== '?'
  if (!captures) {
    if (cursor.text[cursor.at + 1] !== ':') throw new NotSimple()
    cursor.at += 2
  }
  const item = parseChoice(cursor)
  if (cursor.text[cursor.at] !== ')') throw new NotSimple()
  cursor.at++
  return { kind: 'group', item, captures }
}

function parseEscape(cursor: Cursor): Ranges {
  const char = cursor.text[cursor.at]
  if (char === undefined) throw new NotSimple()
  cursor.at++
  const known = CLASSES[char]
  if (known !== undefined) return known
  const control = CONTROLS[char]
  if (control !== undefined) return [[control, control]]
  // punctuation stands for itself; letters and digits may mean more
  if (!/[!-/:-@[-`{-~]/.test(char) || char === '_') throw new NotSimple()
  return [[char.charCodeAt(0), char.charCodeAt(0)]]
}

function parseClass(cursor: Cursor): Ranges {
  const negated = cursor.text[cursor.at] === '^'
  if (negated) cursor.at++
  const ranges: (readonly [number, number])[] = []
  for (let first = true; first || cursor.text[cursor.at] !== ']'; first = false) {
    const char = cursor.text[cursor.at]
    if (char === undefined || (char === '[' && cursor.text[cursor.at + 1] === ':')) throw new NotSimple()
    // a dash is plain only at the ends
    if (char === '-' && !first && cursor.text[cursor.at + 1] !== ']') throw new NotSimple()
    const from = classMember(cursor)
    const isRange = cursor.text[cursor.at] === '-' && cursor.text[cursor.at + 1] !== ']'
    if (!isRange) {
      ranges.push(...from)
      continue
    }
    cursor.at++
    const to = classMember(cursor)
    if (from.length !== 1 || to.length !== 1) throw new NotSimple()
    const low = from[0]![0]
    const high = to[0]![1]
    if (from[0]![1] !== low || to[0]![0] !== high || high < low) throw new NotSimple()
    ranges.push([low, high])
  }
  cursor.at++
  const merged = merge(ranges)
  return negated ? invert(merged) : merged
}

function classMember(cursor: Cursor): Ranges {
  const code = cursor.text.codePointAt(cursor.at)
  if (code === undefined) throw new NotSimple()
  cursor.at += code > 0xffff ? 2 : 1
  return code === 92 ? parseEscape(cursor) : [[code, code]]
}

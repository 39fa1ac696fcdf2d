import { BuiltinError } from '../builtins/builtin-error.ts'
import { compilePattern, maxPatternLength, type Regex } from './regex.ts'
import { invert, type Pattern, type Ranges } from './simple-pattern.ts'

const ANY: Ranges = [[0, 0x10ffff]]
const MANY = { min: 0, max: Number.POSITIVE_INFINITY, lazy: false }

interface Cursor {
  readonly chars: readonly string[]
  at: number
  /** How many `{` are open. */
  depth: number
  readonly notDelimiter: Ranges
}

/** Nested `{` that a glob may have. */
const maxDepth = 50

/**
 * Compiles a glob of gobwas' kind: `*` is any text without delimiters, `**` any text, `?` one character but a
 * delimiter, `[a-z]`, `[!abc]`, `{a,b}`, `\` takes the next character as it is.
 */
export function compileGlob(glob: string, delimiters: readonly string[]): Regex {
  if (glob.length > maxPatternLength) throw new BuiltinError(`glob of more than ${maxPatternLength} characters`)
  const singles = delimiters.map((delimiter): readonly [number, number] => {
    const code = delimiter.codePointAt(0)!
    return [code, code]
  })
  const notDelimiter = invert([...singles].sort((a, b) => a[0] - b[0]))
  const cursor: Cursor = { chars: [...glob], at: 0, depth: 0, notDelimiter }
  const body = parseSequence(cursor)
  const whole: Pattern = { kind: 'sequence', items: [{ kind: 'start' }, body, { kind: 'end' }] }
  return compilePattern(whole, source(whole))
}

const charPattern = (char: string): Pattern => {
  const code = char.codePointAt(0)!
  return { kind: 'char', ranges: [[code, code]] }
}

function parseSequence(cursor: Cursor): Pattern {
  const items: Pattern[] = []
  while (cursor.at < cursor.chars.length) {
    const char = cursor.chars[cursor.at]!
    if (cursor.depth > 0 && (char === ',' || char === '}')) break
    cursor.at++
    const item = parseItem(cursor, char)
    if (item !== undefined) items.push(item)
  }
  return { kind: 'sequence', items }
}

function parseItem(cursor: Cursor, char: string): Pattern | undefined {
  switch (char) {
    case '*': {
      let ranges = cursor.notDelimiter
      if (cursor.chars[cursor.at] === '*') {
        cursor.at++
        ranges = ANY
      }
      return { kind: 'repeat', item: { kind: 'char', ranges }, ...MANY }
    }
    case '?':
      return { kind: 'char', ranges: cursor.notDelimiter }
    case '[':
      return { kind: 'char', ranges: parseClass(cursor) }
    case '{':
      return parseChoice(cursor)
    case '\\': {
      const escaped = cursor.chars[cursor.at++]
      return escaped === undefined ? undefined : charPattern(escaped)
    }
    default:
      return charPattern(char)
  }
}

/** An open `{` may miss its `}`. */
function parseChoice(cursor: Cursor): Pattern {
  if (cursor.depth >= maxDepth) throw new BuiltinError(`glob with more than ${maxDepth} nested alternatives`)
  cursor.depth++
  const options = [parseSequence(cursor)]
  while (cursor.chars[cursor.at] === ',') {
    cursor.at++
    options.push(parseSequence(cursor))
  }
  cursor.at++
  cursor.depth--
  return { kind: 'group', captures: false, item: { kind: 'choice', options } }
}

/** Either one range or a list of characters, never both. */
function parseClass(cursor: Cursor): Ranges {
  const { chars } = cursor
  const unclosed = new BuiltinError('unexpected end of input')
  const negated = chars[cursor.at] === '!'
  if (negated) cursor.at++
  const ranges: (readonly [number, number])[] = []
  if (chars[cursor.at] !== undefined && chars[cursor.at + 1] === '-') {
    const low = chars[cursor.at]!
    const high = chars[cursor.at + 2]
    if (high === undefined || chars[cursor.at + 3] === undefined) throw unclosed
    if (chars[cursor.at + 3] !== ']') throw new BuiltinError('expected close range character')
    if (high.codePointAt(0)! < low.codePointAt(0)!) {
      throw new BuiltinError(`hi character '${high}' should be greater than lo '${low}'`)
    }
    ranges.push([low.codePointAt(0)!, high.codePointAt(0)!])
    cursor.at += 4
  } else {
    for (let char = chars[cursor.at]; char !== ']'; char = chars[cursor.at]) {
      if (char === '\\') char = chars[++cursor.at]
      if (char === undefined) throw unclosed
      ranges.push([char.codePointAt(0)!, char.codePointAt(0)!])
      cursor.at++
    }
    if (ranges.length === 0) throw new BuiltinError('could not parse range')
    cursor.at++
  }
  const merged = invert(invert([...ranges].sort((a, b) => a[0] - b[0])))
  return negated ? invert(merged) : merged
}

const spell = (code: number): string => `\\x{${code.toString(16)}}`

/** The pattern in RE2's syntax. */
function source(pattern: Pattern): string {
  switch (pattern.kind) {
    case 'char':
      if (pattern.ranges.length === 0) return '[^\\x{0}-\\x{10ffff}]'
      return `[${pattern.ranges.map(([from, to]) => `${spell(from)}-${spell(to)}`).join('')}]`
    case 'start':
      return '\\A'
    case 'end':
      return '\\z'
    case 'group':
      return `(?:${source(pattern.item)})`
    case 'sequence':
      return pattern.items.map(source).join('')
    case 'choice':
      return pattern.options.map(source).join('|')
    case 'repeat':
      return `${source(pattern.item)}*`
  }
}

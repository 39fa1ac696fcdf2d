import { byteLength, fromBytes, isSpace, lowerCase, toBytes, trim, trimStart, wellFormed } from './characters.ts'
import { syntaxError } from './error.ts'
import type { LogicalLine } from './logical-line.ts'
import type { Place } from './types.ts'

/** Some text and where it begins in the file. */
export interface Word {
  readonly text: string
  readonly place: Place
}

export interface Heredoc {
  readonly name: string
  /** `<<-`: leading tabs are taken off. */
  readonly chomp: boolean
  /** The word was not quoted, so that variables in the content are expanded. */
  readonly expand: boolean
  readonly content: string
}

/** An instruction taken apart as far as its grammar says, before its meaning. */
export interface Statement {
  /** As written. */
  readonly name: string
  readonly place: Place
  /** The logical line. */
  readonly line: LogicalLine
  /** `--from=build`, quotes and escapes taken off. */
  readonly flags: readonly Word[]
  readonly args: readonly Word[]
  /** Whether the arguments were a JSON array. */
  readonly json: boolean
  /** The instruction inside ONBUILD. */
  readonly trigger?: Statement
  readonly heredocs: readonly Heredoc[]
}

/** How the arguments of an instruction are written. */
type Form =
  /** `a b c` */
  | 'words'
  /** `["a", "b"]` or all of the rest as one argument */
  | 'json-or-text'
  /** `["a", "b"]` or `a b` */
  | 'json-or-words'
  /** `a=b "c=d e"`: quotes are kept, spaces in them do not separate */
  | 'quoted-words'
  /** `a=b c=d` or the old form `a b c`, which sets a to `b c` */
  | 'pairs'
  /** all of the rest as one argument */
  | 'text'
  /** another instruction */
  | 'instruction'
  /** `CMD` and what `json-or-text` says, or `NONE` */
  | 'healthcheck'

const forms: ReadonlyMap<string, Form> = new Map<string, Form>([
  ['add', 'json-or-words'],
  ['arg', 'quoted-words'],
  ['cmd', 'json-or-text'],
  ['copy', 'json-or-words'],
  ['entrypoint', 'json-or-text'],
  ['env', 'pairs'],
  ['expose', 'words'],
  ['from', 'words'],
  ['healthcheck', 'healthcheck'],
  ['label', 'pairs'],
  ['maintainer', 'text'],
  ['onbuild', 'instruction'],
  ['run', 'json-or-text'],
  ['shell', 'json-or-text'],
  ['stopsignal', 'text'],
  ['user', 'text'],
  ['volume', 'json-or-words'],
  ['workdir', 'text'],
])

const separator = /[\t\v\f\r ]+/

/** A part of a logical line, with its offset there. */
interface Slice {
  readonly text: string
  readonly offset: number
}

/** Takes a logical line apart, or the part of it that begins at `offset`. Throws `syntax_error`. */
export function parseStatement(line: LogicalLine, escapeCharacter: string, offset = 0): Statement {
  const all = trimSlice({ text: line.text.slice(offset), offset })
  const gap = separator.exec(all.text)
  const name = gap === null ? all.text : all.text.slice(0, gap.index)
  const place = line.placeAt(all.offset)
  const rest: Slice =
    gap === null
      ? { text: '', offset: all.offset + all.text.length }
      : { text: all.text.slice(gap.index + gap[0].length), offset: all.offset + gap.index + gap[0].length }
  const { flags, rest: body } = gap === null ? { flags: [], rest } : splitFlags(rest, escapeCharacter)
  const word = ({ text, offset: at }: Slice): Word => ({ text, place: line.placeAt(at) })
  const form = forms.get(lowerCase(name))
  return {
    name,
    place,
    line,
    flags: flags.map(word),
    heredocs: [],
    ...parseBody(form, trimSlice(body), { name, place, line, escapeCharacter, word }),
  }
}

interface BodyContext {
  readonly name: string
  readonly place: Place
  readonly line: LogicalLine
  readonly escapeCharacter: string
  readonly word: (slice: Slice) => Word
}

type Body = Pick<Statement, 'args' | 'json' | 'trigger'>

function parseBody(form: Form | undefined, rest: Slice, context: BodyContext): Body {
  const { word } = context
  const wordsOf = (slice: Slice): Word[] => splitWords(slice).map(word)
  const plain = (args: readonly Word[]): Body => ({ args, json: false })
  if (form === undefined || rest.text === '') return plain([])
  switch (form) {
    case 'words':
      return plain(wordsOf(rest))
    case 'text':
      return plain([word(rest)])
    case 'json-or-words':
      return parseJSONForm(rest, context) ?? plain(wordsOf(rest))
    case 'json-or-text':
      return parseJSONForm(rest, context) ?? plain([word(rest)])
    case 'quoted-words':
      return plain(splitQuotedWords(rest, context.escapeCharacter).map(word))
    case 'pairs':
      return plain(splitPairs(rest, context))
    case 'instruction': {
      // hostile: ONBUILD in ONBUILD, thousands deep
      if (/^onbuild(?![^\t\v\f\r ])/i.test(rest.text)) throw syntaxError(context.place, 'ONBUILD cannot hold ONBUILD')
      const trigger = parseStatement(context.line, context.escapeCharacter, rest.offset)
      const args = [{ text: trigger.name, place: trigger.place }, ...trigger.args]
      return { args, json: false, trigger }
    }
    case 'healthcheck': {
      const end = rest.text.search(separator)
      if (end === -1) return plain([word(rest)])
      const type = { text: rest.text.slice(0, end), offset: rest.offset }
      const tail = rest.text.slice(end)
      const command = trimStart(tail)
      if (command === '') return plain([word(type)])
      const after = { text: command, offset: rest.offset + rest.text.length - command.length }
      const parsed = parseJSONForm(after, context) ?? plain([word(after)])
      return { args: [word(type), ...parsed.args], json: parsed.json }
    }
    default:
      return form satisfies never
  }
}

function trimSlice({ text, offset }: Slice): Slice {
  return { text: trim(text), offset: offset + text.length - trimStart(text).length }
}

function splitWords({ text, offset }: Slice): Slice[] {
  const words: Slice[] = []
  let start = 0
  for (const gap of text.matchAll(new RegExp(separator, 'g'))) {
    words.push({ text: text.slice(start, gap.index), offset: offset + start })
    start = gap.index + gap[0].length
  }
  words.push({ text: text.slice(start), offset: offset + start })
  return words
}

/** The JSON form of arguments, or undefined where the text is not JSON, which makes it the other form. */
function parseJSONForm(rest: Slice, { name, place, word }: BodyContext): Body | undefined {
  const text = trimStart(rest.text)
  if (!text.startsWith('[')) return undefined
  let items: unknown
  try {
    items = JSON.parse(text)
  } catch {
    // "a Dockerfile instruction whose argument is not valid JSON is in shell form"
    return undefined
  }
  if (!Array.isArray(items)) return undefined
  if (!items.every(item => typeof item === 'string')) {
    throw syntaxError(place, `parsing ${name}: a JSON array of arguments holds strings only`)
  }
  return { args: items.map(item => ({ ...word(rest), text: wellFormed(item) })), json: true }
}

/**
 * Takes leading `--flags` off. BuildKit does so byte by byte and takes each byte for a character: a flag that is not
 * ASCII comes out mangled, and names nothing then.
 */
function splitFlags({ text, offset }: Slice, escapeCharacter: string): { flags: Slice[]; rest: Slice } {
  const bytes = toBytes(text)
  const isASCII = bytes.length === text.length
  const offsets = isASCII ? [] : characterOffsets(text)
  const offsetOf = (index: number): number => offset + (isASCII ? index : (offsets[index] ?? text.length))
  const restFrom = (index: number): Slice => ({
    text: isASCII ? bytes.slice(index) : fromBytes(bytes.slice(index)),
    offset: offsetOf(index),
  })

  const flags: Slice[] = []
  let index = 0
  for (;;) {
    while (index < bytes.length && isSpace(bytes.charAt(index))) index++
    if (index === bytes.length) return { flags, rest: restFrom(index) }
    if (!bytes.startsWith('--', index)) return { flags, rest: restFrom(index) }
    const start = index
    let flag = ''
    let quote = ''
    let wasQuoted = false
    for (; index < bytes.length; index++) {
      let character = bytes.charAt(index)
      if (quote === '' && isSpace(character)) break
      if (quote === '' ? character === "'" || character === '"' : character === quote) {
        wasQuoted ||= quote === ''
        quote = quote === '' ? character : ''
        continue
      }
      if (character === escapeCharacter) {
        // an escape character at the end is left out
        if (index + 1 === bytes.length) continue
        character = bytes.charAt(++index)
      }
      flag += character
    }
    if (flag === '--') return { flags, rest: restFrom(index) }
    if (flag !== '' || wasQuoted) flags.push({ text: flag, offset: offsetOf(start) })
  }
}

/** For each byte of the text in UTF-8 the offset of its character. */
function characterOffsets(text: string): number[] {
  const offsets: number[] = []
  let offset = 0
  for (const character of text) {
    for (let bytes = byteLength(character); bytes > 0; bytes--) offsets.push(offset)
    offset += character.length
  }
  return offsets
}

/** Splits at spaces outside quotes; quotes and escapes stay. */
function splitQuotedWords({ text, offset }: Slice, escapeCharacter: string): Slice[] {
  const words: Slice[] = []
  let index = 0
  for (;;) {
    while (index < text.length && isSpace(text.charAt(index))) index++
    if (index >= text.length) return words
    const start = index
    let word = ''
    let quote = ''
    let isWord = false
    while (index < text.length) {
      const character = String.fromCodePoint(text.codePointAt(index) ?? 0)
      if (quote === '' && isSpace(character)) break
      index += character.length
      if (quote === '') {
        if (character === "'" || character === '"') {
          quote = character
          isWord = true
        }
      } else if (character === quote) quote = ''
      // inside single quotes nothing is escaped, the quote that ends them included
      if (character !== escapeCharacter || quote === "'") {
        word += character
        continue
      }
      if (index >= text.length) break
      const escaped = String.fromCodePoint(text.codePointAt(index) ?? 0)
      index += escaped.length
      word += character + escaped
    }
    if (isWord || word !== '') words.push({ text: word, offset: offset + start })
  }
}

/** Names and values in turn, each pair followed by `=` or, in the old form, nothing. */
function splitPairs(rest: Slice, { name, place, escapeCharacter, word }: BodyContext): Word[] {
  const words = splitQuotedWords(rest, escapeCharacter)
  const [first] = words
  if (first === undefined) return []
  if (!first.text.includes('=')) {
    const gap = separator.exec(rest.text)
    if (gap === null) throw syntaxError(place, `parsing ${name.toUpperCase()}: expected a name and a value`)
    const value = { text: rest.text.slice(gap.index + gap[0].length), offset: rest.offset + gap.index + gap[0].length }
    return [
      word({ text: rest.text.slice(0, gap.index), offset: rest.offset }),
      word(value),
      word({ ...value, text: '' }),
    ]
  }
  return words.flatMap(({ text, offset }) => {
    const equals = text.indexOf('=')
    if (equals === -1) {
      throw syntaxError(place, `parsing ${name.toUpperCase()}: expected name=value, got ${JSON.stringify(text)}`)
    }
    const value = { text: text.slice(equals + 1), offset: offset + equals + 1 }
    return [word({ text: text.slice(0, equals), offset }), word(value), word({ text: '=', offset: offset + equals })]
  })
}

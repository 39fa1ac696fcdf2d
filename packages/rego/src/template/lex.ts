import { fault } from './parse.ts'

export type Lexeme =
  | { readonly kind: 'literal'; readonly text: string; readonly value: string | bigint | number | boolean | null }
  | { readonly kind: 'variable' | 'word' | 'symbol' | 'dot'; readonly text: string }
  /** `.name`; joined where no blank stands before it. */
  | { readonly kind: 'field'; readonly text: string; readonly joined: boolean }

/** Cuts a template into texts and what stands in `{{ }}`, and trims the texts where a dash asks for it. */
export function splitTemplate(template: string): readonly ({ readonly text: string } | { readonly action: string })[] {
  const pieces: ({ text: string } | { action: string })[] = []
  let at = 0
  let trimNext = false
  for (let open = template.indexOf('{{'); open >= 0; open = template.indexOf('{{', at)) {
    const trimsBefore = /^-[ \t\r\n]/.test(template.slice(open + 2, open + 4))
    let text = template.slice(at, open)
    if (trimNext) text = text.replace(/^[ \t\r\n]+/, '')
    if (trimsBefore) text = text.replace(/[ \t\r\n]+$/, '')
    const start = open + (trimsBefore ? 3 : 2)
    const close = closeOf(template, start)
    const raw = template.slice(start, close)
    trimNext = /[ \t\r\n]-$/.test(raw)
    pieces.push({ text }, { action: trimNext ? raw.slice(0, -1) : raw })
    at = close + 2
  }
  const rest = template.slice(at)
  pieces.push({ text: trimNext ? rest.replace(/^[ \t\r\n]+/, '') : rest })
  return pieces
}

const TOKEN_BEFORE_CLOSE = /"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\\n]|\\.)*'|\/\*[\s\S]*?\*\/|\}\}/g

/** The place of the `}}` that is in no string and no comment. */
function closeOf(template: string, from: number): number {
  TOKEN_BEFORE_CLOSE.lastIndex = from
  for (let match = TOKEN_BEFORE_CLOSE.exec(template); match !== null; match = TOKEN_BEFORE_CLOSE.exec(template)) {
    if (match[0] === '}}') return match.index
  }
  throw fault('unclosed action')
}

const NAME = '[\\p{L}_][\\p{L}\\p{Nd}_]*'
const LEXEME = new RegExp(
  [
    '(?<blank>[ \\t\\r\\n]+)',
    '(?<string>"(?:[^"\\\\\\n]|\\\\.)*")',
    '(?<raw>`[^`]*`)',
    "(?<char>'(?:[^'\\\\\\n]|\\\\.)+')",
    '(?<number>[+-]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|(?:\\d+(?:\\.\\d*)?|\\.\\d+)(?:[eE][+-]?\\d+)?))',
    `(?<variable>\\$(?:${NAME})?)`,
    `\\.(?<field>${NAME})`,
    '(?<dot>\\.)',
    `(?<word>${NAME})`,
    '(?<symbol>:=|=|\\||\\(|\\)|,)',
  ].join('|'),
  'uy',
)

const WORDS: ReadonlyMap<string, boolean | null> = new Map<string, boolean | null>([
  ['true', true],
  ['false', false],
  ['nil', null],
])

/** The lexemes of an action; none for a comment. */
export function lexAction(action: string): readonly Lexeme[] {
  if (/^[ \t\r\n]*\/\*[\s\S]*\*\/[ \t\r\n]*$/.test(action)) return []
  const lexemes: Lexeme[] = []
  let afterBlank = true
  LEXEME.lastIndex = 0
  while (LEXEME.lastIndex < action.length) {
    const start = LEXEME.lastIndex
    const groups = LEXEME.exec(action)?.groups
    if (groups === undefined) throw fault(`unexpected ${JSON.stringify(action.slice(start, start + 1))} in command`)
    if (groups.blank === undefined) lexemes.push(lexemeOf(groups, afterBlank))
    afterBlank = groups.blank !== undefined
  }
  if (lexemes.length === 0) throw fault('missing value for command')
  return lexemes
}

function lexemeOf(groups: Readonly<Record<string, string | undefined>>, afterBlank: boolean): Lexeme {
  const { string, raw, char, number, variable, field, dot, word, symbol } = groups
  if (string !== undefined) return { kind: 'literal', text: string, value: unquote(string) }
  if (raw !== undefined) return { kind: 'literal', text: raw, value: raw.slice(1, -1) }
  if (char !== undefined) {
    const value = unquote(`"${char.slice(1, -1).replace(/^\\'$/, "'").replace(/^"$/, '\\"')}"`)
    return { kind: 'literal', text: char, value: BigInt(value.codePointAt(0) ?? 0) }
  }
  if (number !== undefined) return { kind: 'literal', text: number, value: numberOf(number) }
  if (variable !== undefined) return { kind: 'variable', text: variable }
  if (field !== undefined) return { kind: 'field', text: field, joined: !afterBlank }
  if (dot !== undefined) return { kind: 'dot', text: dot }
  if (word !== undefined) {
    const value = WORDS.get(word)
    return value === undefined ? { kind: 'word', text: word } : { kind: 'literal', text: word, value }
  }
  return { kind: 'symbol', text: symbol! }
}

const numberOf = (text: string): bigint | number => {
  const size = text.replace(/^[+-]/, '')
  const value = /[.eE]/.test(size) && !/^0[xX]/.test(size) ? Number(size) : BigInt(size)
  return text.startsWith('-') ? -value : value
}

const SIMPLE: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

/** The text of a Go string literal. */
function unquote(quoted: string): string {
  return quoted
    .slice(1, -1)
    .replace(
      /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/g,
      (_, x, u, long, octal, char) => {
        const hex: string | undefined = x ?? u ?? long
        if (hex !== undefined) return String.fromCodePoint(Math.min(Number.parseInt(hex, 16), 0x10ffff))
        if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8))
        return SIMPLE[char as string] ?? (char as string)
      },
    )
}

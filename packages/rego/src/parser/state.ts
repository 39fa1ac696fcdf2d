import type { Comment, Term, VarTerm } from '../ast.ts'
import { RegoError } from '../error.ts'
import { type Lexeme, readTemplatePart, readToken } from '../lexer/lexer.ts'
import { coreKeywords, futureKeywords, isKeyword, type Keyword, type Token } from '../lexer/token.ts'
import { maxModuleLength, maxParseDepth } from '../limits.ts'
import { lineOf, locationOf, type SourceText, type Span } from '../source-text.ts'

export interface ParseOptions {
  /** The syntax to expect; default 'v1'. In v0 `if`, `contains`, `in` and `every` are words until imported. */
  readonly regoVersion?: 'v1' | 'v0'
  /** Names that no rule without a body can have, since a call of them would be an expression. */
  readonly isBuiltin?: (name: string) => boolean
}

/** What a step back needs. Comments need none: where they stand does not depend on how the text is understood. */
export interface Mark {
  readonly token: Token
  readonly start: number
  readonly end: number
  readonly lastEnd: number
  readonly skippedNewline: boolean
  readonly wildcards: number
  readonly error: string | undefined
}

/** A term that was parsed at some place, or why it could not be, so that stepping back costs nothing twice. */
interface Parsed {
  readonly term: Term | undefined
  readonly error: unknown
  readonly after: Mark
}

/** The state of parsing one text: the current token and what surrounds it. */
export interface Parser {
  readonly source: SourceText
  readonly text: string
  readonly version: 'v1' | 'v0'
  readonly options: ParseOptions
  keywords: ReadonlyMap<string, Keyword>
  /** The current token, `text.slice(start, end)`. */
  token: Token
  start: number
  end: number
  error: string | undefined
  /** Where the token before the current one ended, whitespace and comments not counted. */
  lastEnd: number
  /** A line end stands between that and the current token. */
  skippedNewline: boolean
  wildcards: number
  depth: number
  /** The depth limit was hit: no other reading of the text is tried. */
  exhausted: boolean
  readonly comments: Map<number, Comment>
  readonly terms: Map<number, Parsed>
  readonly lexeme: Lexeme
  /** Offset of the first character that may stand nowhere, with the reason. */
  readonly illegalAt: number
}

const illegalCharacter = /[\0\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

const keywordMap = (words: readonly Keyword[]): ReadonlyMap<string, Keyword> => new Map(words.map(word => [word, word]))

const keywordsOfV0 = keywordMap(coreKeywords)
export const keywordsOfV1 = keywordMap([...coreKeywords, ...futureKeywords])

export function startParser(source: SourceText, options: ParseOptions): Parser {
  const { text } = source
  const version = options.regoVersion ?? 'v1'
  const from = text.startsWith('\ufeff') ? 1 : 0
  illegalCharacter.lastIndex = from
  const p: Parser = {
    source,
    text,
    version,
    options,
    keywords: version === 'v1' ? keywordsOfV1 : keywordsOfV0,
    token: 'whitespace',
    start: from,
    end: from,
    error: undefined,
    lastEnd: from,
    skippedNewline: false,
    wildcards: 0,
    depth: 0,
    exhausted: false,
    comments: new Map(),
    terms: new Map(),
    lexeme: { token: 'eof', start: from, end: from, newline: false, error: undefined },
    illegalAt: illegalCharacter.exec(text)?.index ?? Number.POSITIVE_INFINITY,
  }
  if (text.length > maxModuleLength) {
    failAt(p, spanOf(p, 0, 0), `module has ${text.length} characters, at most ${maxModuleLength} are read`)
  }
  scan(p)
  return p
}

/** Steps to the next token that is neither whitespace nor a comment. */
export function scan(p: Parser): void {
  step(p, true)
}

/** Steps to the next token, stopping at whitespace: `f (x)` is not a call. */
export function scanTight(p: Parser): void {
  step(p, false)
}

function step(p: Parser, skipWhitespace: boolean): void {
  if (p.token !== 'whitespace') {
    p.lastEnd = p.end
    p.skippedNewline = false
  }
  const { lexeme } = p
  let at = p.end
  for (;;) {
    readToken(p.text, at, lexeme)
    at = lexeme.end
    if (lexeme.token === 'whitespace') {
      if (lexeme.newline) p.skippedNewline = true
      if (!skipWhitespace) break
    } else if (lexeme.token === 'comment') recordComment(p, lexeme)
    else break
    if (at >= p.illegalAt) break
  }
  take(p, lexeme)
}

/** Steps from the `}` that ends an expression in a template string to the text after it. */
export function scanTemplate(p: Parser, raw: boolean): void {
  p.lastEnd = p.end
  p.skippedNewline = false
  readTemplatePart(p.text, p.start, raw, p.lexeme)
  take(p, p.lexeme)
}

function take(p: Parser, lexeme: Lexeme): void {
  p.token = lexeme.token
  p.start = lexeme.start
  p.end = lexeme.end
  p.error = lexeme.error
  if (p.token === 'identifier') {
    p.token = p.keywords.get(literal(p)) ?? 'identifier'
  }
  if (p.illegalAt <= p.end) {
    p.token = 'illegal'
    p.error = illegalReason(p)
  }
  if (p.token === 'illegal') fail(p, p.error ?? 'illegal token')
}

function illegalReason(p: Parser): string {
  const char = p.text[p.illegalAt]
  if (char === '\0') return 'illegal null character'
  return char === '\ufeff' ? 'illegal byte-order mark' : 'illegal utf-8 character'
}

function recordComment(p: Parser, lexeme: Lexeme): void {
  const { start, end } = lexeme
  if (p.comments.has(start)) return
  const text = p.text.slice(start + 1, end)
  p.comments.set(start, {
    kind: 'comment',
    span: spanOf(p, start, end),
    text: text.endsWith('\r') ? text.slice(0, -1) : text,
  })
}

export function mark(p: Parser): Mark {
  const { token, start, end, lastEnd, skippedNewline, wildcards, error } = p
  return { token, start, end, lastEnd, skippedNewline, wildcards, error }
}

export function reset(p: Parser, to: Mark): void {
  p.token = to.token
  p.start = to.start
  p.end = to.end
  p.lastEnd = to.lastEnd
  p.skippedNewline = to.skippedNewline
  p.wildcards = to.wildcards
  p.error = to.error
}

/** What `read` returns, or undefined and the failure when the text there is something else. */
export function attempt<T>(p: Parser, read: () => T): { readonly value: T } | { readonly error: unknown } {
  const { depth } = p
  try {
    return { value: read() }
  } catch (error) {
    if (p.exhausted || !(error instanceof ParseFailure)) throw error
    p.depth = depth
    return { error }
  }
}

/** Runs `read` one level deeper; a hostile text cannot exhaust the stack. */
export function nested<T>(p: Parser, read: (p: Parser) => T): T {
  deepen(p, 1)
  const result = read(p)
  p.depth--
  return result
}

export function deepen(p: Parser, by: number): void {
  p.depth += by
  if (p.depth <= maxParseDepth) return
  p.exhausted = true
  fail(p, `nesting exceeds ${maxParseDepth} levels`)
}

/** The text of the current token. */
export function literal(p: Parser): string {
  return p.text.slice(p.start, p.end)
}

export function spanOf(p: Parser, start: number, end: number): Span {
  return { source: p.source, start, end }
}

/** The current token's span. */
export function here(p: Parser): Span {
  return spanOf(p, p.start, p.end)
}

export function fail(p: Parser, reason: string): never {
  failAt(p, here(p), reason)
}

export function failAt(_p: Parser, span: Span, reason: string): never {
  throw new ParseFailure(span, reason)
}

/** Thrown while parsing. Not an Error: where several readings are tried, a stack trace for each would cost more than all else. */
export class ParseFailure {
  readonly span: Span
  readonly reason: string

  constructor(span: Span, reason: string) {
    this.span = span
    this.reason = reason
  }
}

/** Runs a parser; its failure becomes the error that callers see. */
export function parsing<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof ParseFailure) throw parseError(error.span.source, error.span, error.reason)
    throw error
  }
}

export function parseError(source: SourceText, span: Span, reason: string): RegoError {
  const location = locationOf(span)
  return new RegoError({ code: 'rego_parse_error', message: reason, location, line: lineOf(source, location.row) })
}

/** Whether the current token is `token`; a call, since a comparison would tell the type checker that it stays so. */
export function at(p: Parser, token: Token): boolean {
  return p.token === token
}

/** The current token cannot stand here. */
export function unexpected(p: Parser, note?: string): never {
  const kind = isKeyword(p.token) ? 'keyword' : 'token'
  // A line end belongs to the row that it begins.
  const start = p.text[p.start] === '\n' ? p.start + 1 : p.start
  failAt(
    p,
    spanOf(p, start, Math.max(start, p.end)),
    `unexpected ${p.token} ${kind}${note === undefined ? '' : `: ${note}`}`,
  )
}

export function expect(p: Parser, token: Token, note: string): void {
  if (p.token !== token) unexpected(p, note)
}

/** A keyword right before `.` or `[` is an ordinary name: `input.if`, `not.x`, `default[0]`. */
export function takeKeywordAsName(p: Parser): boolean {
  if (!isKeyword(p.token)) return false
  const next = p.text[p.end]
  if (next !== '.' && next !== '[') return false
  p.token = 'identifier'
  return true
}

/** A variable called `name`; `_` gets a name of its own. */
export function variable(p: Parser, name: string, span: Span): VarTerm {
  return { kind: 'var', span, name: name === '_' ? `$${p.wildcards++}` : name }
}

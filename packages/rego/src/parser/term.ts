import type { Body, CallTerm, ObjectEntry, RefTerm, SetTerm, StringTerm, Term } from '../ast.ts'
import { isKeyword, type Token } from '../lexer/token.ts'
import { type Span, spanBetween } from '../source-text.ts'
import { parseBody } from './expression.ts'
import { parseInfix } from './infix.ts'
import { parseNumber } from './number.ts'
import { kindName } from './rule.ts'
import {
  at,
  attempt,
  expect,
  fail,
  failAt,
  here,
  literal,
  mark,
  nested,
  type Parser,
  reset,
  scan,
  scanTight,
  spanOf,
  unexpected,
  variable,
} from './state.ts'
import { parseTemplate } from './template.ts'

// term = ( scalar | template | var | array | set | object | comprehension | "(" infix ")" ) { selector }
export function parseTerm(p: Parser): Term {
  return brackets.has(p.token) ? parseTermOnce(p) : nested(p, parseFreshTerm)
}

/** Terms in which other terms are read in several ways: each is read once, or nesting would cost exponentially. */
const brackets: ReadonlySet<Token> = new Set<Token>(['[', '{', '(', 'template-string-part', 'raw-template-string-part'])

function parseTermOnce(p: Parser): Term {
  const { start } = p
  const known = p.terms.get(start)
  if (known !== undefined) {
    reset(p, known.after)
    if (known.term === undefined) throw known.error
    return known.term
  }
  const read = attempt(p, () => nested(p, parseFreshTerm))
  const term = 'value' in read ? read.value : undefined
  const error = 'error' in read ? read.error : undefined
  p.terms.set(start, { term, error, after: mark(p) })
  if (term === undefined) throw error
  return term
}

function parseFreshTerm(p: Parser): Term {
  const head = parsePrimary(p)
  return parseSelectors(p, head)
}

function parsePrimary(p: Parser): Term {
  const span = here(p)
  switch (p.token) {
    case 'null':
      return { kind: 'null', span }
    case 'true':
    case 'false':
      return { kind: 'boolean', span, value: at(p, 'true') }
    case 'minus':
    case '.':
    case 'number':
      return parseNumber(p)
    case 'string':
      return parseString(p)
    case 'template-string-part':
    case 'template-string-end':
      return parseTemplate(p, false)
    case 'raw-template-string-part':
    case 'raw-template-string-end':
      return parseTemplate(p, true)
    case 'identifier':
    case 'contains':
      return variable(p, literal(p), span)
    case '[':
      return parseArray(p)
    case '{':
      return parseBraces(p)
    case '(': {
      scan(p)
      const inner = parseInfix(p)
      if (!at(p, ')')) fail(p, 'non-terminated expression')
      return inner
    }
    default:
      unexpected(p)
  }
}

// string = '"' { character | escape } '"' | "`" { character } "`"
function parseString(p: Parser): StringTerm {
  const text = literal(p)
  const span = here(p)
  const inner = text.slice(1, -1)
  if (text[0] === '`') return { kind: 'string', span, value: inner, raw: true }
  const value = unescapeString(inner)
  if (value === undefined) fail(p, `illegal string literal: ${text}`)
  return { kind: 'string', span, value, raw: false }
}

const loneSurrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

/** The string that JSON escapes stand for, halves of a surrogate pair replaced as Go does; undefined if malformed. */
export function unescapeString(inner: string): string | undefined {
  if (!inner.includes('\\')) return inner
  try {
    return (JSON.parse(`"${inner}"`) as string).replace(loneSurrogate, '\ufffd')
  } catch {
    // Not a JSON string: the caller says so with the place.
    return undefined
  }
}

/** After a term: selectors and calls if they follow at once. Leaves the parser at the next token proper. */
function parseSelectors(p: Parser, head: Term): Term {
  scanTight(p)
  if (at(p, '(') || at(p, '.') || at(p, '[')) return parseRef(p, head)
  if (at(p, 'whitespace')) scan(p)
  return asDocument(head)
}

/** `input` and `data` are refs without a path, not variables. */
export function asDocument(term: Term): Term {
  if (term.kind !== 'var' || (term.name !== 'input' && term.name !== 'data')) return term
  return { kind: 'ref', span: term.span, head: term, path: [] }
}

const selectable: ReadonlySet<Term['kind']> = new Set<Term['kind']>([
  'var',
  'array',
  'object',
  'set',
  'array-comprehension',
  'object-comprehension',
  'set-comprehension',
  'call',
])

// selector = "." name | "[" infix "]" | "(" [ terms ] ")"
export function parseRef(p: Parser, head: Term): Term {
  if (!selectable.has(head.kind)) failAt(p, head.span, `illegal ref (head cannot be ${kindName(head)})`)
  const path: Term[] = []
  for (;;) {
    switch (p.token) {
      case '.':
        scanTight(p)
        if (!at(p, 'identifier') && !isKeyword(p.token)) unexpected(p, 'expected identifier')
        path.push({ kind: 'string', span: here(p), value: literal(p), raw: false })
        scanTight(p)
        break
      case '[':
        scan(p)
        path.push(nested(p, parseInfix))
        // The bracket that is named is the wrong one, as in OPA.
        if (!at(p, ']')) unexpected(p, 'expected [')
        scanTight(p)
        break
      case '(':
        return parseCall(p, refOf(p, head, path))
      case 'whitespace': {
        const ref = refOf(p, head, path)
        scan(p)
        return ref
      }
      default:
        return refOf(p, head, path)
    }
  }
}

function refOf(p: Parser, head: Term, path: readonly Term[]): RefTerm {
  const end = at(p, 'whitespace') || p.start >= p.end ? p.lastEnd : p.start
  return { kind: 'ref', span: spanOf(p, head.span.start, Math.max(end, head.span.end)), head, path }
}

// call = ref "(" [ infix { "," infix } ] ")"
function parseCall(p: Parser, operator: RefTerm): Term {
  scan(p)
  const args = at(p, ')') ? [] : nested(p, () => parseTerms(p, ')', []))
  const span = spanBetween(operator.span, here(p))
  scanTight(p)
  const term: CallTerm | SetTerm =
    args.length === 0 && isSetConstructor(operator)
      ? { kind: 'set', span, items: [] }
      : { kind: 'call', span, operator, args }
  if (at(p, 'whitespace')) scan(p)
  else if (at(p, '.') || at(p, '[')) return nested(p, () => parseRef(p, term))
  return term
}

function isSetConstructor({ head, path }: RefTerm): boolean {
  return path.length === 0 && head.kind === 'var' && head.name === 'set'
}

// array = "[" [ infix { "," infix } [ "," ] ] "]"
// array comprehension = "[" term "|" body "]"
function parseArray(p: Parser): Term {
  const open = here(p)
  scan(p)
  const close = (): Span => spanOf(p, open.start, p.end)
  const array = (items: readonly Term[]): Term => ({ kind: 'array', span: close(), items })
  if (at(p, ']')) return array([])
  const comprehension = skipLeadingComma(p)
  const first = mark(p)
  // Only a term, not an operator: `[a | b]` is a comprehension rather than a union.
  const head = parseTerm(p)
  if (at(p, ']')) return array([head])
  if (at(p, ',')) {
    scan(p)
    return array(parseTerms(p, ']', [head]))
  }
  if (at(p, 'or') && comprehension) {
    const body = parseComprehensionBody(p, ']')
    if (body !== undefined) return { kind: 'array-comprehension', span: close(), term: head, body }
  }
  reset(p, first)
  return array(parseTerms(p, ']', []))
}

/** True unless a comma was there, which OPA tolerates but not before a comprehension. */
function skipLeadingComma(p: Parser): boolean {
  if (!at(p, ',')) return true
  scan(p)
  return false
}

/** The body after `|`, or undefined when a comma shows that `|` was an operator between the items of a list. */
function parseComprehensionBody(p: Parser, end: Token): Body | undefined {
  scan(p)
  const read = attempt(p, () => parseBody(p, end))
  if ('value' in read) return read.value
  if (!at(p, ',')) throw read.error
  return undefined
}

// set = "{" infix { "," infix } [ "," ] "}" | "set(" ")"
// object = "{" [ infix ":" infix { "," infix ":" infix } [ "," ] ] "}"
// set comprehension = "{" term "|" body "}"
// object comprehension = "{" infix ":" term "|" body "}"
function parseBraces(p: Parser): Term {
  const open = here(p)
  scan(p)
  if (at(p, '}')) return { kind: 'object', span: spanOf(p, open.start, p.end), entries: [] }
  const comprehension = skipLeadingComma(p)
  const first = mark(p)
  const head = parseTerm(p)
  if (at(p, 'or') && comprehension) {
    const body = parseComprehensionBody(p, '}')
    if (body !== undefined) return { kind: 'set-comprehension', span: spanOf(p, open.start, p.end), term: head, body }
    reset(p, first)
    return setOf(p, open, parseTerms(p, '}', []))
  }
  if (at(p, '}') || at(p, ',')) return setFrom(p, open, head)
  if (at(p, ':')) return parseObject(p, open, head, comprehension)

  reset(p, first)
  const item = nested(p, parseListItem)
  if (at(p, '}') || at(p, ',')) return setFrom(p, open, item)
  if (at(p, ':')) return parseObject(p, open, item, comprehension)
  unexpected(p, 'non-terminated set')
}

function setFrom(p: Parser, open: Span, first: Term): SetTerm {
  if (at(p, ',')) scan(p)
  return setOf(p, open, parseTerms(p, '}', [first]))
}

function setOf(p: Parser, open: Span, items: readonly Term[]): SetTerm {
  return { kind: 'set', span: spanOf(p, open.start, p.end), items }
}

/** From the colon after the first key. */
function parseObject(p: Parser, open: Span, key: Term, comprehension: boolean): Term {
  scan(p)
  const first = mark(p)
  const object = (entries: readonly ObjectEntry[]): Term => ({
    kind: 'object',
    span: spanOf(p, open.start, p.end),
    entries,
  })
  const value = parseTerm(p)
  const ended = comprehension && (at(p, '}') || at(p, ','))
  if (ended) {
    const read = attempt(p, () => object(parsePairs(p, [{ key, value }])))
    if ('value' in read) return read.value
  } else if (comprehension && at(p, 'or')) {
    scan(p)
    const read = attempt(p, () => parseBody(p, '}'))
    if ('value' in read) {
      const span = spanOf(p, open.start, p.end)
      return { kind: 'object-comprehension', span, key, value, body: read.value }
    }
  }
  reset(p, first)
  if (!ended) {
    const item = nested(p, parseListItem)
    if (at(p, '}') || at(p, ',')) return object(parsePairs(p, [{ key, value: item }]))
  }
  unexpected(p, 'non-terminated object')
}

/** The rest of an object, from the comma or brace after its first pair. */
function parsePairs(p: Parser, entries: ObjectEntry[]): readonly ObjectEntry[] {
  while (at(p, ',')) {
    scan(p)
    if (at(p, '}')) return entries
    const key = nested(p, parseListItem)
    expect(p, ':', 'expected ":"')
    scan(p)
    const value = nested(p, parseListItem)
    entries.push({ key, value })
    if (!at(p, '}') && !at(p, ',')) unexpected(p, 'expected "," or "}"')
  }
  return entries
}

/** The rest of a list up to its end, which stays the current token; a comma may come before it. */
function parseTerms(p: Parser, end: Token, items: Term[]): readonly Term[] {
  while (p.token !== end) {
    items.push(nested(p, parseListItem))
    if (p.token === end) break
    if (!at(p, ',')) unexpected(p, `expected "," or "${end}"`)
    scan(p)
  }
  return items
}

/** In a list a comma ends the item: `k, v in xs` is two items there. */
function parseListItem(p: Parser): Term {
  return parseInfix(p, false)
}

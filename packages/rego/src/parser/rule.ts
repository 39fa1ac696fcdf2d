import type { Body, Head, Rule, Term } from '../ast.ts'
import { formatTerm } from '../format.ts'
import type { Span } from '../source-text.ts'
import { isGround, walkTerms } from '../walk.ts'
import { parseBody, parseLiteral } from './expression.ts'
import { parseInfix } from './infix.ts'
import {
  at,
  attempt,
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
  takeKeywordAsName,
  unexpected,
  variable,
} from './state.ts'
import { asDocument, parseRef } from './term.ts'

/** How a definition was written, which the rules of v1 look at. */
export interface ParsedRule {
  readonly rule: Rule
  readonly definitions: readonly Written[]
}

/** One definition or `else` branch and which parts of it were written. */
export interface Written {
  readonly rule: Rule
  readonly hasIf: boolean
  readonly hasContains: boolean
  readonly generatedBody: boolean
  readonly generatedValue: boolean
}

interface ParsedHead {
  readonly head: Head
  readonly contains: boolean
}

const trueAt = (span: Span): Term => ({ kind: 'boolean', span, value: true })

export const emptyBody = (span: Span): Body => [
  { kind: 'term', span, term: trueAt(span), negated: false, with: [], generated: true },
]

/**
 * The definitions that begin here, or undefined (with the parser anywhere) when this is no rule with `if`, `contains`,
 * `default` or a body: then it may still be an expression that stands for one, such as `p := 1`.
 */
// rule = "default" head | head [ "if" ] ( literal | "{" body "}" ) { else } { "{" body "}" } | head
export function parseRules(p: Parser): readonly ParsedRule[] | undefined {
  const start = here(p)
  takeKeywordAsName(p)
  if (at(p, 'default')) {
    scan(p)
    takeKeywordAsName(p)
    return at(p, 'identifier') ? [parseDefault(p, start)] : undefined
  }
  if (!at(p, 'identifier')) return undefined
  const { head, contains } = parseHead(p)
  const hasIf = at(p, 'if')
  const written = { hasIf, hasContains: contains, generatedBody: false, generatedValue: head.value === undefined }
  if (!hasIf && !at(p, '{')) {
    if (!contains || head.reference.head.kind !== 'var') return undefined
    const span = head.span
    const rule = makeRule(span, head, emptyBody(span))
    return [{ rule, definitions: [{ ...written, rule, generatedBody: true }] }]
  }
  if (head.reference.head.kind !== 'var') unexpected(p, `rule head ref ${formatTerm(head.reference)} invalid`)
  const finished = finishHead(head, hasIf, contains)
  const body = hasIf ? parseIfBody(p) : parseBracedBody(p)
  const branches = parseElses(p, finished)
  const rule = makeRule(spanOf(p, start.start, p.lastEnd), finished, body, branches)
  const chained = parseChained(p, rule, written)
  return [{ rule, definitions: [{ ...written, rule }, ...branches] }, ...chained]
}

function makeRule(span: Span, head: Head, body: Body, branches: readonly Written[] = []): Rule {
  const next = branches.length === 0 ? undefined : branches[0]!.rule
  return { kind: 'rule', span, default: false, head, body, else: next }
}

function parseDefault(p: Parser, start: Span): ParsedRule {
  const { head: written } = parseHead(p)
  // `default p` is `default p := true`, but `default p[x]` says nothing.
  const needsValue = written.args === undefined && written.reference.path.length === 1
  const head = needsValue ? written : { ...written, value: written.value ?? trueAt(written.span) }
  const span = spanOf(p, start.start, p.lastEnd)
  checkDefault(p, start, head)
  const rule: Rule = { kind: 'rule', span, default: true, head, body: emptyBody(start), else: undefined }
  const definition = { rule, hasIf: false, hasContains: false, generatedBody: false, generatedValue: false }
  return { rule, definitions: [definition] }
}

/** A default has to hold whatever the rest does: no names in its value, and arguments that match everything. */
function checkDefault(p: Parser, at: Span, { value, args }: Head): void {
  if (value === undefined) failAt(p, at, 'illegal default rule (must have a value)')
  walkTerms(value, term => {
    if (term.kind === 'ref' || term.kind === 'var' || term.kind === 'call') {
      failAt(p, at, `illegal default rule (value cannot contain ${term.kind})`)
    }
    return !term.kind.endsWith('comprehension')
  })
  const seen = new Set<string>()
  for (const arg of args ?? []) {
    if (arg.kind !== 'var') failAt(p, at, `illegal default rule (arguments cannot contain ${kindName(arg)})`)
    if (seen.has(arg.name)) failAt(p, at, `illegal default rule (arguments cannot be repeated ${arg.name})`)
    seen.add(arg.name)
  }
}

export function kindName(term: Term): string {
  return term.kind.replace('-', '').replace(/^template$/, 'templatestring')
}

// head = name { selector } [ "(" terms ")" ] ( "contains" infix | [ ( "=" | ":=" ) infix ] )
function parseHead(p: Parser): ParsedHead {
  const start = p.start
  const name = parseHeadName(p)
  const called = name.kind === 'call'
  const args = called && name.args.length > 0 ? name.args : undefined
  const operator = called ? name.operator : name
  const reference = operator.kind === 'ref' ? operator : refTo(operator)
  if (called && reference.head.kind !== 'var') unexpected(p, `rule head ref ${formatTerm(reference)} invalid`)
  const shown = formatTerm(reference)
  const finish = (rest: { key?: Term; value?: Term; assign: boolean }): Head => ({
    kind: 'head',
    span: spanOf(p, start, p.lastEnd),
    reference,
    args,
    key: rest.key,
    value: rest.value,
    assign: rest.assign,
  })
  if (at(p, 'contains')) {
    if (called) {
      const usage = `${shown} contains <VALUE> { ... }`
      unexpected(p, `the contains keyword can only be used with multi-value rule definitions (e.g., ${usage})`)
    }
    scan(p)
    return { head: finish({ key: nested(p, parseInfix), assign: false }), contains: true }
  }
  if (!at(p, 'eq') && !at(p, 'assign')) return { head: finish({ assign: false }), contains: false }
  const assign = at(p, 'assign')
  scan(p)
  return { head: finish({ value: nested(p, parseInfix), assign }), contains: false }
}

const operators = new Set('plus minus mul div rem and or equal neq gt gte lt lte'.split(' '))

function parseHeadName(p: Parser): Term {
  const head = variable(p, literal(p), here(p))
  scanTight(p)
  if (operators.has(p.token)) unexpected(p)
  if (at(p, 'whitespace')) scan(p)
  if (at(p, '(') || at(p, '.') || at(p, '[')) return parseRef(p, head)
  return asDocument(head)
}

function refTo(head: Term): Term & { kind: 'ref' } {
  return { kind: 'ref', span: head.span, head, path: [] }
}

/** Without a written value a head gives `true`; `p[x] { ... }` (no `if`) is the partial set of v0. */
function finishHead(head: Head, hasIf: boolean, contains: boolean): Head {
  if (contains || head.value !== undefined) return head
  const { reference } = head
  if (!hasIf && head.args === undefined && reference.path.length === 1) {
    return { ...head, reference: { ...reference, path: [] }, key: reference.path[0] }
  }
  return { ...head, value: trueAt(head.span) }
}

function parseIfBody(p: Parser): Body {
  scan(p)
  const before = mark(p)
  const read = attempt(p, () => parseLiteral(p))
  // `if { x }` is a body; a set literal there would always hold.
  if ('value' in read && !(read.value.kind === 'term' && read.value.term.kind === 'set')) return [read.value]
  reset(p, before)
  return parseBracedBody(p)
}

function parseBracedBody(p: Parser): Body {
  scan(p)
  const body = parseBody(p, '}')
  scan(p)
  return body
}

// else = "else" [ ( "=" | ":=" ) infix ] [ "if" literal | [ "if" ] "{" body "}" ]
function parseElses(p: Parser, head: Head): readonly Written[] {
  const parts: {
    readonly span: Span
    readonly head: Head
    readonly body: Body
    readonly written: Omit<Written, 'rule'>
  }[] = []
  while (at(p, 'else') && !takeKeywordAsName(p)) {
    if (parts.length === 0) checkElseAllowed(p, head)
    parts.push(parseElse(p, head))
  }
  const branches: Written[] = []
  for (const { span, head, body, written } of parts.toReversed()) {
    branches.unshift({ ...written, rule: makeRule(span, head, body, branches) })
  }
  return branches
}

function checkElseAllowed(p: Parser, { reference, key }: Head): void {
  if (!reference.path.every(isGround)) fail(p, 'else keyword cannot be used on rules with variables in head')
  if (key !== undefined) fail(p, 'else keyword cannot be used on multi-value rules')
}

function parseElse(p: Parser, head: Head) {
  const start = here(p)
  scan(p)
  let value: Term | undefined
  let assign = false
  if (at(p, 'assign') || at(p, 'eq')) {
    assign = at(p, 'assign')
    scan(p)
    value = nested(p, parseInfix)
  } else if (!at(p, '{') && !at(p, 'if')) unexpected(p, 'expected else value term or rule body')
  const headSpan = spanOf(p, start.start, p.lastEnd)
  const hasIf = at(p, 'if')
  const generatedBody = !hasIf && !at(p, '{')
  const body = generatedBody ? emptyBody(start) : parseElseBody(p, hasIf)
  const args = head.args?.map(arg => freshWildcard(p, arg))
  return {
    span: spanOf(p, start.start, p.lastEnd),
    head: { ...head, span: headSpan, args, value: value ?? trueAt(start), assign },
    body,
    written: { hasIf, hasContains: false, generatedBody, generatedValue: value === undefined },
  }
}

function parseElseBody(p: Parser, hasIf: boolean): Body {
  if (hasIf) scan(p)
  if (at(p, '{')) return parseBracedBody(p)
  if (at(p, 'eof')) unexpected(p, 'rule body expected')
  return [parseLiteral(p)]
}

/** `_` in the arguments is another variable in each definition that shares them. */
function freshWildcard(p: Parser, arg: Term): Term {
  return arg.kind === 'var' && arg.name.startsWith('$') ? variable(p, '_', arg.span) : arg
}

/** Further bodies right after the first: definitions with the same head. */
function parseChained(p: Parser, rule: Rule, written: Omit<Written, 'rule'>): readonly ParsedRule[] {
  const rules: ParsedRule[] = []
  while (at(p, '{')) {
    if (rule.else !== undefined) fail(p, 'expected else keyword')
    const start = p.start
    const body = parseBracedBody(p)
    const span = spanOf(p, start, p.lastEnd)
    const head = { ...rule.head, span, args: rule.head.args?.map(arg => freshWildcard(p, arg)) }
    const next = makeRule(span, head, body)
    rules.push({ rule: next, definitions: [{ ...written, rule: next }] })
  }
  return rules
}

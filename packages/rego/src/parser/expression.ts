import type { Body, CallTerm, EveryExpr, Expr, SomeExpr, Term, With } from '../ast.ts'
import type { Token } from '../lexer/token.ts'
import { operatorRef, parseInfix } from './infix.ts'
import {
  at,
  attempt,
  expect,
  fail,
  here,
  literal,
  mark,
  nested,
  type Parser,
  reset,
  scan,
  spanOf,
  takeKeywordAsName,
  unexpected,
  variable,
} from './state.ts'
import { parseTerm } from './term.ts'

/** A body up to `end`, which stays the current token. */
export function parseBody(p: Parser, end: Token): Body {
  return nested(p, () => parseLiterals(p, end))
}

// body = literal { ( ";" | line end ) literal }
function parseLiterals(p: Parser, end: Token): Body {
  if (p.token === end) fail(p, 'found empty body')
  const body: Expr[] = []
  for (;;) {
    body.push(parseLiteral(p))
    if (at(p, ';')) scan(p)
    else if (p.token === end) return body
    else if (!p.skippedNewline) unexpected(p, `expected \\n or ; or ${end}`)
  }
}

// literal = "some" declaration | "every" quantifier | [ "not" ] expression { with }
export function parseLiteral(p: Parser): Expr {
  const start = p.start
  if (takeKeywordAsName(p)) return parseExpression(p, start, false)
  const negated = at(p, 'not')
  if (negated) scan(p)
  if (at(p, 'some') || at(p, 'every')) {
    if (negated) unexpected(p, `illegal negation of '${p.token}'`)
    return at(p, 'some') ? parseSome(p) : parseEvery(p)
  }
  return parseExpression(p, start, negated)
}

// expression = infix [ ( ":=" | "=" ) infix ]
function parseExpression(p: Parser, start: number, negated: boolean): Expr {
  const left = nested(p, parseInfix)
  const token = p.token
  if (token === 'assign' || token === 'eq') {
    const operator = operatorRef(here(p), token)
    scan(p)
    const right = nested(p, parseInfix)
    const modifiers = parseWiths(p)
    const span = spanOf(p, start, p.lastEnd)
    return { kind: 'call', span, operator, args: [left, right], negated, with: modifiers, generated: false }
  }
  const modifiers = parseWiths(p)
  const span = spanOf(p, start, p.lastEnd)
  if (left.kind !== 'call') return { kind: 'term', span, term: left, negated, with: modifiers, generated: false }
  const { operator, args } = left
  return { kind: 'call', span, operator, args, negated, with: modifiers, generated: false }
}

const noWiths: readonly With[] = []

// with = "with" term "as" infix
function parseWiths(p: Parser): readonly With[] {
  if (!at(p, 'with')) return noWiths
  const modifiers: With[] = []
  while (at(p, 'with')) {
    const start = p.start
    scan(p)
    expect(p, 'identifier', 'expected ident')
    const target = parseTerm(p)
    if (target.kind !== 'ref' && target.kind !== 'var') unexpected(p, 'expected with target path')
    expect(p, 'as', 'expected as keyword')
    scan(p)
    const value = nested(p, parseInfix)
    modifiers.push({ kind: 'with', span: spanOf(p, start, p.lastEnd), target, value })
  }
  return modifiers
}

type Membership = CallTerm & { readonly membership: 'internal.member_2' | 'internal.member_3' }

/** The call if it was written `x in xs` (2 arguments) or `k, v in xs` (3). */
function membershipOf(term: Term): Membership | undefined {
  if (term.kind !== 'call' || term.operator.head.kind !== 'var' || term.operator.head.name !== 'internal')
    return undefined
  const [name] = term.operator.path
  if (term.operator.path.length !== 1 || name?.kind !== 'string') return undefined
  if (name.value === 'member_2') return { ...term, membership: 'internal.member_2' }
  return name.value === 'member_3' ? { ...term, membership: 'internal.member_3' } : undefined
}

// some = "some" var { "," var } | "some" [ infix "," ] infix "in" infix { with }
function parseSome(p: Parser): SomeExpr {
  const start = p.start
  const before = mark(p)
  const read = attempt(p, () => {
    scan(p)
    return nested(p, parseInfix)
  })
  if ('value' in read && read.value.kind === 'call') return finishSomeIn(p, start, read.value)
  reset(p, before)
  const symbols: Term[] = []
  do {
    scan(p)
    expect(p, 'identifier', 'expected var')
    symbols.push(variable(p, literal(p), here(p)))
    scan(p)
  } while (at(p, ','))
  return { kind: 'some', span: spanOf(p, start, p.lastEnd), symbols, negated: false, with: noWiths, generated: false }
}

function finishSomeIn(p: Parser, start: number, call: CallTerm): SomeExpr {
  const found = membershipOf(call)
  if (found === undefined) unexpected(p, 'expected `x in xs` or `x, y in xs` expression')
  checkArguments(p, found)
  const modifiers = parseWiths(p)
  const span = spanOf(p, start, p.lastEnd)
  return { kind: 'some', span, symbols: [call], negated: false, with: modifiers, generated: false }
}

/** `internal.member_2` can also be called by name, with any number of arguments. */
function checkArguments(p: Parser, call: Membership): void {
  if (call.args.length !== (call.membership === 'internal.member_2' ? 2 : 3)) unexpected(p, 'illegal domain')
}

// every = "every" [ var "," ] var "in" infix "{" body "}" { with }
function parseEvery(p: Parser): EveryExpr {
  const start = p.start
  scan(p)
  const term = nested(p, parseInfix)
  const call = membershipOf(term)
  if (call === undefined) unexpected(p, 'expected `x[, y] in xs { ... }` expression')
  checkArguments(p, call)
  const [key, value, domain] = call.args.length === 2 ? [undefined, ...call.args] : call.args
  if (key !== undefined && key.kind !== 'var') unexpected(p, 'expected key to be a variable')
  if (value === undefined || domain === undefined || value.kind !== 'var') {
    unexpected(p, 'expected value to be a variable')
  }
  expect(p, '{', 'missing body')
  scan(p)
  const body = parseBody(p, '}')
  scan(p)
  const modifiers = parseWiths(p)
  const span = spanOf(p, start, p.lastEnd)
  return { kind: 'every', span, key, value, domain, body, negated: false, with: modifiers, generated: false }
}

import type { CallTerm, RefTerm, Term } from '../ast.ts'
import type { Token } from '../lexer/token.ts'
import type { Span } from '../source-text.ts'
import { at, attempt, deepen, here, mark, type Parser, reset, scan, spanOf, takeKeywordAsName } from './state.ts'
import { parseTerm } from './term.ts'

/** Operators from the one that binds least; all group to the left. `in` comes before them. */
const levels: readonly (readonly Token[])[] = [
  ['equal', 'neq', 'lt', 'gt', 'lte', 'gte'],
  ['or'],
  ['and'],
  ['plus', 'minus'],
  ['mul', 'div', 'rem'],
]

const levelOf: ReadonlyMap<Token, number> = new Map(
  levels.flatMap((tokens, level) => tokens.map(token => [token, level])),
)

// infix = relation { "in" relation } | relation "," relation "in" relation { "in" relation }
// relation = or { ( "==" | "!=" | "<" | ">" | "<=" | ">=" ) or }
// or = and { "|" and }    and = sum { "&" sum }    sum = product { ( "+" | "-" ) product }
// product = term { ( "*" | "/" | "%" ) term }
export function parseInfix(p: Parser, commas = true): Term {
  const { start } = p
  let left = parseBinary(p, start, 0)
  let count = 0
  for (;;) {
    const pair = commas && at(p, ',') ? parsePairMembership(p, start, left) : undefined
    if (pair === undefined) {
      takeKeywordAsName(p)
      if (!at(p, 'in')) break
      const operator = operatorRef(here(p), 'internal', 'member_2')
      scan(p)
      const right = parseBinary(p, p.start, 0)
      left = callOf(p, start, operator, [left, right])
    } else left = pair
    deepen(p, 1)
    count++
    // After `k, v in xs` only a further `in` goes on.
    if (pair !== undefined && !at(p, 'in')) break
  }
  p.depth -= count
  return left
}

/** `, v in xs` after a first term; undefined, and nothing read, where the comma is something else. */
function parsePairMembership(p: Parser, start: number, key: Term): Term | undefined {
  const before = mark(p)
  const read = attempt(p, () => {
    scan(p)
    const value = parseBinary(p, p.start, 0)
    if (!at(p, 'in')) return undefined
    const operator = operatorRef(here(p), 'internal', 'member_3')
    scan(p)
    const domain = parseBinary(p, p.start, 0)
    return callOf(p, start, operator, [key, value, domain])
  })
  if ('value' in read && read.value !== undefined) return read.value
  reset(p, before)
  return undefined
}

function parseBinary(p: Parser, start: number, level: number): Term {
  let left = parseTerm(p)
  let count = 0
  for (;;) {
    const operatorLevel = levelOf.get(p.token)
    if (operatorLevel === undefined || operatorLevel < level) break
    const operator = operatorRef(here(p), p.token)
    scan(p)
    const right = parseBinary(p, p.start, operatorLevel + 1)
    left = callOf(p, start, operator, [left, right])
    deepen(p, 1)
    count++
  }
  p.depth -= count
  return left
}

function callOf(p: Parser, start: number, operator: RefTerm, args: readonly Term[]): CallTerm {
  return { kind: 'call', span: spanOf(p, start, p.lastEnd), operator, args }
}

/** The builtin that an operator stands for. */
export function operatorRef(span: Span, name: string, ...path: readonly string[]): RefTerm {
  return {
    kind: 'ref',
    span,
    head: { kind: 'var', span, name },
    path: path.map(value => ({ kind: 'string', span, value, raw: false })),
  }
}

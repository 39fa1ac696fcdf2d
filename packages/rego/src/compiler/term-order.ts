import type { Expr, ObjectEntry, Term } from '../ast.ts'
import { compareNumbers, makeNumber } from '../value/number.ts'
import { compareStrings } from '../value/strings.ts'

const RANK: Readonly<Record<Term['kind'], number>> = {
  null: 0,
  boolean: 1,
  number: 2,
  string: 3,
  template: 4,
  var: 5,
  ref: 6,
  array: 7,
  object: 8,
  set: 9,
  'array-comprehension': 10,
  'object-comprehension': 11,
  'set-comprehension': 12,
  call: 13,
}

const EXPR_RANK: Readonly<Record<Expr['kind'], number>> = { term: 0, call: 1, some: 2, every: 3 }

/**
 * OPA's order of terms. In it stand the members of a set and the entries of an object, whatever order they were written
 * in, so in it they are worked out: it decides which of two errors comes first.
 */
function compareTerms(a: Term, b: Term): number {
  if (a === b) return 0
  if (a.kind !== b.kind) return RANK[a.kind] - RANK[b.kind]
  switch (a.kind) {
    case 'null':
      return 0
    case 'boolean':
      return Number(a.value) - Number((b as typeof a).value)
    case 'number':
      return compareNumbers(makeNumber(a.text), makeNumber((b as typeof a).text))
    case 'string':
      return compareStrings(a.value, (b as typeof a).value)
    case 'var':
      return compareStrings(a.name, (b as typeof a).name)
    default: {
      const [parts, others] = [partsOf(a), partsOf(b)]
      for (let i = 0; i < parts.length && i < others.length; i++) {
        const order = comparePart(parts[i]!, others[i]!)
        if (order !== 0) return order
      }
      return parts.length - others.length
    }
  }
}

type Part = Term | Expr

const isExpr = (part: Part): part is Expr => 'negated' in part

function comparePart(a: Part, b: Part): number {
  if (isExpr(a) && isExpr(b)) return compareExprs(a, b)
  if (isExpr(a) || isExpr(b)) return isExpr(a) ? 1 : -1
  return compareTerms(a, b)
}

function compareExprs(a: Expr, b: Expr): number {
  const order = EXPR_RANK[a.kind] - EXPR_RANK[b.kind] || Number(a.negated) - Number(b.negated)
  if (order !== 0) return order
  const [parts, others] = [partsOfExpr(a), partsOfExpr(b)]
  for (let i = 0; i < parts.length && i < others.length; i++) {
    const inner = comparePart(parts[i]!, others[i]!)
    if (inner !== 0) return inner
  }
  return parts.length - others.length
}

/** What a composite term consists of, in the order in which it is compared. */
function partsOf(term: Term): readonly Part[] {
  switch (term.kind) {
    case 'ref':
      return [term.head, ...term.path]
    case 'array':
      return term.items
    case 'set':
      return sortTerms(term.items)
    case 'object':
      return sortEntries(term.entries).flatMap(({ key, value }) => [key, value])
    case 'array-comprehension':
    case 'set-comprehension':
      return [term.term, ...term.body]
    case 'object-comprehension':
      return [term.key, term.value, ...term.body]
    case 'call':
      return [term.operator, ...term.args]
    case 'template':
      return term.parts
    default:
      return []
  }
}

function partsOfExpr(expr: Expr): readonly Part[] {
  const modifiers = expr.with.flatMap(({ target, value }) => [target, value])
  switch (expr.kind) {
    case 'term':
      return [expr.term, ...modifiers]
    case 'call':
      return [expr.operator, ...expr.args, ...modifiers]
    case 'some':
      return [...expr.symbols, ...modifiers]
    case 'every':
      return [...(expr.key === undefined ? [] : [expr.key]), expr.value, expr.domain, ...expr.body, ...modifiers]
  }
}

const sortTerms = (items: readonly Term[]): readonly Term[] => (items.length < 2 ? items : items.toSorted(compareTerms))

const sortEntries = (entries: readonly ObjectEntry[]): readonly ObjectEntry[] =>
  entries.length < 2 ? entries : entries.toSorted((a, b) => compareTerms(a.key, b.key))

/** A set or an object of which parts must be worked out, with its members in the order in which they are. */
export function inOrder(term: Term): Term {
  switch (term.kind) {
    case 'set':
      return term.items.every(isPlain) ? term : { ...term, items: sortTerms(term.items) }
    case 'object':
      return term.entries.every(({ key, value }) => isPlain(key) && isPlain(value))
        ? term
        : { ...term, entries: sortEntries(term.entries) }
    default:
      return term
  }
}

const isPlain = ({ kind }: Term): boolean => RANK[kind] < RANK.ref

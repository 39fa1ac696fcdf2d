import type { Body, Expr, ObjectEntry, RefTerm, Term, With } from '../ast.ts'

/**
 * How to rebuild the nodes right below a node; what is not given stays. Each function is handed the context that the walk was
 * given, so that a stage writes its functions down once instead of making new ones at each node.
 */
export interface Rewrite<C> {
  readonly term: (term: Term, context: C) => Term
  /** For bodies of comprehensions and `every`. Default: each expression is rewritten by `expr`. */
  readonly body?: (body: Body, context: C) => Body
  /** Default: `mapExpr` with this rewrite. */
  readonly expr?: (expr: Expr, context: C) => Expr
}

/** `items` itself when nothing changed, so that untouched parts of a program are shared. */
export function mapAll<T>(items: readonly T[], map: (item: T) => T): readonly T[]
export function mapAll<T, C>(items: readonly T[], map: (item: T, context: C) => T, context: C): readonly T[]
export function mapAll<T, C>(items: readonly T[], map: (item: T, context?: C) => T, context?: C): readonly T[] {
  let changed: T[] | undefined
  for (let i = 0; i < items.length; i++) {
    const item = items[i]!
    const next = map(item, context)
    if (next === item && changed === undefined) continue
    changed ??= items.slice(0, i)
    changed.push(next)
  }
  return changed ?? items
}

function mapBody<C>(body: Body, rewrite: Rewrite<C>, context: C): Body {
  if (rewrite.body !== undefined) return rewrite.body(body, context)
  return mapAll(body, expr => mapNested(expr, rewrite, context))
}

function mapNested<C>(expr: Expr, rewrite: Rewrite<C>, context: C): Expr {
  return rewrite.expr === undefined ? mapExpr(expr, rewrite, context) : rewrite.expr(expr, context)
}

function mapEntries<C>(entries: readonly ObjectEntry[], { term: map }: Rewrite<C>, context: C): readonly ObjectEntry[] {
  return mapAll(entries, entry => {
    const key = map(entry.key, context)
    const value = map(entry.value, context)
    return key === entry.key && value === entry.value ? entry : { key, value }
  })
}

/** The term with the terms and bodies right below it rewritten. */
export function mapChildren(term: Term, rewrite: Rewrite<undefined>): Term
export function mapChildren<C>(term: Term, rewrite: Rewrite<C>, context: C): Term
export function mapChildren<C>(term: Term, rewrite: Rewrite<C>, context?: C): Term {
  return mapParts(term, rewrite, context as C)
}

function mapParts<C>(term: Term, rewrite: Rewrite<C>, context: C): Term {
  const map = rewrite.term
  switch (term.kind) {
    case 'ref': {
      const head = map(term.head, context)
      const path = mapAll(term.path, map, context)
      return head === term.head && path === term.path ? term : { ...term, head, path }
    }
    case 'array':
    case 'set': {
      const items = mapAll(term.items, map, context)
      return items === term.items ? term : { ...term, items }
    }
    case 'object': {
      const entries = mapEntries(term.entries, rewrite, context)
      return entries === term.entries ? term : { ...term, entries }
    }
    case 'array-comprehension':
    case 'set-comprehension': {
      const body = mapBody(term.body, rewrite, context)
      const inner = map(term.term, context)
      return body === term.body && inner === term.term ? term : { ...term, term: inner, body }
    }
    case 'object-comprehension': {
      const body = mapBody(term.body, rewrite, context)
      const key = map(term.key, context)
      const value = map(term.value, context)
      return body === term.body && key === term.key && value === term.value ? term : { ...term, key, value, body }
    }
    case 'call': {
      const operator = map(term.operator, context) as RefTerm
      const args = mapAll(term.args, map, context)
      return operator === term.operator && args === term.args ? term : { ...term, operator, args }
    }
    case 'template': {
      const parts = mapAll(term.parts, part => (part.kind === 'string' ? part : mapNested(part, rewrite, context)))
      return parts === term.parts ? term : { ...term, parts }
    }
    default:
      return term
  }
}

/** The expression with its terms, `with`s and body rewritten. */
export function mapExpr(expr: Expr, rewrite: Rewrite<undefined>): Expr
export function mapExpr<C>(expr: Expr, rewrite: Rewrite<C>, context: C): Expr
export function mapExpr<C>(expr: Expr, rewrite: Rewrite<C>, context?: C): Expr {
  return mapPartsOfExpr(expr, rewrite, context as C)
}

function mapPartsOfExpr<C>(expr: Expr, rewrite: Rewrite<C>, context: C): Expr {
  const map = rewrite.term
  const base = expr.with.length === 0 ? expr : mapWiths(expr, rewrite, context)
  switch (base.kind) {
    case 'term': {
      const term = map(base.term, context)
      return term === base.term ? base : { ...base, term }
    }
    case 'call': {
      const operator = map(base.operator, context) as RefTerm
      const args = mapAll(base.args, map, context)
      return operator === base.operator && args === base.args ? base : { ...base, operator, args }
    }
    case 'some': {
      const symbols = mapAll(base.symbols, map, context)
      return symbols === base.symbols ? base : { ...base, symbols }
    }
    case 'every': {
      const domain = map(base.domain, context)
      const key = base.key === undefined ? undefined : map(base.key, context)
      const value = map(base.value, context)
      const body = mapBody(base.body, rewrite, context)
      const same = domain === base.domain && key === base.key && value === base.value && body === base.body
      return same ? base : { ...base, domain, key, value, body }
    }
  }
}

function mapWiths<C>(expr: Expr, { term: map }: Rewrite<C>, context: C): Expr {
  const modifiers = mapAll(expr.with, (modifier: With): With => {
    const target = map(modifier.target, context)
    const value = map(modifier.value, context)
    return target === modifier.target && value === modifier.value ? modifier : { ...modifier, target, value }
  })
  return modifiers === expr.with ? expr : { ...expr, with: modifiers }
}

/** Rewrites every term, the innermost first. */
export function rewriteTerms(term: Term, each: (term: Term) => Term): Term {
  return each(mapChildren(term, { term: inner => rewriteTerms(inner, each) }))
}

/** Rewrites every body of comprehensions and `every` in an expression, the innermost first. */
export function mapBodies(expr: Expr, each: (body: Body) => Body): Expr {
  return mapExpr(expr, bodyRewrite, each)
}

/** Rewrites every body of comprehensions in a term, the innermost first. */
export function mapBodiesOfTerm(term: Term, each: (body: Body) => Body): Term {
  return mapChildren(term, bodyRewrite, each)
}

const bodyRewrite: Rewrite<(body: Body) => Body> = {
  term: mapBodiesOfTerm,
  body: (body, each) => each(mapAll(body, mapBodies, each)),
}

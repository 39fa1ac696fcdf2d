import type { Body, Expr, ObjectEntry, RefTerm, Term, With } from '../ast.ts'

/** How to rebuild the nodes right below a node; what is not given stays. */
export interface Rewrite {
  readonly term: (term: Term) => Term
  /** For bodies of comprehensions and `every`. Default: each expression is rewritten by `expr`. */
  readonly body?: (body: Body) => Body
  /** Default: `mapExpr` with this rewrite. */
  readonly expr?: (expr: Expr) => Expr
}

/** `items` itself when nothing changed, so that untouched parts of a program are shared. */
export function mapAll<T>(items: readonly T[], map: (item: T) => T): readonly T[] {
  let changed: T[] | undefined
  for (let i = 0; i < items.length; i++) {
    const item = items[i]!
    const next = map(item)
    if (next === item && changed === undefined) continue
    changed ??= items.slice(0, i)
    changed.push(next)
  }
  return changed ?? items
}

function mapBody(body: Body, rewrite: Rewrite): Body {
  if (rewrite.body !== undefined) return rewrite.body(body)
  return mapAll(body, expr => mapNested(expr, rewrite))
}

function mapNested(expr: Expr, rewrite: Rewrite): Expr {
  return rewrite.expr === undefined ? mapExpr(expr, rewrite) : rewrite.expr(expr)
}

function mapEntries(entries: readonly ObjectEntry[], map: (term: Term) => Term): readonly ObjectEntry[] {
  return mapAll(entries, entry => {
    const key = map(entry.key)
    const value = map(entry.value)
    return key === entry.key && value === entry.value ? entry : { key, value }
  })
}

/** The term with the terms and bodies right below it rewritten. */
export function mapChildren(term: Term, rewrite: Rewrite): Term {
  const map = rewrite.term
  switch (term.kind) {
    case 'ref':
      return mapRef(term, map)
    case 'array':
    case 'set': {
      const items = mapAll(term.items, map)
      return items === term.items ? term : { ...term, items }
    }
    case 'object': {
      const entries = mapEntries(term.entries, map)
      return entries === term.entries ? term : { ...term, entries }
    }
    case 'array-comprehension':
    case 'set-comprehension': {
      const body = mapBody(term.body, rewrite)
      const inner = map(term.term)
      return body === term.body && inner === term.term ? term : { ...term, term: inner, body }
    }
    case 'object-comprehension': {
      const body = mapBody(term.body, rewrite)
      const key = map(term.key)
      const value = map(term.value)
      return body === term.body && key === term.key && value === term.value ? term : { ...term, key, value, body }
    }
    case 'call': {
      const operator = map(term.operator) as RefTerm
      const args = mapAll(term.args, map)
      return operator === term.operator && args === term.args ? term : { ...term, operator, args }
    }
    case 'template': {
      const parts = mapAll(term.parts, part => (part.kind === 'string' ? part : mapNested(part, rewrite)))
      return parts === term.parts ? term : { ...term, parts }
    }
    default:
      return term
  }
}

export function mapRef(ref: RefTerm, map: (term: Term) => Term): RefTerm {
  const head = map(ref.head)
  const path = mapAll(ref.path, map)
  return head === ref.head && path === ref.path ? ref : { ...ref, head, path }
}

/** The expression with its terms, `with`s and body rewritten. */
export function mapExpr(expr: Expr, rewrite: Rewrite): Expr {
  const map = rewrite.term
  const modifiers = mapAll(expr.with, modifier => mapWith(modifier, map))
  const base = modifiers === expr.with ? expr : { ...expr, with: modifiers }
  switch (base.kind) {
    case 'term': {
      const term = map(base.term)
      return term === base.term ? base : { ...base, term }
    }
    case 'call': {
      const operator = map(base.operator) as RefTerm
      const args = mapAll(base.args, map)
      return operator === base.operator && args === base.args ? base : { ...base, operator, args }
    }
    case 'some': {
      const symbols = mapAll(base.symbols, map)
      return symbols === base.symbols ? base : { ...base, symbols }
    }
    case 'every': {
      const domain = map(base.domain)
      const key = base.key === undefined ? undefined : map(base.key)
      const value = map(base.value)
      const body = mapBody(base.body, rewrite)
      const same = domain === base.domain && key === base.key && value === base.value && body === base.body
      return same ? base : { ...base, domain, key, value, body }
    }
  }
}

function mapWith(modifier: With, map: (term: Term) => Term): With {
  const target = map(modifier.target)
  const value = map(modifier.value)
  return target === modifier.target && value === modifier.value ? modifier : { ...modifier, target, value }
}

/** Rewrites every term, the innermost first. */
export function rewriteTerms(term: Term, each: (term: Term) => Term): Term {
  return each(mapChildren(term, { term: inner => rewriteTerms(inner, each) }))
}

/** Rewrites every body of comprehensions and `every` in an expression, the innermost first. */
export function mapBodies(expr: Expr, each: (body: Body) => Body): Expr {
  return mapExpr(expr, bodyRewrite(each))
}

function bodyRewrite(each: (body: Body) => Body): Rewrite {
  const rewrite: Rewrite = {
    term: term => mapChildren(term, rewrite),
    body: body => each(mapAll(body, expr => mapExpr(expr, rewrite))),
  }
  return rewrite
}

/** Rewrites every body of comprehensions in a term, the innermost first. */
export function mapBodiesOfTerm(term: Term, each: (body: Body) => Body): Term {
  return mapChildren(term, bodyRewrite(each))
}

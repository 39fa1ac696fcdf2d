import type { ArrayComprehension, Body, Expr, ObjectComprehension, RefTerm, SetComprehension, Term } from '../ast.ts'
import { isComprehension, walkTerms } from '../walk.ts'
import { inOrder } from './term-order.ts'
import { mapAll, mapBodies, mapChildren, mapExpr } from './transform.ts'
import { appendToBody, definitionsOf, equation, isCallOf, originOf, varTerm, type Work } from './work.ts'

/** What has to run before an expression so that its terms are plain. */
type Support = Expr[]

/** Stage: calls inside terms become expressions of their own: `f(g(x))` is `g(x, l); f(l)`. */
export function expandCalls(work: Work): void {
  for (const rule of definitionsOf(work)) {
    const support: Support = []
    const expand = (term: Term): Term => expandTerm(work, term, support, undefined)
    const args = rule.args?.map(expand)
    rule.args = args
    if (rule.key !== undefined) rule.key = expand(rule.key)
    if (rule.value !== undefined) rule.value = expand(rule.value)
    rule.body = expandBody(work, appendToBody(rule.body, support))
  }
}

export function expandBody(work: Work, body: Body): Body {
  return body.flatMap(expr => expandExpr(work, expr))
}

function expandExpr(work: Work, expr: Expr): readonly Expr[] {
  const before: Support = []
  const plain = expr.with.length === 0 ? expr : expandWiths(work, expr, before)
  const support: Support = []
  const expand = (term: Term): Term => expandTerm(work, term, support, plain)
  switch (plain.kind) {
    case 'term': {
      const term = expand(plain.term)
      return [...before, ...support, term === plain.term ? plain : { ...plain, term }]
    }
    case 'call': {
      const args = mapAll(plain.args, expand)
      return [...before, ...support, args === plain.args ? plain : { ...plain, args }]
    }
    case 'every': {
      const local = varTerm(work.fresh(), plain.domain.span)
      const domain = expandExpr(work, equation(local, plain.domain, plain))
      return [...before, ...domain, { ...plain, domain: local, body: expandBody(work, plain.body) }]
    }
    case 'some':
      return [...before, plain]
  }
}

function expandWiths(work: Work, expr: Expr, before: Support): Expr {
  const outside: Expr = { ...expr, with: [] }
  const modifiers = expr.with.map(modifier => ({
    ...modifier,
    value: expandTerm(work, modifier.value, before, outside),
  }))
  return { ...expr, with: modifiers }
}

/** The term without calls; what computes them goes to `support`, under the `with`s of `like`. */
function expandTerm(work: Work, term: Term, support: Support, like: Expr | undefined): Term {
  const expand = (inner: Term): Term => expandTerm(work, inner, support, like)
  switch (term.kind) {
    case 'call': {
      const args = term.args.map(expand)
      const local = varTerm(work.fresh(), term.span)
      support.push({
        kind: 'call',
        span: term.span,
        operator: term.operator,
        args: [...args, local],
        negated: false,
        with: like?.with ?? [],
        generated: true,
        from: like === undefined ? term.span : originOf(like),
      })
      return local
    }
    case 'ref':
      return expandRef(work, term, support, like)
    case 'array':
    case 'set':
    case 'object':
      return mapChildren(inOrder(term), { term: expand })
    case 'array-comprehension':
    case 'set-comprehension': {
      const inner: Support = []
      const head = expandTerm(work, term.term, inner, undefined)
      return { ...term, term: head, body: expandBody(work, appendToBody(term.body, inner)) }
    }
    case 'object-comprehension': {
      const inner: Support = []
      const key = expandTerm(work, term.key, inner, undefined)
      const value = expandTerm(work, term.value, inner, undefined)
      return { ...term, key, value, body: expandBody(work, appendToBody(term.body, inner)) }
    }
    default:
      return term
  }
}

/** `[1, 2][i]` is `l = [1, 2]; l[i]`. */
function expandRef(work: Work, term: RefTerm, support: Support, like: Expr | undefined): RefTerm {
  const expand = (inner: Term): Term => expandTerm(work, inner, support, like)
  const head = expand(term.head)
  const path = mapAll(term.path, expand)
  if (!isIndirect(head)) return head === term.head && path === term.path ? term : { ...term, head, path }
  const local = varTerm(work.fresh(), head.span)
  support.push(equation(local, head, like))
  return { ...term, head: local, path }
}

function isIndirect({ kind }: Term): boolean {
  return kind === 'array' || kind === 'object' || kind === 'set' || kind === 'call' || kind.endsWith('comprehension')
}

/** A ref or a comprehension in it: it has no value without evaluation. */
export function needsEvaluation(term: Term): boolean {
  let found = false
  walkTerms(term, inner => {
    if (inner.kind === 'ref' || isComprehension(inner)) found = true
    return !found
  })
  return found
}

/** Stage: the head of a comprehension is free of refs: `[x.y | x]` is `[l | x; l = x.y]`. */
export function hoistComprehensionHeads(work: Work): void {
  for (const rule of definitionsOf(work, 'comprehension')) {
    rule.body = hoistHeadsInBody(work, rule.body)
    if (rule.key !== undefined) rule.key = hoistHeadsInTerm(work, rule.key)
    if (rule.value !== undefined) rule.value = hoistHeadsInTerm(work, rule.value)
  }
}

export function hoistHeadsInBody(work: Work, body: Body): Body {
  return body.map(expr => hoistHeadsInExpr(work, expr))
}

function hoistHeadsInExpr(work: Work, expr: Expr): Expr {
  return mapExpr(expr, {
    term: term => hoistHeadsInTerm(work, term),
    body: inner => hoistHeadsInBody(work, inner),
  })
}

function hoistHeadsInTerm(work: Work, term: Term): Term {
  const plain = mapChildren(term, {
    term: inner => hoistHeadsInTerm(work, inner),
    body: body => hoistHeadsInBody(work, body),
  })
  const moved: Support = []
  const hoist = (head: Term): Term => hoistTerm(work, head, moved)
  switch (plain.kind) {
    case 'array-comprehension':
    case 'set-comprehension': {
      const head = hoist(plain.term)
      return moved.length === 0 ? plain : { ...plain, term: head, body: appendToBody(plain.body, moved) }
    }
    case 'object-comprehension': {
      const key = hoist(plain.key)
      const value = hoist(plain.value)
      return moved.length === 0 ? plain : { ...plain, key, value, body: appendToBody(plain.body, moved) }
    }
    default:
      return plain
  }
}

function hoistTerm(work: Work, term: Term, moved: Support): Term {
  if (!needsEvaluation(term)) return term
  const local = varTerm(work.fresh(), term.span)
  moved.push(equation(local, term))
  return local
}

/** Stage: the head of a rule is free of refs: `p := input.x` is `p := l { l = input.x }`. */
export function hoistRuleHeads(work: Work): void {
  for (const rule of definitionsOf(work)) {
    const moved: Support = []
    if (rule.key !== undefined) rule.key = hoistTerm(work, rule.key, moved)
    if (rule.value !== undefined) rule.value = hoistTerm(work, rule.value, moved)
    rule.args = rule.args?.map(arg => hoistTerm(work, arg, moved))
    rule.body = appendToBody(rule.body, moved)
  }
}

/** Stage: `==` binds nothing, but once order is settled it is `=`. */
export function unifyEquals(work: Work): void {
  for (const rule of definitionsOf(work, 'equal')) rule.body = unifyEqualsIn(rule.body)
}

function unifyEqualsIn(body: Body): Body {
  return body.map(expr => {
    const inner = mapBodies(expr, nested => nested.map(unifyEqual))
    return unifyEqual(inner)
  })
}

function unifyEqual(expr: Expr): Expr {
  if (expr.kind !== 'call' || expr.args.length !== 2 || !isCallOf(expr, 'equal')) return expr
  const { span } = expr.operator
  return { ...expr, operator: { kind: 'ref', span, head: varTerm('eq', span), path: [] } }
}

/** Stage: refs and comprehensions inside terms become expressions too; `x = input.y` and the term `input.y` may stay. */
export function hoistDynamics(work: Work): void {
  for (const rule of definitionsOf(work)) rule.body = hoistDynamicsInBody(work, rule.body)
}

export function hoistDynamicsInBody(work: Work, body: Body): Body {
  return body.flatMap(expr => hoistDynamicsInExpr(work, expr))
}

function hoistDynamicsInExpr(work: Work, expr: Expr): readonly Expr[] {
  const support: Support = []
  const inside = (term: Term): Term => hoistInside(work, term, support, expr)
  const whole = (term: Term): Term => hoistDynamic(work, term, support, expr)
  switch (expr.kind) {
    case 'term': {
      const term = inside(expr.term)
      return [...support, term === expr.term ? expr : { ...expr, term }]
    }
    case 'call': {
      const args = mapAll(expr.args, isCallOf(expr, 'eq') ? inside : whole)
      return [...support, args === expr.args ? expr : { ...expr, args }]
    }
    case 'every': {
      const domain = whole(expr.domain)
      return [...support, { ...expr, domain, body: hoistDynamicsInBody(work, expr.body) }]
    }
    case 'some':
      return [expr]
  }
}

/** A ref or comprehension may be the term itself, but not stand inside it. */
function hoistInside(work: Work, term: Term, support: Support, expr: Expr): Term {
  if (term.kind === 'ref') return hoistFromPath(work, term, support, expr)
  if (isClosure(term)) return { ...term, body: hoistDynamicsInBody(work, term.body) }
  return hoistDynamic(work, term, support, expr)
}

function hoistDynamic(work: Work, term: Term, support: Support, expr: Expr): Term {
  const hoist = (inner: Term): Term => hoistDynamic(work, inner, support, expr)
  switch (term.kind) {
    case 'ref':
      return hoistTo(work, hoistFromPath(work, term, support, expr), support, expr)
    case 'array':
    case 'set':
    case 'object':
      return mapChildren(inOrder(term), { term: hoist })
    case 'array-comprehension':
    case 'set-comprehension':
    case 'object-comprehension':
      return hoistTo(work, { ...term, body: hoistDynamicsInBody(work, term.body) }, support, expr)
    default:
      return term
  }
}

function hoistFromPath(work: Work, term: RefTerm, support: Support, expr: Expr): RefTerm {
  const path = mapAll(term.path, part => hoistDynamic(work, part, support, expr))
  return path === term.path ? term : { ...term, path }
}

type Closure = ArrayComprehension | SetComprehension | ObjectComprehension

function isClosure(term: Term): term is Closure {
  return isComprehension(term)
}

function hoistTo(work: Work, term: Term, support: Support, expr: Expr): Term {
  const local = varTerm(work.fresh(), term.span)
  support.push(equation(local, term, expr))
  return local
}

import type { ArrayComprehension, Body, Expr, ObjectComprehension, RefTerm, SetComprehension, Term } from '../ast.ts'
import { isComprehension } from '../walk.ts'
import { inOrder } from './term-order.ts'
import { mapAll, mapBodies, mapChildren, mapExpr, type Rewrite } from './transform.ts'
import {
  appendToBody,
  definitionsOf,
  equation,
  isCallOf,
  isEquation,
  mayHaveClosures,
  originOf,
  varTerm,
  type Work,
} from './work.ts'

/** Where terms are taken out of an expression. */
interface Hoisting {
  readonly work: Work
  /** What has to run before the expression, so that its terms are plain. */
  readonly support: Expr[]
  /** The expression, under whose `with`s that has to run; none for the head of a rule. */
  readonly like: Expr | undefined
}

/** Stage: calls inside terms become expressions of their own: `f(g(x))` is `g(x, l); f(l)`. */
export function expandCalls(work: Work): void {
  for (const rule of definitionsOf(work)) {
    const hoisting: Hoisting = { work, support: [], like: undefined }
    if (rule.args !== undefined) rule.args = mapAll(rule.args, expandTerm, hoisting)
    if (rule.key !== undefined) rule.key = expandTerm(rule.key, hoisting)
    if (rule.value !== undefined) rule.value = expandTerm(rule.value, hoisting)
    rule.body = expandBody(work, appendToBody(rule.body, hoisting.support))
  }
}

export function expandBody(work: Work, body: Body): Body {
  const expanded: Expr[] = []
  for (const expr of body) expandExpr(work, expr, expanded)
  return expanded
}

function expandExpr(work: Work, expr: Expr, into: Expr[]): void {
  const plain = expr.with.length === 0 ? expr : expandWiths(work, expr, into)
  const hoisting: Hoisting = { work, support: into, like: plain }
  switch (plain.kind) {
    case 'term': {
      const term = expandTerm(plain.term, hoisting)
      into.push(term === plain.term ? plain : { ...plain, term })
      break
    }
    case 'call': {
      const args = mapAll(plain.args, expandTerm, hoisting)
      into.push(args === plain.args ? plain : { ...plain, args })
      break
    }
    case 'every': {
      const local = varTerm(work.fresh(), plain.domain.span)
      expandExpr(work, equation(local, plain.domain, plain), into)
      into.push({ ...plain, domain: local, body: expandBody(work, plain.body) })
      break
    }
    case 'some':
      into.push(plain)
  }
}

function expandWiths(work: Work, expr: Expr, support: Expr[]): Expr {
  const outside: Hoisting = { work, support, like: { ...expr, with: [] } }
  const modifiers = expr.with.map(modifier => ({ ...modifier, value: expandTerm(modifier.value, outside) }))
  return { ...expr, with: modifiers }
}

/** The term without calls; what computes them goes to `support`, under the `with`s of `like`. */
function expandTerm(term: Term, hoisting: Hoisting): Term {
  const { work, support, like } = hoisting
  switch (term.kind) {
    case 'call': {
      const args = term.args.map(arg => expandTerm(arg, hoisting))
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
      return expandRef(term, hoisting)
    case 'array':
    case 'set':
    case 'object':
      return mapChildren(inOrder(term), expansion, hoisting)
    case 'array-comprehension':
    case 'set-comprehension': {
      const inner: Hoisting = { work, support: [], like: undefined }
      const head = expandTerm(term.term, inner)
      return { ...term, term: head, body: expandBody(work, appendToBody(term.body, inner.support)) }
    }
    case 'object-comprehension': {
      const inner: Hoisting = { work, support: [], like: undefined }
      const key = expandTerm(term.key, inner)
      const value = expandTerm(term.value, inner)
      return { ...term, key, value, body: expandBody(work, appendToBody(term.body, inner.support)) }
    }
    default:
      return term
  }
}

const expansion: Rewrite<Hoisting> = { term: expandTerm }

/** `[1, 2][i]` is `l = [1, 2]; l[i]`. */
function expandRef(term: RefTerm, hoisting: Hoisting): RefTerm {
  const head = expandTerm(term.head, hoisting)
  const path = mapAll(term.path, expandTerm, hoisting)
  if (!isIndirect(head)) return head === term.head && path === term.path ? term : { ...term, head, path }
  const local = varTerm(hoisting.work.fresh(), head.span)
  hoisting.support.push(equation(local, head, hoisting.like))
  return { ...term, head: local, path }
}

function isIndirect({ kind }: Term): boolean {
  return kind === 'array' || kind === 'object' || kind === 'set' || kind === 'call' || kind.endsWith('comprehension')
}

/** A ref or a comprehension in it: it has no value without evaluation. */
export function needsEvaluation(term: Term): boolean {
  switch (term.kind) {
    case 'ref':
    case 'call':
    case 'array-comprehension':
    case 'set-comprehension':
    case 'object-comprehension':
      return true
    case 'array':
    case 'set':
      return term.items.some(needsEvaluation)
    case 'object':
      return term.entries.some(({ key, value }) => needsEvaluation(key) || needsEvaluation(value))
    default:
      return false
  }
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
  return mapAll(body, expr => mapExpr(expr, headRewrite, work))
}

const headRewrite: Rewrite<Work> = {
  term: (term, work) => hoistHeadsInTerm(work, term),
  body: (body, work) => hoistHeadsInBody(work, body),
}

function hoistHeadsInTerm(work: Work, term: Term): Term {
  const plain = mapChildren(term, headRewrite, work)
  switch (plain.kind) {
    case 'array-comprehension':
    case 'set-comprehension': {
      const moved: Expr[] = []
      const head = hoistTerm(work, plain.term, moved)
      return moved.length === 0 ? plain : { ...plain, term: head, body: appendToBody(plain.body, moved) }
    }
    case 'object-comprehension': {
      const moved: Expr[] = []
      const key = hoistTerm(work, plain.key, moved)
      const value = hoistTerm(work, plain.value, moved)
      return moved.length === 0 ? plain : { ...plain, key, value, body: appendToBody(plain.body, moved) }
    }
    default:
      return plain
  }
}

function hoistTerm(work: Work, term: Term, moved: Expr[]): Term {
  if (!needsEvaluation(term)) return term
  const local = varTerm(work.fresh(), term.span)
  moved.push(equation(local, term))
  return local
}

/** Stage: the head of a rule is free of refs: `p := input.x` is `p := l { l = input.x }`. */
export function hoistRuleHeads(work: Work): void {
  for (const rule of definitionsOf(work)) {
    const moved: Expr[] = []
    if (rule.key !== undefined) rule.key = hoistTerm(work, rule.key, moved)
    if (rule.value !== undefined) rule.value = hoistTerm(work, rule.value, moved)
    if (rule.args !== undefined) rule.args = mapAll(rule.args, arg => hoistTerm(work, arg, moved))
    rule.body = appendToBody(rule.body, moved)
  }
}

/** Stage: `==` binds nothing, but once order is settled it is `=`. */
export function unifyEquals(work: Work): void {
  for (const rule of definitionsOf(work, 'equal')) {
    const body = mayHaveClosures(rule) ? mapAll(rule.body, mapBodies, unifyAll) : rule.body
    rule.body = unifyAll(body)
  }
}

const unifyAll = (body: Body): Body => mapAll(body, unifyEqual)

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
  const hoisted: Expr[] = []
  for (const expr of body) hoistDynamicsInExpr(work, expr, hoisted)
  return hoisted
}

function hoistDynamicsInExpr(work: Work, expr: Expr, into: Expr[]): void {
  const hoisting: Hoisting = { work, support: into, like: expr }
  switch (expr.kind) {
    case 'term': {
      const term = hoistInside(expr.term, hoisting)
      into.push(term === expr.term ? expr : { ...expr, term })
      break
    }
    case 'call': {
      const args = mapAll(expr.args, isEquation(expr) ? hoistInside : hoistDynamic, hoisting)
      into.push(args === expr.args ? expr : { ...expr, args })
      break
    }
    case 'every': {
      const domain = hoistDynamic(expr.domain, hoisting)
      into.push({ ...expr, domain, body: hoistDynamicsInBody(work, expr.body) })
      break
    }
    case 'some':
      into.push(expr)
  }
}

/** A ref or comprehension may be the term itself, but not stand inside it. */
function hoistInside(term: Term, hoisting: Hoisting): Term {
  if (term.kind === 'ref') return hoistFromPath(term, hoisting)
  if (isClosure(term)) return { ...term, body: hoistDynamicsInBody(hoisting.work, term.body) }
  return hoistDynamic(term, hoisting)
}

function hoistDynamic(term: Term, hoisting: Hoisting): Term {
  switch (term.kind) {
    case 'ref':
      return hoistTo(hoistFromPath(term, hoisting), hoisting)
    case 'array':
    case 'set':
    case 'object':
      return mapChildren(inOrder(term), dynamics, hoisting)
    case 'array-comprehension':
    case 'set-comprehension':
    case 'object-comprehension':
      return hoistTo({ ...term, body: hoistDynamicsInBody(hoisting.work, term.body) }, hoisting)
    default:
      return term
  }
}

const dynamics: Rewrite<Hoisting> = { term: hoistDynamic }

function hoistFromPath(term: RefTerm, hoisting: Hoisting): RefTerm {
  const path = mapAll(term.path, hoistDynamic, hoisting)
  return path === term.path ? term : { ...term, path }
}

type Closure = ArrayComprehension | SetComprehension | ObjectComprehension

function isClosure(term: Term): term is Closure {
  return isComprehension(term)
}

function hoistTo(term: Term, { work, support, like }: Hoisting): Term {
  const local = varTerm(work.fresh(), term.span)
  support.push(equation(local, term, like))
  return local
}

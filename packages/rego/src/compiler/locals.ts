import type { Body, CallExpr, EveryExpr, Expr, RefTerm, SomeExpr, Term, With } from '../ast.ts'
import { formatTerm } from '../format.ts'
import type { Span } from '../source-text.ts'
import { isComprehension, walkTerms } from '../walk.ts'
import { outputsOfEquation } from './output-vars.ts'
import { isRootDocument } from './resolve.ts'
import { copyFrame, declare, declareIn, type Frame, find, type Scopes, top } from './scopes.ts'
import { mapAll, mapChildren, mapExpr, type Rewrite } from './transform.ts'
import { reportUnusedAssigned, reportUnusedDeclared } from './unused-locals.ts'
import { varsOfTerm } from './vars.ts'
import { chainOf, type Definition, equation, isCallOf, isScalar, report, varTerm, type Work } from './work.ts'

/** Stage: what `:=`, `some`, `every` and arguments declare gets a name of its own; `:=` and `some x in` become `=`. */
export function rewriteLocals(work: Work): void {
  for (const { rules } of work.modules) for (const rule of rules) rewriteRule(work, rule)
}

function rewriteRule(work: Work, rule: Definition): void {
  const args: Frame = new Map()
  const renamed = renameArgs(work, rule, args)
  const unused = work.strict ? new Set(args.keys()) : nothingUnused
  const before = work.errors.length
  for (const branch of chainOf(rule)) {
    // The arguments of a branch are those of the definition, in other places: the same names result.
    const frame = branch === rule ? args : copyFrame(args)
    branch.args = branch === rule ? renamed : renameArgs(work, branch, frame)
    const scopes: Scopes = { work, frames: [copyFrame(args)] }
    rewriteDefinition(scopes, branch, unused)
    for (const name of unused) if ((scopes.frames[0]!.get(name)?.count ?? 0) > 1) unused.delete(name)
    if (work.errors.length > before) return
  }
  for (const name of unused) {
    if (name.startsWith('$')) continue
    const reason = `unused argument ${name}. (hint: use _ (wildcard variable) instead)`
    report(work, 'rego_compile_error', rule.headSpan, reason)
  }
}

const nothingUnused = new Set<string>()

function renameArgs(work: Work, rule: Definition, frame: Frame): readonly Term[] | undefined {
  const rename = (term: Term): Term => {
    switch (term.kind) {
      case 'var': {
        let declared = frame.get(term.name)
        if (declared === undefined) {
          declared = { as: declare(work, term.name), occurrence: 'arg', count: 1 }
          frame.set(term.name, declared)
        } else declared.count++
        return { ...term, name: declared.as }
      }
      case 'object':
        return {
          ...term,
          entries: mapAll(term.entries, entry => ({ key: entry.key, value: rename(entry.value) })),
        }
      case 'call':
        report(work, 'rego_compile_error', term.span, 'rule arguments cannot contain calls')
        return term
      case 'array':
      case 'ref':
        return mapChildren(term, { term: rename })
      default:
        return term
    }
  }
  return rule.args?.map(rename)
}

function rewriteDefinition(scopes: Scopes, rule: Definition, unusedArgs: Set<string>): void {
  const { work } = scopes
  const used = new Set<string>()
  if (!hasPlainHead(rule)) {
    // Comprehensions of the head have scopes of their own, which do not see what the body declares.
    if (rule.key !== undefined) rule.key = rewriteNestedInHead(work, rule.key)
    if (rule.value !== undefined) rule.value = rewriteNestedInHead(work, rule.value)
    for (const term of rule.reference.path) varsOfTerm(term, {}, used)
    if (rule.key !== undefined) varsOfTerm(rule.key, {}, used)
    if (rule.value !== undefined) {
      varsOfTerm(rule.value, {}, used)
      if (unusedArgs.size > 0) for (const name of varsOfTerm(rule.value)) unusedArgs.delete(name)
    }
  }
  rule.body = rewriteBody(scopes, used, rule.body)
  const frame = scopes.frames[0]!
  const path = mapAll(rule.reference.path, rename, frame)
  if (path !== rule.reference.path) rule.reference = { ...rule.reference, path }
  if (rule.key !== undefined) rule.key = rename(rule.key, frame)
  if (rule.value !== undefined) rule.value = rename(rule.value, frame)
}

/** Nothing but scalars in it. */
function hasPlainHead({ reference, args, key, value }: Definition): boolean {
  if (key !== undefined && !isScalar(key)) return false
  if (value !== undefined && !isScalar(value)) return false
  return reference.path.every(isScalar) && (args === undefined || args.every(isScalar))
}

function rename(term: Term, frame: Frame): Term {
  if (term.kind !== 'var') return mapChildren(term, renaming, frame)
  const declared = frame.get(term.name)
  return declared === undefined || declared.as === term.name ? term : { ...term, name: declared.as }
}

const renaming: Rewrite<Frame> = { term: rename }

function rewriteNestedInHead(work: Work, term: Term): Term {
  if (isComprehension(term)) return rewriteComprehension({ work, frames: [new Map()] }, term)
  if (term.kind === 'template') {
    const scopes: Scopes = { work, frames: [new Map()] }
    return rewriteTemplate(scopes, term)
  }
  return mapChildren(term, { term: inner => rewriteNestedInHead(work, inner) })
}

/** The variables of a query keep their names; only `:=`, `some` and `every` make others. */
export function rewriteQueryLocals(work: Work, body: Body): Body {
  return rewriteBody({ work, frames: [new Map()] }, new Set(), body)
}

function rewriteBody(scopes: Scopes, used: ReadonlySet<string>, body: Body): Body {
  const { work } = scopes
  const before = work.errors.length
  const result: Expr[] = []
  for (const expr of body) {
    const rewritten = rewriteStatement(scopes, expr)
    if (rewritten !== undefined) result.push(rewritten)
  }
  if (result.length === 0) result.push(trueExpr(body[0]!.span))
  if (work.strict && work.errors.length === before) reportUnusedAssigned(scopes, used, body)
  if (work.errors.length === before) reportUnusedDeclared(scopes, used, body, result)
  return result
}

function trueExpr(span: Span): Expr {
  return { kind: 'term', span, term: { kind: 'boolean', span, value: true }, negated: false, with: [], generated: true }
}

function rewriteStatement(scopes: Scopes, expr: Expr): Expr | undefined {
  if (expr.kind === 'some') return rewriteSome(scopes, expr)
  if (expr.kind === 'every') return rewriteEvery(scopes, expr)
  if (expr.kind === 'call' && isCallOf(expr, 'assign')) return rewriteAssignment(scopes, expr)
  return rewriteExpr(scopes, expr)
}

function rewriteSome(scopes: Scopes, expr: SomeExpr): Expr | undefined {
  const [first] = expr.symbols
  if (first?.kind === 'call') return rewriteSomeIn(scopes, expr, first.args)
  for (const symbol of expr.symbols) {
    if (symbol.kind === 'var' && declareIn(scopes, symbol.name, 'declared', expr.span) === undefined) return undefined
  }
  return undefined
}

/** `some k, v in xs` is `v = xs[k]`, with the variables of `k` and `v` declared. */
function rewriteSomeIn(scopes: Scopes, expr: SomeExpr, args: readonly Term[]): Expr | undefined {
  const domain = args.at(-1)!
  const value = args.at(-2)!
  const key = args.length === 3 ? args[0]! : varTerm(scopes.work.fresh(), value.span)
  const members: RefTerm =
    domain.kind === 'ref'
      ? { ...domain, path: [...domain.path, key] }
      : { kind: 'ref', span: domain.span, head: domain, path: [key] }
  const safe = new Set<string>()
  varsOfTerm(domain, {}, safe)
  const unified: CallExpr = { ...equation(value, members, expr), span: expr.span, generated: false }
  const outputs = outputsOfEquation(unified, safe)
  for (const name of outputs.size > 1 ? [...outputs].sort() : outputs) {
    if (declareIn(scopes, name, 'declared', expr.span) === undefined) return undefined
  }
  return rewriteExpr(scopes, unified)
}

function rewriteEvery(scopes: Scopes, expr: EveryExpr): Expr | undefined {
  const domain = rewriteTerm(scopes, expr.domain)
  scopes.frames.push(new Map())
  try {
    const key =
      expr.key === undefined ? varTerm(scopes.work.fresh(), expr.value.span) : declareVar(scopes, expr.key, expr.span)
    if (key === undefined) return undefined
    const value = declareVar(scopes, expr.value, expr.span)
    if (value === undefined) return undefined
    const body = rewriteBody(scopes, new Set(), expr.body)
    const modifiers = mapAll(expr.with, modifier => rewriteWith(scopes, modifier))
    return { ...expr, key, value, domain, body, with: modifiers }
  } finally {
    scopes.frames.pop()
  }
}

function declareVar(scopes: Scopes, term: Term, at: Span): Term | undefined {
  if (term.kind !== 'var' || term.name.startsWith('$')) return term
  const as = declareIn(scopes, term.name, 'declared', at)
  return as === undefined ? undefined : { ...term, name: as }
}

function rewriteAssignment(scopes: Scopes, expr: CallExpr): Expr {
  const { work } = scopes
  if (expr.negated) {
    report(work, 'rego_compile_error', expr.span, 'cannot assign vars inside negated expression')
    return expr
  }
  const [left, right] = expr.args
  if (left === undefined || right === undefined || expr.args.length !== 2) return expr
  const before = work.errors.length
  // The right side first: in `x := x + 1` it is another x.
  const value = rewriteTerm(scopes, right)
  const modifiers = mapAll(expr.with, modifier => ({ ...modifier, value: rewriteTerm(scopes, modifier.value) }))
  const target = rewriteTarget(scopes, left)
  if (work.errors.length > before) return expr
  const { operator } = equation(target, value)
  const located = { ...operator, span: expr.operator.span, head: { ...operator.head, span: expr.operator.span } }
  return { ...expr, operator: located, args: [target, value], with: modifiers }
}

function rewriteTarget(scopes: Scopes, term: Term): Term {
  switch (term.kind) {
    case 'var': {
      const as = declareIn(scopes, term.name, 'assigned', term.span)
      return as === undefined ? term : { ...term, name: as }
    }
    case 'array':
      return mapChildren(term, { term: inner => rewriteTarget(scopes, inner) })
    case 'object':
      return {
        ...term,
        entries: mapAll(term.entries, ({ key, value }) => ({ key, value: rewriteTarget(scopes, value) })),
      }
    default: {
      if (isRootDocument(term) && term.kind === 'ref' && term.head.kind === 'var') {
        const as = declareIn(scopes, term.head.name, 'assigned', term.span)
        return as === undefined ? term : varTerm(as, term.span)
      }
      report(scopes.work, 'rego_compile_error', term.span, `cannot assign to ${nameOfKind(term)}`)
      return term
    }
  }
}

function nameOfKind(term: Term): string {
  return term.kind === 'template' ? 'templatestring' : term.kind.replace('-', '')
}

function rewriteExpr(scopes: Scopes, expr: Expr): Expr {
  if (expr.kind !== 'term' && expr.kind !== 'call') return rewriteStatement(scopes, expr) ?? expr
  const plain = expr.with.length === 0 ? expr : { ...expr, with: [] }
  const rewritten = mapExpr(plain, localRewrite, scopes)
  if (expr.with.length === 0) return rewritten
  return { ...rewritten, with: mapAll(expr.with, modifier => rewriteWith(scopes, modifier)) }
}

function rewriteWith(scopes: Scopes, modifier: With): With {
  const target = rewriteWithTarget(scopes, modifier.target)
  return { ...modifier, target, value: rewriteTerm(scopes, modifier.value) }
}

/** `with input.x` means the document also where a local is called `input`; a name in brackets is the local. */
function rewriteWithTarget(scopes: Scopes, target: Term): Term {
  if (target.kind !== 'ref' || target.head.kind !== 'var' || target.head.name !== 'input') {
    return rewriteTerm(scopes, target)
  }
  return { ...target, path: mapAll(target.path, part => rewriteTerm(scopes, part)) }
}

const localRewrite: Rewrite<Scopes> = {
  term: (term, scopes) => rewriteTerm(scopes, term),
  expr: (expr, scopes) => rewriteExpr(scopes, expr),
}

function rewriteTerm(scopes: Scopes, term: Term): Term {
  switch (term.kind) {
    case 'null':
    case 'boolean':
    case 'number':
    case 'string':
      return term
    case 'var':
      return rewriteVar(scopes, term)
    case 'ref': {
      if (isRootDocument(term) && term.head.kind === 'var') {
        const declared = find(scopes, term.head.name)
        if (declared === undefined || declared.occurrence === 'seen') return term
        return varTerm(declared.as, term.span)
      }
      return mapChildren(term, localRewrite, scopes)
    }
    case 'call':
      checkCallee(scopes, term.operator, term.span)
      return mapChildren(term, localRewrite, scopes)
    case 'array-comprehension':
    case 'set-comprehension':
    case 'object-comprehension':
      return rewriteComprehension(scopes, term)
    default:
      return mapChildren(term, localRewrite, scopes)
  }
}

function rewriteVar(scopes: Scopes, term: Term & { kind: 'var' }): Term {
  const declared = find(scopes, term.name)
  if (declared === undefined) {
    top(scopes).set(term.name, { as: term.name, occurrence: 'seen', count: 1 })
    return term
  }
  declared.count++
  return declared.as === term.name ? term : { ...term, name: declared.as }
}

function checkCallee(scopes: Scopes, operator: RefTerm, at: Span): void {
  walkTerms(operator, term => {
    if (term.kind !== 'var') return
    const declared = find(scopes, term.name)
    if (declared === undefined || declared.as === term.name) return
    report(scopes.work, 'rego_compile_error', at, `called function ${formatTerm(operator)} shadowed`)
  })
}

function rewriteComprehension(scopes: Scopes, term: Term): Term {
  const used = new Set<string>()
  if (term.kind === 'object-comprehension') {
    varsOfTerm(term.key, {}, used)
    varsOfTerm(term.value, {}, used)
  } else if (term.kind === 'array-comprehension' || term.kind === 'set-comprehension') varsOfTerm(term.term, {}, used)
  scopes.frames.push(new Map())
  try {
    return mapChildren(term, {
      body: body => rewriteBody(scopes, used, body),
      term: inner => rewriteTerm(scopes, inner),
    })
  } finally {
    scopes.frames.pop()
  }
}

/** In a rule's head the expressions of a template string cannot see each other's names. */
function rewriteTemplate(scopes: Scopes, term: Term): Term {
  return mapChildren(term, {
    term: inner => inner,
    expr: part => {
      scopes.frames.push(new Map())
      const result = rewriteExpr(scopes, part)
      scopes.frames.pop()
      return result
    },
  })
}

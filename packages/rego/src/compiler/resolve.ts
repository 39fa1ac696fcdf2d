import type { Body, EveryExpr, Expr, RefTerm, Term } from '../ast.ts'
import { formatTerm } from '../format.ts'
import { isComprehension, walkBodyTerms, walkTerms } from '../walk.ts'
import { mapAll, mapChildren, mapExpr } from './transform.ts'
import { chainOf, type Definition, isCallOf, report, stringTerm, varTerm, type Work, type WorkModule } from './work.ts'

interface Global {
  readonly path: readonly Term[]
  readonly head: string
  used: boolean
}

type Globals = Map<string, Global>

/** Stage: names of imports and of the package's rules become `input...` and `data...`, unless a local has the name. */
export function resolveRefs(work: Work): void {
  const exported = exportsOf(work)
  for (const module of work.modules) {
    const globals = globalsOf(module, exported)
    for (const rule of module.rules) {
      for (const branch of chainOf(rule)) resolveDefinition(work, globals, branch)
    }
    if (work.strict) reportUnusedImports(work, module, globals)
  }
}

const packageKey = ({ path }: WorkModule): string => JSON.stringify(path.map(part => part.value))

function exportsOf(work: Work): ReadonlyMap<string, ReadonlySet<string>> {
  const exported = new Map<string, Set<string>>()
  for (const module of work.modules) {
    const key = packageKey(module)
    const names = exported.get(key) ?? new Set()
    exported.set(key, names)
    for (const { reference } of module.rules) if (reference.head.kind === 'var') names.add(reference.head.name)
  }
  return exported
}

/** The name under which an import is used; undefined for those that only switch syntax on. */
export function importName({ path, alias }: { readonly path: RefTerm; readonly alias: string | undefined }): string {
  if (alias !== undefined) return alias
  const last = path.path.at(-1)
  if (last?.kind === 'string') return last.value
  return path.head.kind === 'var' ? path.head.name : ''
}

function globalsOf(module: WorkModule, exported: ReadonlyMap<string, ReadonlySet<string>>): Globals {
  const globals: Globals = new Map()
  for (const name of exported.get(packageKey(module)) ?? []) {
    const path = [...module.path, stringTerm(name, module.module.package.span)]
    globals.set(name, { head: 'data', path, used: false })
  }
  for (const found of module.module.imports) {
    const head = found.path.head.kind === 'var' ? found.path.head.name : ''
    if (head === 'data' || head === 'input') {
      globals.set(importName(found), { head, path: found.path.path, used: false })
    }
  }
  return globals
}

function reportUnusedImports(work: Work, { module }: WorkModule, globals: Globals): void {
  for (const found of module.imports) {
    const global = globals.get(importName(found))
    if (global === undefined || global.used) continue
    const root = found.path.head.kind === 'var' ? found.path.head.name : ''
    if (root === 'future' || root === 'rego') continue
    const alias = found.alias === undefined ? '' : ` as ${found.alias}`
    report(work, 'rego_compile_error', found.span, `import ${formatTerm(found.path)}${alias} unused`)
  }
}

/** Names that are local where the walk is. */
interface Scope {
  readonly names: ReadonlySet<string>
  readonly outer: Scope | undefined
}

function isLocal(scope: Scope | undefined, name: string): boolean {
  for (let at = scope; at !== undefined; at = at.outer) if (at.names.has(name)) return true
  return false
}

function resolveDefinition(work: Work, globals: Globals, rule: Definition): void {
  const args = argumentNames(work, rule)
  if (args === undefined) return
  const scope: Scope = { names: declaredNames(rule.body), outer: { names: args, outer: undefined } }
  const resolve = (term: Term): Term => resolveTerm(globals, scope, term)
  const path = mapAll(rule.reference.path, resolve)
  if (path !== rule.reference.path) rule.reference = { ...rule.reference, path }
  if (rule.key !== undefined) rule.key = resolve(rule.key)
  if (rule.value !== undefined) rule.value = resolve(rule.value)
  rule.body = resolveBody(globals, scope, rule.body)
}

/** The variables in the patterns of the arguments; undefined (and reported) when one is `input` or `data`. */
function argumentNames(work: Work, rule: Definition): ReadonlySet<string> | undefined {
  const names = new Set<string>()
  let shadowed: Term | undefined
  for (const arg of rule.args ?? []) {
    walkTerms(arg, term => {
      if (term.kind === 'var') names.add(term.name)
      else if (isRootDocument(term)) shadowed ??= term
      // An object's keys are no patterns, but OPA takes the names in them as local all the same.
      return term.kind !== 'set' && term.kind !== 'call' && !isComprehension(term) && !isRootDocument(term)
    })
  }
  if (shadowed === undefined) return names
  const reason = `args must not shadow ${formatTerm(shadowed)} (use a different variable name)`
  report(work, 'rego_compile_error', rule.span, reason)
  return undefined
}

export function isRootDocument(term: Term): boolean {
  return (
    term.kind === 'ref' &&
    term.path.length === 0 &&
    term.head.kind === 'var' &&
    (term.head.name === 'input' || term.head.name === 'data')
  )
}

/** What `:=` and `some` in a body declare, its comprehensions apart. */
export function declaredNames(body: Body): ReadonlySet<string> {
  const names = new Set<string>()
  const add = (term: Term): void => {
    walkTerms(term, inner => void (inner.kind === 'var' && names.add(inner.name)))
  }
  walkBodyTerms(
    body,
    term => !isComprehension(term),
    expr => {
      if (isCallOf(expr, 'assign') && expr.kind === 'call' && expr.args.length === 2) add(expr.args[0]!)
      else if (expr.kind === 'some') {
        for (const symbol of expr.symbols) {
          if (symbol.kind === 'call') symbol.args.slice(0, -1).forEach(add)
          else add(symbol)
        }
      }
    },
  )
  return names
}

export function resolveBody(globals: Globals, scope: Scope, body: Body): Body {
  return mapAll(body, expr => resolveExpr(globals, scope, expr))
}

/** The body of a query, where only its own declarations are names. */
export function resolveQuery(body: Body): Body {
  return resolveBody(new Map(), { names: declaredNames(body), outer: undefined }, body)
}

function resolveExpr(globals: Globals, scope: Scope, expr: Expr): Expr {
  const term = (inner: Term): Term => resolveTerm(globals, scope, inner)
  if (expr.kind === 'every') return resolveEvery(globals, scope, expr)
  // `some x` names what it declares.
  if (expr.kind === 'some' && expr.symbols[0]?.kind !== 'call') return expr
  return mapExpr(expr, { term })
}

function resolveEvery(globals: Globals, scope: Scope, expr: EveryExpr): Expr {
  const names = new Set<string>()
  for (const term of [expr.key, expr.value]) if (term?.kind === 'var') names.add(term.name)
  const inner: Scope = { names, outer: scope }
  const resolved = mapExpr(expr, { term: term => resolveTerm(globals, inner, term), body: body => body })
  const modifiers = mapAll(expr.with, modifier => ({
    ...modifier,
    target: resolveTerm(globals, scope, modifier.target),
    value: resolveTerm(globals, scope, modifier.value),
  }))
  return { ...(resolved as EveryExpr), with: modifiers, body: resolveBody(globals, inner, expr.body) }
}

function resolveTerm(globals: Globals, scope: Scope, term: Term): Term {
  switch (term.kind) {
    case 'var': {
      const global = globals.get(term.name)
      return global === undefined || isLocal(scope, term.name) ? term : refTo(global, term)
    }
    case 'ref': {
      const resolve = (inner: Term): Term => resolveTerm(globals, scope, inner)
      const head = resolve(term.head)
      const path = mapAll(term.path, resolve)
      // A name that stands for `data.a` gives its path to the ref.
      if (head.kind === 'ref' && term.head.kind === 'var') {
        return { ...term, head: head.head, path: [...head.path, ...path] }
      }
      return head === term.head && path === term.path ? term : { ...term, head, path }
    }
    case 'array-comprehension':
    case 'set-comprehension':
    case 'object-comprehension': {
      const inner: Scope = { names: declaredNames(term.body), outer: scope }
      return resolveChildren(globals, inner, term)
    }
    default:
      return resolveChildren(globals, scope, term)
  }
}

function resolveChildren(globals: Globals, scope: Scope, term: Term): Term {
  return mapChildren(term, {
    term: inner => resolveTerm(globals, scope, inner),
    body: body => resolveBody(globals, scope, body),
    expr: expr => resolveExpr(globals, scope, expr),
  })
}

function refTo(global: Global, { span }: Term): RefTerm {
  global.used = true
  const path = global.path.map(part => ({ ...part, span }))
  return { kind: 'ref', span, head: varTerm(global.head, span), path }
}

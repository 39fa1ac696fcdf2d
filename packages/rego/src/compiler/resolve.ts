import type { Body, EveryExpr, Expr, RefTerm, Term } from '../ast.ts'
import { formatTerm } from '../format.ts'
import { isComprehension, walkBodyTerms, walkTerms } from '../walk.ts'
import { mapAll, mapChildren, mapExpr, type Rewrite } from './transform.ts'
import { varsOfTerm } from './vars.ts'
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

/** Names that are local where the walk is, within those of what is around it. */
interface Scope {
  readonly globals: Globals
  readonly names: ReadonlySet<string>
  readonly outer: Scope | undefined
}

function isLocal(scope: Scope, name: string): boolean {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.outer) if (at.names.has(name)) return true
  return false
}

function resolveDefinition(work: Work, globals: Globals, rule: Definition): void {
  const args = argumentNames(work, rule)
  if (args === undefined) return
  const outer = args === noNames ? undefined : { globals, names: args, outer: undefined }
  const scope: Scope = { globals, names: declaredNames(rule.body), outer }
  const path = mapAll(rule.reference.path, resolveTerm, scope)
  if (path !== rule.reference.path) rule.reference = { ...rule.reference, path }
  if (rule.key !== undefined) rule.key = resolveTerm(rule.key, scope)
  if (rule.value !== undefined) rule.value = resolveTerm(rule.value, scope)
  rule.body = resolveBody(rule.body, scope)
}

const noNames: ReadonlySet<string> = new Set()

/** The variables in the patterns of the arguments; undefined (and reported) when one is `input` or `data`. */
function argumentNames(work: Work, rule: Definition): ReadonlySet<string> | undefined {
  if (rule.args === undefined) return noNames
  const names = new Set<string>()
  let shadowed: Term | undefined
  for (const arg of rule.args) {
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
  let names: Set<string> | undefined
  const add = (term: Term): void => {
    names ??= new Set()
    varsOfTerm(term, {}, names)
  }
  walkBodyTerms(
    body,
    term => !isComprehension(term),
    expr => {
      if (expr.kind === 'call' && isCallOf(expr, 'assign') && expr.args.length === 2) add(expr.args[0]!)
      else if (expr.kind === 'some') {
        for (const symbol of expr.symbols) {
          if (symbol.kind === 'call') symbol.args.slice(0, -1).forEach(add)
          else add(symbol)
        }
      }
    },
  )
  return names ?? noNames
}

function resolveBody(body: Body, scope: Scope): Body {
  return mapAll(body, resolveExpr, scope)
}

/** The body of a query, where only its own declarations are names. */
export function resolveQuery(body: Body): Body {
  return resolveBody(body, { globals: new Map(), names: declaredNames(body), outer: undefined })
}

const resolution: Rewrite<Scope> = { term: resolveTerm, body: resolveBody, expr: resolveExpr }

function resolveExpr(expr: Expr, scope: Scope): Expr {
  if (expr.kind === 'every') return resolveEvery(expr, scope)
  // `some x` names what it declares.
  if (expr.kind === 'some' && expr.symbols[0]?.kind !== 'call') return expr
  return mapExpr(expr, resolution, scope)
}

function resolveEvery(expr: EveryExpr, scope: Scope): Expr {
  const names = new Set<string>()
  for (const term of [expr.key, expr.value]) if (term?.kind === 'var') names.add(term.name)
  const inner: Scope = { globals: scope.globals, names, outer: scope }
  const resolved = mapExpr(expr, resolution, inner)
  const modifiers = mapAll(expr.with, modifier => ({
    ...modifier,
    target: resolveTerm(modifier.target, scope),
    value: resolveTerm(modifier.value, scope),
  }))
  return { ...resolved, with: modifiers }
}

function resolveTerm(term: Term, scope: Scope): Term {
  switch (term.kind) {
    case 'null':
    case 'boolean':
    case 'number':
    case 'string':
      return term
    case 'var': {
      const global = scope.globals.get(term.name)
      return global === undefined || isLocal(scope, term.name) ? term : refTo(global, term)
    }
    case 'ref': {
      const head = resolveTerm(term.head, scope)
      const path = mapAll(term.path, resolveTerm, scope)
      // A name that stands for `data.a` gives its path to the ref.
      if (head.kind === 'ref' && term.head.kind === 'var') {
        return { ...term, head: head.head, path: [...head.path, ...path] }
      }
      return head === term.head && path === term.path ? term : { ...term, head, path }
    }
    case 'array-comprehension':
    case 'set-comprehension':
    case 'object-comprehension': {
      const inner: Scope = { globals: scope.globals, names: declaredNames(term.body), outer: scope }
      return mapChildren(term, resolution, inner)
    }
    default:
      return mapChildren(term, resolution, scope)
  }
}

function refTo(global: Global, { span }: Term): RefTerm {
  global.used = true
  const path = global.path.map(part => (part.kind === 'string' ? stringTerm(part.value, span) : { ...part, span }))
  return { kind: 'ref', span, head: varTerm(global.head, span), path }
}

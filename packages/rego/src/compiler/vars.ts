import type { Body, Expr, RefTerm, Term, With } from '../ast.ts'

/** Where not to look for variables. */
export interface VarOptions {
  /** Comprehensions, templates, and of `every` all but its domain. */
  readonly skipClosures?: boolean
  /** Heads of refs that name functions, and of what `with` replaces. */
  readonly skipCallees?: boolean
  readonly skipRefHeads?: boolean
  readonly skipObjectKeys?: boolean
  readonly skipSets?: boolean
}

/** What has to be bound when an expression is evaluated: its closures are looked at on their own. */
export const safetyVars: VarOptions = { skipClosures: true, skipCallees: true }

/** What a pattern can bind. */
export const patternVars: VarOptions = { skipRefHeads: true, skipObjectKeys: true, skipClosures: true }

const everything: VarOptions = {}

export function varsOfTerm(term: Term, options: VarOptions = everything, into = new Set<string>()): Set<string> {
  switch (term.kind) {
    case 'var':
      into.add(term.name)
      break
    case 'ref':
      if (!options.skipRefHeads) varsOfTerm(term.head, options, into)
      for (const part of term.path) varsOfTerm(part, options, into)
      break
    case 'array':
      for (const item of term.items) varsOfTerm(item, options, into)
      break
    case 'set':
      if (!options.skipSets) for (const item of term.items) varsOfTerm(item, options, into)
      break
    case 'object':
      for (const { key, value } of term.entries) {
        if (!options.skipObjectKeys) varsOfTerm(key, options, into)
        varsOfTerm(value, options, into)
      }
      break
    case 'call':
      varsOfCallee(term.operator, options, into)
      for (const arg of term.args) varsOfTerm(arg, options, into)
      break
    case 'array-comprehension':
    case 'set-comprehension':
      if (options.skipClosures) break
      varsOfTerm(term.term, options, into)
      varsOfBody(term.body, options, into)
      break
    case 'object-comprehension':
      if (options.skipClosures) break
      varsOfTerm(term.key, options, into)
      varsOfTerm(term.value, options, into)
      varsOfBody(term.body, options, into)
      break
    case 'template':
      if (options.skipClosures) break
      for (const part of term.parts) if (part.kind !== 'string') varsOfExpr(part, options, into)
      break
    default:
  }
  return into
}

function varsOfCallee(operator: RefTerm, options: VarOptions, into: Set<string>): void {
  if (!options.skipCallees) varsOfTerm(operator, options, into)
  else for (const part of operator.path) varsOfTerm(part, options, into)
}

export function varsOfExpr(expr: Expr, options: VarOptions = everything, into = new Set<string>()): Set<string> {
  switch (expr.kind) {
    case 'term':
      varsOfTerm(expr.term, options, into)
      break
    case 'call':
      varsOfCallee(expr.operator, options, into)
      for (const arg of expr.args) varsOfTerm(arg, options, into)
      break
    case 'some':
      for (const symbol of expr.symbols) varsOfTerm(symbol, options, into)
      break
    case 'every':
      if (options.skipClosures) return varsOfTerm(expr.domain, options, into)
      if (expr.key !== undefined) varsOfTerm(expr.key, options, into)
      varsOfTerm(expr.value, options, into)
      varsOfTerm(expr.domain, options, into)
      varsOfBody(expr.body, options, into)
  }
  for (const modifier of expr.with) varsOfWith(modifier, options, into)
  return into
}

export function varsOfWith({ target, value }: With, options: VarOptions, into = new Set<string>()): Set<string> {
  if (!options.skipCallees) {
    varsOfTerm(target, options, into)
    varsOfTerm(value, options, into)
    return into
  }
  if (target.kind === 'ref') for (const part of target.path) varsOfTerm(part, options, into)
  if (value.kind === 'ref') for (const part of value.path) varsOfTerm(part, options, into)
  else varsOfTerm(value, options, into)
  return into
}

export function varsOfBody(body: Body, options: VarOptions = everything, into = new Set<string>()): Set<string> {
  for (const expr of body) varsOfExpr(expr, options, into)
  return into
}

export function isSubset(names: ReadonlySet<string>, of: ReadonlySet<string>): boolean {
  for (const name of names) if (!of.has(name)) return false
  return true
}

import type { Body, CallExpr, Expr, RefTerm, Term } from '../ast.ts'
import { isGround } from '../walk.ts'
import { isRefSafe, unifiedVars } from './unify.ts'
import { isSubset, safetyVars, type VarOptions, varsOfTerm, varsOfWith } from './vars.ts'
import { isEquation } from './work.ts'

/** How many arguments an operator takes; undefined for what is no function. */
export type Arity = (operator: RefTerm) => number | undefined

const none: ReadonlySet<string> = new Set()

/** What a body binds, beyond `safe`, when its expressions run in this order. */
export function outputsOfBody(body: Body, arity: Arity, safe: ReadonlySet<string>): Set<string> {
  const all = new Set(safe)
  for (const expr of body) for (const name of outputsOfExpr(expr, arity, all)) all.add(name)
  for (const name of safe) all.delete(name)
  return all
}

/** What an expression binds when it runs with the names in `safe` bound; nothing while it still lacks an input. */
export function outputsOfExpr(expr: Expr, arity: Arity, safe: ReadonlySet<string>): ReadonlySet<string> {
  if (expr.negated) return none
  for (const modifier of expr.with) if (!isSubset(varsOfWith(modifier, safetyVars), safe)) return none
  switch (expr.kind) {
    case 'term':
      return outputsOfRefs(expr, safe)
    case 'every':
      return outputsOfRefsInTerm(expr.domain, safe)
    case 'some':
      return none
    case 'call': {
      if (isEquation(expr)) return outputsOfEquation(expr, safe)
      const count = arity(expr.operator)
      return count === undefined ? none : outputsOfCall(expr, count, safe)
    }
  }
}

export function outputsOfEquation(expr: CallExpr, safe: ReadonlySet<string>): ReadonlySet<string> {
  const [left, right] = expr.args
  if (left === undefined || right === undefined || expr.args.length !== 2) return safe
  const outputs = outputsOfRefs(expr, safe)
  for (const name of unifiedVars(safe, outputs, left, right)) outputs.add(name)
  for (const name of outputs) if (safe.has(name)) outputs.delete(name)
  return outputs
}

const operandVars: VarOptions = { skipClosures: true, skipSets: true, skipObjectKeys: true, skipRefHeads: true }

function outputsOfCall(expr: CallExpr, arity: number, safe: ReadonlySet<string>): ReadonlySet<string> {
  const outputs = outputsOfRefs(expr, safe)
  if (arity >= expr.args.length) return outputs
  for (const arg of expr.args.slice(0, arity)) {
    for (const name of varsOfTerm(arg, operandVars)) if (!outputs.has(name) && !safe.has(name)) return none
  }
  for (const part of expr.operator.path) {
    for (const name of varsOfTerm(part, operandVars)) if (!outputs.has(name) && !safe.has(name)) return none
  }
  for (const result of expr.args.slice(arity)) varsOfTerm(result, operandVars, outputs)
  return outputs
}

/** Refs whose head is bound enumerate the variables in their path. */
function outputsOfRefs(expr: Expr, safe: ReadonlySet<string>): Set<string> {
  const outputs = new Set<string>()
  if (expr.kind === 'term') enterRefs(expr.term, safe, outputs)
  else if (expr.kind === 'call') for (const arg of expr.args) enterRefs(arg, safe, outputs)
  for (const { target, value } of expr.with) {
    enterRefs(target, safe, outputs)
    enterRefs(value, safe, outputs)
  }
  return outputs
}

function outputsOfRefsInTerm(term: Term, safe: ReadonlySet<string>): ReadonlySet<string> {
  const outputs = new Set<string>()
  enterRefs(term, safe, outputs)
  return outputs
}

function enterRefs(term: Term, safe: ReadonlySet<string>, outputs: Set<string>): void {
  switch (term.kind) {
    case 'ref':
      if (!isRefSafe(term, safe)) return
      enterRefs(term.head, safe, outputs)
      for (const part of term.path) {
        if (!isGround(part)) varsOfTerm(part, refVars, outputs)
        enterRefs(part, safe, outputs)
      }
      break
    case 'array':
    case 'set':
      for (const item of term.items) enterRefs(item, safe, outputs)
      break
    case 'object':
      for (const { key, value } of term.entries) {
        enterRefs(key, safe, outputs)
        enterRefs(value, safe, outputs)
      }
      break
    case 'call':
      for (const arg of term.args) enterRefs(arg, safe, outputs)
      break
    default:
  }
}

const refVars: VarOptions = { skipRefHeads: true }

import type { Body, Module } from '../ast.ts'
import { joinErrors, RegoError } from '../error.ts'
import { maxCompileMilliseconds, maxErrors } from '../limits.ts'
import { spanBetween } from '../source-text.ts'
import type { Program } from './compiled.ts'
import { checkConflicts } from './conflicts.ts'
import { checkDeprecated, checkDeprecatedIn } from './deprecated.ts'
import { checkFunctions, checkQueryCalls } from './functions.ts'
import { buildGraph, checkRecursion } from './graph.ts'
import { rewriteHeadReferences } from './head-references.ts'
import {
  expandBody,
  expandCalls,
  hoistComprehensionHeads,
  hoistDynamics,
  hoistDynamicsInBody,
  hoistHeadsInBody,
  hoistRuleHeads,
  unifyEquals,
} from './hoist.ts'
import { rewriteLocals, rewriteQueryLocals } from './locals.ts'
import { rewriteMetadataCalls } from './metadata.ts'
import type { Arity } from './output-vars.ts'
import { checkImports, checkOverrides, checkQueryOverrides } from './overrides.ts'
import { checkVoidCalls, checkVoidCallsIn, rewritePrints, rewriteQueryPrints } from './prints.ts'
import { buildProgram } from './program.ts'
import { resolveQuery, resolveRefs } from './resolve.ts'
import { arityOf, buildRuleTree, type TreeNode } from './rule-tree.ts'
import { checkBodySafety, checkHeadSafety, documents, orderBody } from './safety.ts'
import { rewriteQueryTemplates, rewriteTemplates } from './templates.ts'
import { checkQueryTypes, checkTypes } from './types/check.ts'
import type { Environment } from './types/environment.ts'
import { rewriteWiths, rewriteWithsInBody } from './with.ts'
import { type Signature, startWork, type Work } from './work.ts'

export interface CompileOptions {
  readonly modules: readonly Module[]
  readonly query?: Body
  /** The builtins that may be called, by name: those of the table and those that the program declares. */
  readonly builtins: ReadonlyMap<string, Signature>
  /** Also report unused imports, locals and arguments. Default false. */
  readonly strict?: boolean
}

/**
 * Compiles modules and a query. Stages run one after the other over all modules, and the first one that finds errors is
 * the last: so the errors are those that OPA reports. Throws a RegoError with all errors of that stage.
 */
export function compile({ modules, query, builtins, strict = false }: CompileOptions): Program {
  const work = startWork(modules, builtins, strict, query)
  const deadline = Date.now() + maxCompileMilliseconds
  const stage = <T>(run: () => T): T => {
    if (Date.now() > deadline) throw tooLong()
    const result = run()
    throwErrors(work)
    return result
  }

  stage(() => resolveRefs(work))
  stage(() => rewriteHeadReferences(work))
  stage(() => checkOverrides(work))
  stage(() => checkImports(work))
  const tree = stage(() => buildRuleTree(work))
  const arity: Arity = operator => arityOf(work, tree, operator)
  stage(() => rewriteLocals(work))
  stage(() => rewriteTemplates(work, tree, arity))
  stage(() => checkVoidCalls(work))
  stage(() => rewritePrints(work, arity))
  stage(() => expandCalls(work))
  stage(() => rewriteMetadataCalls(work))
  const graph = stage(() => buildGraph(work, tree))
  stage(() => hoistComprehensionHeads(work))
  stage(() => hoistRuleHeads(work))
  stage(() => rewriteWiths(work, tree))
  stage(() => checkConflicts(work, tree))
  stage(() => checkFunctions(work, arity))
  stage(() => checkHeadSafety(work))
  stage(() => checkBodySafety(work, arity))
  stage(() => unifyEquals(work))
  stage(() => hoistDynamics(work))
  const sorted = stage(() => checkRecursion(work, tree, graph))
  const types = stage(() => checkTypes(work, sorted))
  stage(() => checkDeprecated(work))

  const program = { work, tree, graph, sorted }
  if (query === undefined) return buildProgram({ ...program, query: undefined })
  const span = spanBetween(query[0]!.span, query.at(-1)!.span)
  return buildProgram({ ...program, query: { body: compileQuery({ work, tree, arity, types }, query), span } })
}

function tooLong(): RegoError {
  const message = `compiling the modules took longer than ${maxCompileMilliseconds} ms`
  return new RegoError({ code: 'rego_compile_error', message })
}

interface Compiled {
  readonly work: Work
  readonly tree: TreeNode
  readonly arity: Arity
  readonly types: Environment
}

function compileQuery({ work, tree, arity, types }: Compiled, query: Body): Body {
  const stages: readonly ((body: Body) => Body)[] = [
    body => {
      if (work.strict) checkQueryOverrides(work, body)
      return body
    },
    resolveQuery,
    body => rewriteQueryLocals(work, body),
    body => rewriteQueryTemplates(work, tree, arity, body),
    body => {
      checkVoidCallsIn(work, body)
      return body
    },
    body => rewriteQueryPrints(work, arity, body),
    body => expandBody(work, body),
    body => hoistHeadsInBody(work, body),
    body => rewriteWithsInBody(work, tree, body),
    body => {
      checkQueryCalls(work, arity, body)
      return body
    },
    body => orderBody(work, arity, documents, body),
    body => hoistDynamicsInBody(work, body),
    body => {
      checkQueryTypes(work, types, body)
      return body
    },
    body => {
      if (work.strict) checkDeprecatedIn(work, body)
      return body
    },
  ]
  return stages.reduce((body, run) => {
    const result = run(body)
    throwErrors(work)
    return result
  }, query)
}

function throwErrors({ errors }: Work): void {
  if (errors.length === 0) return
  const shown = errors.slice(0, maxErrors).toSorted(byPlace)
  if (errors.length > maxErrors) {
    shown.push(new RegoError({ code: 'rego_compile_error', message: 'error limit reached' }))
  }
  throw joinErrors(shown)
}

function byPlace(a: RegoError, b: RegoError): number {
  const [left, right] = [a.location, b.location]
  if (left === undefined || right === undefined) return left === right ? 0 : left === undefined ? -1 : 1
  if (left.file !== right.file) return left.file < right.file ? -1 : 1
  return left.row - right.row || left.col - right.col
}

import type { CompiledQuery } from '../compiler/compiled.ts'
import { RegoError } from '../error.ts'
import {
  maxBuiltinItems,
  maxBuiltinStringLength,
  maxEvaluationDepth,
  maxEvaluationMilliseconds,
  maxEvaluationSteps,
  maxResultSize,
} from '../limits.ts'
import type { EvaluateOptions, Outcome, Path, Result } from '../query.ts'
import { textOf } from '../source-text.ts'
import type { Value } from '../value/value.ts'
import { linkBody } from './body.ts'
import { findPath, withHoles } from './document.ts'
import { makeEnvironment } from './environment.ts'
import { blockedEnd, collect, isBlocked } from './flow.ts'
import { openLacks } from './lacking.ts'
import { Lacks, Unknown } from './lacks.ts'
import type { Linked } from './linked.ts'
import { measure } from './result-size.ts'
import { canceled, type Frame, type Next, Run, type RunOptions } from './run.ts'
import type { Layout, Scope } from './scope.ts'

/** A query linked to closures. */
export interface LinkedQuery {
  evaluate(options: EvaluateOptions): Outcome
}

interface QueryParts {
  readonly linked: Linked
  readonly query: CompiledQuery
  readonly data: Value
  /** Whether there are host functions, whose calls can block. */
  readonly hasHost: boolean
  readonly strict: boolean
}

export function linkQuery(parts: QueryParts): LinkedQuery {
  const { linked, query } = parts
  const layout: Layout = { locals: query.locals, size: query.locals.length }
  const results = layout.size++
  const effectful = linked.isEffectful(query.facts)
  const scope: Scope = { linked, layout, ordered: true, bound: new Set(), effectful, rule: '' }
  const expressions = queryExpressions(query)
  const body = linkBody(query.body, scope, () => (run, frame) => {
    if (isBlocked(run)) return blockedEnd(run)
    ;(frame[results] as Result[]).push(makeResult(query, expressions, frame))
    return false
  })
  return { evaluate: options => evaluate(parts, options, layout, results, body) }
}

interface Expression {
  readonly text: string
  /** Where its value is, if it is more than true. */
  readonly slot: number | undefined
}

/** What each written expression gives: a term its value, everything else true. */
function queryExpressions(query: CompiledQuery): Expression[] {
  const expressions: Expression[] = []
  for (const statement of query.body) {
    if (statement.generated && expressions[statement.index] !== undefined) continue
    const { kind } = statement
    const slot =
      kind === 'test' && !statement.negated && statement.term.kind === 'local' ? statement.term.slot : undefined
    expressions[statement.index] = { text: textOf(statement.span), slot }
  }
  return expressions.filter(expression => expression !== undefined)
}

function makeResult(query: CompiledQuery, expressions: readonly Expression[], frame: Frame): Result {
  const bindings: Record<string, Value> = Object.create(null)
  for (const { name, slot } of query.outputs) bindings[name] = frame[slot] as Value
  const values = expressions.map(({ text, slot }) => ({
    text,
    value: slot === undefined ? true : (frame[slot] as Value),
  }))
  return { bindings, expressions: values }
}

function evaluate(parts: QueryParts, options: EvaluateOptions, layout: Layout, results: number, body: Next): Outcome {
  const run = startRun(parts, options)
  const frame: Frame = new Array(layout.size)
  const found: Result[] = []
  frame[results] = found
  try {
    const lacks = collect(run, frame, body)
    measure(found, options.limits?.resultSize ?? maxResultSize)
    return makeOutcome(run, found, lacks, parts.strict)
  } catch (error) {
    throw withResults(error, found)
  }
}

function makeOutcome(run: Run, results: readonly Result[], lacks: Lacks | undefined, strict: boolean): Outcome {
  const { effects } = run
  const all = new Lacks()
  if (lacks !== undefined) all.add(lacks)
  let isBlocked = lacks !== undefined
  if (run.lazy) {
    for (const { bindings, expressions } of results) {
      for (const value of [...Object.values(bindings), ...expressions.map(expression => expression.value)]) {
        const open = openLacks(value)
        if (open === undefined) continue
        isBlocked = true
        all.add(open)
      }
    }
  }
  if (isBlocked) return { kind: 'blocked', ...all.toLacking(), results, effects }
  const [error] = run.errors
  return { kind: 'results', results, effects, ...(strict && error !== undefined ? { error } : {}) }
}

/** An evaluation error with the results that were found before it; a stack that is used up is a limit like any other. */
function withResults(error: unknown, results: readonly Result[]): unknown {
  if (error instanceof RangeError) return canceled('the stack is used up')
  if (!(error instanceof RegoError)) return error
  const { code, reason, location, line, details, cause } = error
  return new RegoError({ code, message: reason, location, line, details, cause, results })
}

function startRun(parts: QueryParts, options: EvaluateOptions): Run {
  const unknown = options.unknown ?? []
  const { limits = {} } = options
  const paths = new WeakMap<object, { readonly path: Path | undefined }>()
  const runOptions: RunOptions = {
    environment: makeEnvironment({ input: options.input, data: parts.data, shadowed: undefined, mocks: undefined }),
    lazy: unknown.length > 0 || parts.hasHost,
    steps: limits.steps ?? maxEvaluationSteps,
    timeoutMs: limits.timeoutMs ?? maxEvaluationMilliseconds,
    depth: limits.depth ?? maxEvaluationDepth,
    limits: { maxStringLength: maxBuiltinStringLength, maxItems: maxBuiltinItems },
    signal: options.signal,
    time: options.time ?? BigInt(Date.now()) * 1_000_000n,
    seed: options.seed ?? String(Math.random()),
    answers: options.answers ?? new Map(),
    print: options.print,
    events: options.events,
    sourcePath: value => {
      if (typeof value !== 'object' || value === null || value instanceof Unknown) return undefined
      let known = paths.get(value)
      if (known === undefined) {
        known = { path: findPath(root, value) }
        paths.set(value, known)
      }
      return known.path
    },
  }
  const run = new Run(runOptions)
  if (unknown.length > 0) {
    const input = withHoles(options.input, unknown, run.open)
    run.environment = makeEnvironment({ input, data: parts.data, shadowed: undefined, mocks: undefined })
  }
  const root = run.environment.input
  return run
}

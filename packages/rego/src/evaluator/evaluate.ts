import type { CompiledBody, CompiledQuery, LocalTerm, Statement } from '../compiler/compiled.ts'
import { RegoError } from '../error.ts'
import { maxResultSize } from '../limits.ts'
import type { EvaluateOptions, Outcome, Path, Result } from '../query.ts'
import { textOf } from '../source-text.ts'
import { setOwn } from '../value/json.ts'
import type { Value } from '../value/value.ts'
import { linkBody } from './body.ts'
import { withHoles } from './document.ts'
import { Environment } from './environment.ts'
import { blockedEnd, collect, isBlocked } from './flow.ts'
import { openLacks } from './lacking.ts'
import { Lacks } from './lacks.ts'
import type { Linked } from './linked.ts'
import { OpenValues } from './open-values.ts'
import { presentResults } from './presentation.ts'
import { canceled, type Frame, type Next, Run } from './run.ts'
import { type Layout, newFrame, newLayout, newSlot, type Scope } from './scope.ts'

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
  /** What builtins keep between evaluations. */
  readonly cache: Map<string, unknown>
}

export function linkQuery(parts: QueryParts): LinkedQuery {
  const { linked, query } = parts
  const layout = newLayout(query.locals)
  const results = layout.size++
  const effectful = linked.isEffectful(query)
  const scope: Scope = { linked, layout, ordered: true, bound: new Set(), effectful, rule: '' }
  const kept = query.body.flatMap(statement => keepValue(statement, scope))
  const expressions = queryExpressions(kept)
  const body = linkBody(kept, scope, () => (run, frame) => {
    if (isBlocked(run)) return blockedEnd(run)
    const all = frame[results] as Result[]
    all.push(makeResult(query, expressions, frame))
    run.grow(all.length, 256)
    return false
  })
  return { evaluate: options => evaluate(parts, options, layout, results, body) }
}

interface Expression {
  readonly text: string
  /** Where its value is, if it is more than true. */
  readonly slot: number | undefined
}

/** A term that stands as an expression has a value, which the results tell: it is put aside before it is tested. */
function keepValue(statement: Statement, scope: Scope): Statement[] {
  if (statement.kind !== 'test' || statement.negated || statement.term.kind === 'local') return [statement]
  const local: LocalTerm = { kind: 'local', span: statement.span, slot: newSlot(scope) }
  const { term, ...rest } = statement
  return [
    { ...rest, kind: 'unify', left: local, right: term, generated: true },
    { ...statement, term: local, with: [], binds: [] },
  ]
}

/** What each written expression gives: a term its value, everything else true. */
function queryExpressions(body: CompiledBody): Expression[] {
  const expressions: Expression[] = []
  for (const statement of body) {
    if (statement.generated && expressions[statement.index] !== undefined) continue
    const { kind } = statement
    const slot =
      kind === 'test' && !statement.negated && statement.term.kind === 'local' ? statement.term.slot : undefined
    expressions[statement.index] = { text: textOf(statement.span), slot }
  }
  return expressions.filter(expression => expression !== undefined)
}

function makeResult(query: CompiledQuery, expressions: readonly Expression[], frame: Frame): Result {
  const bindings: Record<string, Value> = {}
  for (const { name, slot } of query.outputs) setOwn(bindings, name, frame[slot] as Value)
  const values = expressions.map(({ text, slot }) => ({
    text,
    value: slot === undefined ? true : (frame[slot] as Value),
  }))
  return { bindings, expressions: values }
}

function evaluate(parts: QueryParts, options: EvaluateOptions, layout: Layout, results: number, body: Next): Outcome {
  const run = startRun(parts, options)
  const frame = newFrame(layout)
  const found: Result[] = []
  frame[results] = found
  try {
    const lacks = collect(run, frame, body)
    const shown = presentResults(found, options.limits?.resultSize ?? maxResultSize)
    return makeOutcome(run, shown, lacks, parts.strict)
  } catch (error) {
    // as in OPA an error of a builtin, where it counts at all, comes before a conflict that was met later
    const [first] = run.errors
    const isConflict = error instanceof RegoError && error.code === 'eval_conflict_error'
    if (parts.strict && first !== undefined && isConflict && !run.lazy) {
      return { kind: 'results', results: found, effects: run.effects, error: first }
    }
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
        const open = openLacks(value, run)
        if (open === undefined) continue
        isBlocked = true
        all.add(open)
      }
    }
  }
  const [error] = run.errors
  const failed = error === undefined ? {} : { builtinErrors: run.errors }
  if (isBlocked) return { kind: 'blocked', ...all.toLacking(), results, effects, ...failed }
  return { kind: 'results', results, effects, ...failed, ...(strict && error !== undefined ? { error } : {}) }
}

/** An evaluation error with the results that were found before it; a stack that is used up is a limit like any other. */
function withResults(error: unknown, results: readonly Result[]): unknown {
  if (error instanceof RangeError) return canceled(error.message)
  if (!(error instanceof RegoError)) return error
  const { code, reason, location, line, details, cause } = error
  return new RegoError({ code, message: reason, location, line, details, cause, results })
}

function startRun({ data, hasHost, cache }: QueryParts, options: EvaluateOptions): Run {
  const unknown = options.unknown ?? noPaths
  const open = new OpenValues()
  const input = unknown.length === 0 ? options.input : withHoles(options.input, unknown, open)
  return new Run({
    environment: new Environment(input, data, undefined, undefined),
    lazy: unknown.length > 0 || hasHost,
    open,
    options,
    cache,
  })
}

const noPaths: readonly Path[] = []

import { RegoError } from '../error.ts'
import { maxOutcomes } from '../limits.ts'
import { equal } from '../value/compare.ts'
import type { Value } from '../value/value.ts'
import { Lacks, settle, Unknown } from './lacks.ts'
import { type Collector, type Frame, type Next, noOutcomes, type Run, type Slot, type Step } from './run.ts'

/** Marks the expression at hand as blocked: it may hold, once what it lacks is known. */
export function block(run: Run, lacks: Lacks): true {
  run.stack[run.pending++] = lacks
  run.doubtful = true
  return true
}

/**
 * An operand of the expression at hand. One that can be only one thing, if it is there at all, counts as that, and blocks
 * the expression: what comes after it may be false whether it is there or not.
 */
export function assume<T extends Slot>(run: Run, value: T | Unknown): T | Value | Unknown {
  if (!(value instanceof Unknown)) return value
  const { only } = value
  if (only === undefined) return value
  block(run, value.lacks)
  return only
}

/** Whether an expression of the body at hand is blocked, so that reaching the end is no solution. */
export const isBlocked = (run: Run): boolean => run.pending !== run.base

/** What the blocked expressions of the body at hand lack, together. */
export const pendingLacks = (run: Run): Lacks => settle(run.stack.slice(run.base, run.pending))

/** Records that the body at hand may have a solution. */
export const commit = (run: Run): void => record(run, pendingLacks(run))

/** The end of a body in which something is blocked: no solution, but maybe one. */
export function blockedEnd(run: Run): false {
  commit(run)
  return false
}

export function record(run: Run, lacks: Lacks): void {
  const { collector } = run
  addLacks(collector, lacks)
  collector.outcomes = undefined
}

/** Records that the body at hand may have a solution, which could only give the value. */
export function recordOutcome(run: Run, value: Value): void {
  const { collector } = run
  addLacks(collector, pendingLacks(run))
  const { outcomes } = collector
  if (outcomes?.some(known => equal(known, value)) !== false) return
  collector.outcomes = outcomes.length < maxOutcomes ? [...outcomes, value] : undefined
}

function addLacks(collector: Collector, lacks: Lacks): void {
  if (collector.lacks === undefined) collector.lacks = new Lacks().add(lacks)
  else collector.lacks.add(lacks)
}

/** An error that full evaluation might not meet, if a blocked expression before it turns out false. */
const isAvoidable = (error: unknown): boolean => error instanceof RegoError && error.code === 'eval_conflict_error'

/** Goes on after an expression: behind a blocked one an error is blocked too. */
export function proceed(run: Run, frame: Frame, mark: number, next: Next): boolean {
  if (run.pending === mark) return next(run, frame)
  const stop = guarded(run, frame, next)
  run.pending = mark
  return stop
}

/** Goes on behind a blocked expression. An error counts as blocked: the part is left, what it lacks is on record. */
export function guarded(run: Run, frame: Frame, next: Next): boolean {
  const { environment, base, pending, depth, collector } = run
  try {
    return next(run, frame)
  } catch (error) {
    if (!isAvoidable(error)) throw error
    run.environment = environment
    run.base = base
    run.pending = pending
    run.depth = depth
    run.collector = collector
    commit(run)
    return false
  }
}

/**
 * Runs a body on its own: what is blocked outside does not count inside. Returns what it lacks; undefined when it was
 * examined in full. An error after a blocked part is blocked too.
 */
export function collect(run: Run, frame: Frame, body: Next): Lacks | undefined {
  if (run.lazy) return gather(run, frame, body).lacks
  body(run, frame)
  return undefined
}

/** As `collect`, with what the blocked ends would give. */
export function gather(run: Run, frame: Frame, body: Next): Collector {
  const { environment, base, pending, depth, collector } = run
  const own: Collector = { lacks: undefined, outcomes: noOutcomes }
  run.base = pending
  run.collector = own
  try {
    body(run, frame)
  } catch (error) {
    if (own.lacks === undefined || !isAvoidable(error)) throw error
    own.outcomes = undefined
    run.environment = environment
    run.depth = depth
  }
  run.base = base
  run.pending = pending
  run.collector = collector
  return own
}

/** Expressions with one solution each, then the rest of the body. */
export function sequence(steps: readonly Step[], next: Next): Next {
  const [first, second] = steps
  if (first === undefined) return next
  if (second === undefined) return single(first, next)
  if (steps.length === 2) return pair(first, second, next)
  return (run, frame) => runSteps(run, frame, steps, 0, next)
}

function single(step: Step, next: Next): Next {
  return (run, frame) => {
    const mark = run.pending
    if (step(run, frame)) return run.pending === mark ? next(run, frame) : proceed(run, frame, mark, next)
    run.pending = mark
    return false
  }
}

function pair(first: Step, second: Step, next: Next): Next {
  const rest = single(second, next)
  return (run, frame) => {
    const mark = run.pending
    if (!first(run, frame)) {
      run.pending = mark
      return false
    }
    if (run.pending !== mark) return proceed(run, frame, mark, rest)
    if (!second(run, frame)) {
      run.pending = mark
      return false
    }
    return run.pending === mark ? next(run, frame) : proceed(run, frame, mark, next)
  }
}

function runSteps(run: Run, frame: Frame, steps: readonly Step[], from: number, next: Next): boolean {
  const mark = run.pending
  for (let i = from; i < steps.length; i++) {
    if (!steps[i]!(run, frame)) {
      run.pending = mark
      return false
    }
    if (run.pending !== mark) return proceed(run, frame, mark, (r, f) => runSteps(r, f, steps, i + 1, next))
  }
  return next(run, frame)
}

import type { CompiledBody, CompiledRef, CompiledTerm, CompiledWith, Statement } from '../compiler/compiled.ts'
import { RegoError } from '../error.ts'
import type { EvaluationEvent, Scene, ShownVariable } from '../query.ts'
import { locationOf, type Span, spanBetween, textOf } from '../source-text.ts'
import { termText } from '../value/text.ts'
import type { Value } from '../value/value.ts'
import type { LinkedStatement } from './body.ts'
import { isBlocked } from './flow.ts'
import { openLacks } from './lacking.ts'
import { settle, Unknown } from './lacks.ts'
import type { Frame, Next, Run, Slot, Step } from './run.ts'
import type { Layout, Scope } from './scope.ts'
import { select } from './select.ts'
import { shownText } from './shown-text.ts'
import { constantOf } from './term.ts'
import type { VirtualNode } from './virtual-node.ts'

/**
 * Tells of each try of an expression. Only in programs that are linked for events. A statement that the compiler took out of
 * an expression is told of where it fails: the expression is not reached then.
 */
export function watch(
  statement: Statement,
  scope: Scope,
  linked: LinkedStatement,
  body: CompiledBody,
): LinkedStatement {
  const slots = [...scope.bound]
  const inputs = inputRefsOf(body.filter(({ index }) => index === statement.index))
  const teller = tellerOf(statement.span, scope, slots, inputs)
  const tell: Tell = statement.generated
    ? (run, frame, kind) => {
        if (kind === 'fail') teller(run, frame, kind)
      }
    : teller
  const { step } = linked
  if (step !== undefined) {
    return {
      step: (run, frame) => {
        const mark = run.pending
        const result = step(run, frame)
        tell(run, frame, !result ? 'fail' : run.pending > mark ? 'blocked' : 'expression', mark)
        return result
      },
    }
  }
  return {
    branch: next => (run, frame) => {
      let count = 0
      const mark = run.pending
      const inner = linked.branch!((r, f) => {
        count++
        tell(r, f, r.pending > mark ? 'blocked' : 'expression', mark)
        return next(r, f)
      })
      const stop = inner(run, frame)
      if (count === 0) tell(run, frame, 'fail')
      return stop
    },
  }
}

/** Tells that a definition is tried. */
export function watchRule(span: Span, scope: Scope, body: Next): Next {
  const tell = tellerOf(span, scope, [], [])
  return (run, frame) => {
    tell(run, frame, 'rule')
    return body(run, frame)
  }
}

/** Tells that a definition gives a value. */
export function watchEnd(span: Span, scope: Scope, end: Next): Next {
  if (!scope.linked.events) return end
  const tell = tellerOf(span, scope, [...scope.bound], [])
  return (run, frame) => {
    if (!isBlocked(run)) tell(run, frame, 'result')
    return end(run, frame)
  }
}

/** Tells where what a body demands further on is not there: its expressions are not tried then. */
export function watchDemand({ span }: Statement, ref: CompiledRef, scope: Scope, demand: Step): Step {
  if (!scope.linked.events) return demand
  const tell = tellerOf(span, scope, [], inputRefsIn(ref))
  return (run, frame) => {
    const holds = demand(run, frame)
    if (!holds) tell(run, frame, 'fail')
    return holds
  }
}

/** `mark`: what of `run.stack` was in use before the expression. */
type Tell = (run: Run, frame: Frame, kind: EvaluationEvent['kind'], mark?: number) => void

function tellerOf(span: Span, scope: Scope, slots: readonly number[], inputs: readonly InputRef[]): Tell {
  const location = locationOf(span)
  const text = textOf(span)
  const { rule, layout } = scope
  return (run, frame, kind, mark = run.pending) => {
    const { events } = run.options
    if (events === undefined) return
    const shown = kind === 'fail' || kind === 'blocked' ? inputs.map(ref => shownInput(run, ref)) : []
    events({
      kind,
      rule,
      location,
      text,
      variables: shownVariables(frame, layout, slots),
      inputs: shown,
      ...(kind === 'blocked' && { lacking: settle(run.stack.slice(mark, run.pending)).toLacking() }),
    })
  }
}

/** Tells of an expression under `with`, once it was tried, while the documents are as it saw them. */
export function watchScene(modifiers: readonly CompiledWith[], scope: Scope): (run: Run, frame: Frame) => void {
  const span = spanBetween(modifiers[0]!.span, modifiers.at(-1)!.span)
  const [location, text] = [locationOf(span), textOf(span)]
  return run => {
    const { input } = run.environment
    const scene: Scene = {
      input: input instanceof Unknown ? undefined : input,
      document: path => documentAt(run, scope, path),
    }
    run.options.events?.({ kind: 'with', rule: scope.rule, location, text, variables: [], inputs: [], scene })
  }
}

/** Whatever looking at the document does to the run is undone; what is not known of it, or fails, is undefined. */
function documentAt(run: Run, { linked }: Scope, path: readonly string[]): Value | undefined {
  const { environment, base, pending, depth, collector, doubtful, lacked } = run
  let node: VirtualNode | undefined = linked.root
  for (const key of path) node = node?.child(key)
  try {
    const value = node?.value(run)
    return value instanceof Unknown || openLacks(value) !== undefined ? undefined : value
  } catch (error) {
    if (error instanceof RegoError && error.code === 'eval_conflict_error') return undefined
    throw error
  } finally {
    Object.assign(run, { environment, base, pending, depth, collector, doubtful, lacked })
  }
}

/** A place of the input that an expression names, as far down as the names are constants. */
interface InputRef {
  readonly name: string
  readonly path: readonly Value[]
}

function inputRefsOf(statements: readonly Statement[]): InputRef[] {
  const refs = statements.flatMap(statement => termsOf(statement).flatMap(inputRefsIn))
  return [...new Map(refs.map(ref => [ref.name, ref])).values()]
}

function termsOf(statement: Statement): readonly CompiledTerm[] {
  switch (statement.kind) {
    case 'test':
      return [statement.term]
    case 'unify':
      return [statement.left, statement.right]
    case 'call':
      return statement.args
    case 'every':
      return [statement.domain]
  }
}

function inputRefsIn(term: CompiledTerm): InputRef[] {
  switch (term.kind) {
    case 'ref': {
      if (term.base.kind !== 'input') return []
      const keys = term.path.map(constantOf)
      const end = keys.indexOf(undefined)
      const path = (end < 0 ? keys : keys.slice(0, end)) as readonly Value[]
      return path.length === 0 ? [] : [{ name: `input${path.map(keyText).join('')}`, path }]
    }
    case 'array':
    case 'set':
      return term.items.flatMap(inputRefsIn)
    case 'object':
      return term.entries.flatMap(({ key, value }) => [...inputRefsIn(key), ...inputRefsIn(value)])
    default:
      return []
  }
}

const keyText = (key: Value): string =>
  typeof key === 'string' && /^[A-Za-z_]\w*$/.test(key) ? `.${key}` : `[${termText(key)}]`

function shownInput(run: Run, { name, path }: InputRef): ShownVariable {
  let value: Slot = run.environment.input
  for (const key of path) value = value === undefined ? undefined : (select(run, value, key) as Slot)
  return { name, value: value === undefined ? 'undefined' : shownText(value) }
}

function shownVariables(frame: Frame, layout: Layout, slots: readonly number[]): ShownVariable[] {
  return slots.flatMap(slot => {
    const name = layout.locals[slot]?.name
    const value = frame[slot] as Value | Unknown | undefined
    if (name === undefined || value === undefined) return []
    return [{ name, value: shownText(value) }]
  })
}

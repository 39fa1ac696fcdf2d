import type { Statement } from '../compiler/compiled.ts'
import type { EvaluationEvent, ShownVariable } from '../query.ts'
import { locationOf, type Span, textOf } from '../source-text.ts'
import { termText } from '../value/text.ts'
import type { Value } from '../value/value.ts'
import type { LinkedStatement } from './body.ts'
import { openLacks } from './lacking.ts'
import { Unknown } from './lacks.ts'
import type { Frame, Next } from './run.ts'
import type { Layout, Scope } from './scope.ts'

/** Tells of each try of an expression. Only in programs that are linked for events. */
export function watch(statement: Statement, scope: Scope, linked: LinkedStatement): LinkedStatement {
  if (statement.generated) return linked
  const slots = [...scope.bound]
  const tell = teller(statement.span, scope, slots)
  const { step } = linked
  if (step !== undefined) {
    return {
      step: (run, frame) => {
        const mark = run.pending
        const result = step(run, frame)
        tell(run, frame, !result ? 'fail' : run.pending > mark ? 'blocked' : 'expression')
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
        tell(r, f, r.pending > mark ? 'blocked' : 'expression')
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
  const tell = teller(span, scope, [])
  return (run, frame) => {
    tell(run, frame, 'rule')
    return body(run, frame)
  }
}

function teller(span: Span, scope: Scope, slots: readonly number[]) {
  const location = locationOf(span)
  const text = textOf(span)
  const { rule, layout } = scope
  return (run: Parameters<Next>[0], frame: Frame, kind: EvaluationEvent['kind']): void => {
    run.options.events?.({ kind, rule, location, text, variables: shownVariables(frame, layout, slots) })
  }
}

function shownVariables(frame: Frame, layout: Layout, slots: readonly number[]): ShownVariable[] {
  return slots.flatMap(slot => {
    const name = layout.locals[slot]?.name
    const value = frame[slot] as Value | Unknown | undefined
    if (name === undefined || value === undefined) return []
    const isKnown = !(value instanceof Unknown) && openLacks(value) === undefined
    return [{ name, value: isKnown ? termText(value) : '<unknown>' }]
  })
}

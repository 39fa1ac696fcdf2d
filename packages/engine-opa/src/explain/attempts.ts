import type { EvaluationEvent, Lacking } from '@source-policy/rego'
import type { IndexedBody, RuleIndex } from './rule-index.ts'

/** One try of a body, by what was told of it. */
export interface Attempt {
  readonly body: IndexedBody
  /** When it began: the number of its event. */
  readonly order: number
  /** Whether it gave a value. */
  held: boolean
  /** The last that was told of each of its expressions, by place. */
  readonly expressions: Map<string, TriedExpression>
}

export interface TriedExpression {
  readonly outcome: 'holds' | 'fails' | 'waits'
  readonly event: EvaluationEvent
}

const outcomes = { expression: 'holds', fail: 'fails', blocked: 'waits' } as const

/**
 * Gathers what is told of bodies while a policy is evaluated. What is told belongs to the latest try of a rule: no rule
 * calls itself. What happens inside a comprehension or an `every` is not the body's own.
 */
export function attemptsOf(events: readonly EvaluationEvent[], index: RuleIndex): Attempt[] {
  const attempts: Attempt[] = []
  const latest = new Map<string, Attempt>()
  for (const [order, event] of events.entries()) {
    const { kind, rule, location } = event
    const place = `${location.file}:${location.row}:${location.col}`
    if (kind === 'with') continue
    if (kind === 'rule') {
      const body = index.byPlace.get(place)
      if (body === undefined) {
        latest.delete(rule)
        continue
      }
      const attempt: Attempt = { body, order, held: false, expressions: new Map() }
      attempts.push(attempt)
      latest.set(rule, attempt)
      continue
    }
    const attempt = latest.get(rule)
    if (attempt === undefined) continue
    if (kind === 'result') attempt.held = true
    else if (attempt.body.expressions.some(expression => expression.place === place)) {
      attempt.expressions.set(place, { outcome: outcomes[kind], event })
    }
  }
  return attempts
}

/** Each expression that waits for something, once. */
export function waitingOf(events: readonly EvaluationEvent[], index: RuleIndex) {
  const waiting = new Map<string, { place: string; text: string; lacking: Lacking }>()
  for (const { kind, location, text, lacking } of events) {
    const place = `${location.file}:${location.row}:${location.col}`
    if (kind === 'blocked' && lacking !== undefined && location.file !== '')
      waiting.set(place, { place, text, lacking })
  }
  // an expression that waits for a rule waits for what the expressions of that rule wait for: those are the cause
  const all = new Set(index.bodies.flatMap(({ expressions }) => expressions.map(expression => expression.place)))
  const caused = [...waiting.values()].filter(({ place }) => {
    const expression = index.bodies.flatMap(({ expressions }) => expressions).find(other => other.place === place)
    return !(
      expression?.rules.some(rule =>
        index.byRule.get(rule)?.some(body => body.expressions.some(inner => waiting.has(inner.place))),
      ) ?? false
    )
  })
  return caused.filter(({ place }) => all.has(place))
}

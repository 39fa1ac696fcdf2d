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

/**
 * Each expression that waits for something, once: not one that waits for a rule whose own expressions wait, nor for what an
 * expression before it in its body waits for already.
 */
export function waitingOf(events: readonly EvaluationEvent[], { bodies, byRule }: RuleIndex): WaitingExpression[] {
  const told = new Map<string, WaitingExpression>()
  for (const { kind, location, text, lacking } of events) {
    const place = `${location.file}:${location.row}:${location.col}`
    if (kind === 'blocked' && lacking !== undefined) told.set(place, { place, text, lacking })
  }
  const waits = ({ expressions }: IndexedBody) => expressions.some(({ place }) => told.has(place))
  const causes = new Map<string, WaitingExpression>()
  for (const { expressions } of bodies) {
    const known = new Set<string>()
    for (const { place, rules } of expressions) {
      const waiting = told.get(place)
      if (waiting === undefined || rules.some(rule => byRule.get(rule)?.some(waits))) continue
      const needs = needsIn(waiting.lacking)
      if (needs.some(need => !known.has(need))) causes.set(place, waiting)
      for (const need of needs) known.add(need)
    }
  }
  return [...told.keys()].flatMap(place => causes.get(place) ?? [])
}

export interface WaitingExpression {
  readonly place: string
  readonly text: string
  readonly lacking: Lacking
}

function needsIn({ paths, calls, failed }: Lacking): string[] {
  return [...paths.map(path => JSON.stringify(path)), ...[...calls, ...failed].map(({ id }) => id)]
}

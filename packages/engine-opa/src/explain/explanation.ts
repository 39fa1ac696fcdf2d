import type { ExplainedBody, ExplainedExpression, ExplainedRule, ShownValue } from '@source-policy/core'
import type { EvaluationEvent } from '@source-policy/rego'
import { MAX_EXPLAINED_DEPTH, MAX_EXPLAINED_RULES } from '../limits.ts'
import { type Attempt, attemptsOf, type TriedExpression } from './attempts.ts'
import type { IndexedBody, IndexedExpression, RuleIndex } from './rule-index.ts'

/** What was told of an evaluation, ready to be asked about rules. */
export interface Explainer {
  /** A rule with its bodies; undefined where there is none of the name. */
  rule(name: string): ExplainedRule | undefined
  /** The rules that make up the value of a rule. */
  partsOf(name: string): ExplainedRule[]
  body(attempt: Attempt): ExplainedBody
  readonly attempts: readonly Attempt[]
}

/** Explains rules by what was told while a policy was evaluated. */
export function explainerOf(events: readonly EvaluationEvent[], index: RuleIndex): Explainer {
  const attempts = attemptsOf(events, index)
  const byPlace = new Map<string, Attempt[]>()
  for (const attempt of attempts) {
    const { place } = attempt.body
    byPlace.set(place, [...(byPlace.get(place) ?? []), attempt])
  }

  let room = MAX_EXPLAINED_RULES
  const explainRule = (name: string, above: readonly string[]): ExplainedRule | undefined => {
    const bodies = index.byRule.get(name)
    if (bodies === undefined || above.includes(name) || above.length >= MAX_EXPLAINED_DEPTH) return undefined
    // hostile: rules that name each other crosswise stand for more than anybody can read
    if (room-- <= 0) return undefined
    const within = [...above, name]
    return {
      name: shortName(name),
      bodies: bodies
        .filter(body => !body.isDefault)
        .map(body => explainBody(body, telling(byPlace.get(body.place)), within)),
    }
  }

  const explainBody = (body: IndexedBody, attempt: Attempt | undefined, within: readonly string[]): ExplainedBody => {
    const tried = body.expressions.flatMap(expression => {
      const told = attempt?.expressions.get(expression.place)
      return told === undefined ? [] : [explainExpression(expression, told, within)]
    })
    const outcome = outcomeOf(attempt, tried)
    const stopped = outcome === 'holds' ? undefined : tried.findLast(expression => expression.outcome === outcome)
    return {
      place: body.place,
      text: body.text,
      outcome,
      ...(stopped && { expression: stopped }),
      tried,
      ...(body.metadata && { metadata: body.metadata }),
    }
  }

  const explainExpression = (
    expression: IndexedExpression,
    { outcome, event }: TriedExpression,
    within: readonly string[],
  ): ExplainedExpression => ({
    place: expression.place,
    text: expression.text,
    outcome,
    values: valuesOf(expression, event),
    rules: expression.rules.flatMap(name => explainRule(name, within) ?? []),
  })

  return {
    attempts,
    rule: name => explainRule(name, []),
    partsOf: name => {
      const bodies = index.byRule.get(name) ?? []
      const parts = bodies.flatMap(body => [...body.valueRules, ...body.expressions.flatMap(({ rules }) => rules)])
      return [...new Set(parts)].flatMap(part => explainRule(part, [name]) ?? [])
    },
    body: attempt => explainBody(attempt.body, attempt, [attempt.body.rule]),
  }
}

/** A function is tried for many arguments: the try that held, else the one that came furthest. */
function telling(attempts: readonly Attempt[] = []): Attempt | undefined {
  const reached = ({ expressions }: Attempt) => expressions.size
  return attempts.find(({ held }) => held) ?? [...attempts].sort((a, b) => reached(b) - reached(a))[0]
}

function outcomeOf(attempt: Attempt | undefined, tried: readonly ExplainedExpression[]): ExplainedBody['outcome'] {
  if (attempt === undefined) return 'untried'
  if (attempt.held) return 'holds'
  return tried.some(({ outcome }) => outcome === 'fails')
    ? 'fails'
    : tried.some(({ outcome }) => outcome === 'waits')
      ? 'waits'
      : 'fails'
}

/** Fields of the input, and the variables that the expression names. */
export function valuesOf(
  { variables }: Pick<IndexedExpression, 'variables'>,
  event: Pick<EvaluationEvent, 'inputs' | 'variables'>,
): ShownValue[] {
  const named = event.variables.filter(({ name }) => variables.has(name))
  return [...event.inputs, ...named].map(({ name, value }) => ({ name, value }))
}

/** Rules of the policy's own package go by their name alone. */
function shortName(name: string): string {
  return name.startsWith('data.docker.') ? name.slice('data.docker.'.length) : name
}

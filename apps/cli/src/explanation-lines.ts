import type { ExplainedBody, ExplainedExpression, ExplainedRule, RuleMetadata, ShownValue } from '@source-policy/core'
import type { FetchCause, PolicyExplanation } from './explanation.ts'
import { MAX_EXPLAINED_CHARS } from './limits.ts'
import { printable } from './printable.ts'

export interface ExplanationOptions {
  /** Every expression that was tried, and rules as deep as they go. */
  readonly full: boolean
  readonly redact: (text: string) => string
}

/** Rules inside rules that are shown where not all is asked for. */
const SHORT_DEPTH = 2

/** How rules came out, for people: each body with the expression at which it failed, and what that named. */
export function ruleLines(rules: readonly ExplainedRule[], options: ExplanationOptions, depth = 0): string[] {
  return rules.flatMap(rule => [
    show(rule.name, options),
    ...bodiesOf(rule, options).flatMap(body => bodyLines(body, options, depth)),
  ])
}

/** In short, bodies that were not needed are left out. */
function bodiesOf({ bodies }: ExplainedRule, { full }: ExplanationOptions): readonly ExplainedBody[] {
  return full ? bodies : bodies.filter(({ outcome }) => outcome !== 'untried')
}

function bodyLines(body: ExplainedBody, options: ExplanationOptions, depth: number): string[] {
  const { outcome, expression, metadata } = body
  const about = metadata === undefined ? [] : [`       ${show(metadataText(metadata), options)}`]
  if (options.full) {
    const tried = body.tried.flatMap(each => expressionLines(each, options, depth).map(line => `       ${line}`))
    return indented([`${outcome.padEnd(5)}  ${show(`${body.place}  ${body.text}`, options)}`, ...about, ...tried])
  }
  if (expression === undefined)
    return indented([`${outcome.padEnd(5)}  ${show(`${body.place}  ${body.text}`, options)}`, ...about])
  return indented([...expressionLines(expression, options, depth), ...about])
}

function expressionLines(expression: ExplainedExpression, options: ExplanationOptions, depth: number): string[] {
  const { outcome, place, text, values, rules } = expression
  const isDeep = !options.full && depth + 1 >= SHORT_DEPTH
  return [
    `${outcome.padEnd(5)}  ${show(`${place}  ${text}`, options)}`,
    ...values.map(value => `       ${show(valueText(value), options)}`),
    ...(isDeep ? [] : ruleLines(rules, options, depth + 1).map(line => `       ${line}`)),
  ]
}

const indented = (lines: readonly string[]): string[] => lines.map(line => `  ${line}`)

function valueText({ name, value }: ShownValue): string {
  return `${name} is ${value}`
}

/** `IMG-1: allowed images (platform)`. */
export function metadataText({ id, title, owner }: RuleMetadata): string {
  const named = [id, title].filter(text => text !== undefined).join(': ')
  return owner === undefined ? named : `${named} (${owner})`.trimStart()
}

/** On one line, secrets taken out before it is cut. */
function show(text: string, { redact }: ExplanationOptions): string {
  return printable(
    redact(text)
      .replace(/\s+/g, ' ')
      .trim()
      .replace(/^(.*?:\d+:\d+) /, '$1  '),
    { maxChars: MAX_EXPLAINED_CHARS },
  )
}

/** All that is explained of a source: each policy that was asked, and what it had fetched. */
export function explanationLines(explanations: readonly PolicyExplanation[], options: ExplanationOptions): string[] {
  const several = explanations.length > 1
  return explanations.flatMap(({ policy, rules, fetched, error }) => {
    const lines = [
      ...(error === undefined ? ruleLines(rules, options) : [show(`not explained: ${error}`, options)]),
      ...fetchLines(fetched, options),
    ]
    return several ? [show(`policy ${policy}`, options), ...indented(lines)] : lines
  })
}

function fetchLines(fetched: readonly FetchCause[], options: ExplanationOptions): string[] {
  if (fetched.length === 0) return []
  const lines = fetched.map(({ round, place, text, needs }) => {
    return `round ${round}  ${show(needs.join(', '), options)}  for  ${show(`${place}  ${text}`, options)}`
  })
  return ['fetched', ...indented(lines)]
}

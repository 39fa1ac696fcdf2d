import type { Lacking } from './engine.ts'

/** Why an evaluation came out as it did, told by the engine. All text is the policy's and the input's: foreign. */
export interface Explanation {
  /** The rules that make up the decision. */
  readonly rules: readonly ExplainedRule[]
  /** Which expressions wait for what is not known: what they lack is fetched because of them. */
  readonly waiting: readonly Waiting[]
}

export interface ExplainedRule {
  /** As the policy calls it: `allow`, `data.lib.trusted`. */
  readonly name: string
  readonly bodies: readonly ExplainedBody[]
}

/** One definition of a rule. */
export interface ExplainedBody {
  /** `Dockerfile.rego:7:1`. */
  readonly place: string
  /** Its first line. */
  readonly text: string
  readonly outcome: 'holds' | 'fails' | 'waits' | 'untried'
  /** The expression at which it failed, or that waits. */
  readonly expression?: ExplainedExpression
  /** All expressions that were tried, in the order of the text. */
  readonly tried: readonly ExplainedExpression[]
  readonly metadata?: RuleMetadata
}

export interface ExplainedExpression {
  readonly place: string
  readonly text: string
  readonly outcome: 'holds' | 'fails' | 'waits'
  /** What it names, as it was: fields of the input and variables. */
  readonly values: readonly ShownValue[]
  /** The rules that it names. */
  readonly rules: readonly ExplainedRule[]
}

export interface ShownValue {
  readonly name: string
  /** In the policy's language; `undefined` and `<unknown>` where it is that. */
  readonly value: string
}

export interface Waiting {
  readonly place: string
  readonly text: string
  readonly lacking: Lacking
}

/** What a policy's author says of a rule. */
export interface RuleMetadata {
  readonly place: string
  readonly id?: string
  readonly title?: string
  readonly owner?: string
}

import type { Policy, Verdict } from './engine.ts'
import { type CodedError, type CoreErrorCode, toCodedError } from './error.ts'
import type { RuleMetadata } from './explanation.ts'
import type { Source } from './source.ts'

/** Every policy said allow; the source may be used as it is. */
export interface Allow {
  readonly kind: 'allow'
  readonly source: Source
}

/** Every policy said allow for `source`, which a policy pinned; what was asked for was `from`. */
export interface Convert {
  readonly kind: 'convert'
  readonly source: Source
  readonly from: Source
}

/** A policy was decided, and not to allow. */
export interface Deny {
  readonly kind: 'deny'
  readonly source: Source
  readonly policy: string
  readonly messages: readonly string[]
  /** What the policy's author says of the rules behind it. */
  readonly rules?: readonly RuleMetadata[]
}

/** An exception that the operator made: for a source, for a reason, by somebody, until a day. */
export interface Waiver {
  readonly id: string
  readonly reason: string
  readonly owner: string
  /** The last day on which it holds: `2027-01-31`, UTC. */
  readonly expires: string
}

/** A denial that did not count: the policy only warns, or the operator waived it. */
export interface Overruled {
  readonly policy: string
  readonly messages: readonly string[]
  readonly rules?: readonly RuleMetadata[]
  readonly by: 'warn mode' | Waiver
}

/** What the decision depends on could not be had: facts unavailable, rounds or budgets exhausted. */
export interface Undecided {
  readonly kind: 'undecided'
  readonly identifier: string
  readonly policy?: string
  /** What a policy still waits for: `input.image.labels`, `verify_git_signature(...)`. */
  readonly needs: readonly string[]
  readonly errors: readonly CodedError[]
}

/** Nothing was decided since something is wrong on our side: the source's identifier, a policy, the configuration. */
export interface Broken {
  readonly kind: 'broken'
  readonly identifier: string
  readonly policy?: string
  readonly error: CodedError
}

export type Decision = Allow | Convert | Deny | Undecided | Broken

export type Outcome = 'allowed' | 'denied' | 'broken' | 'undecided'

const outcomes: Readonly<Record<Decision['kind'], Outcome>> = {
  allow: 'allowed',
  convert: 'allowed',
  deny: 'denied',
  broken: 'broken',
  undecided: 'undecided',
}

/** Exit codes of the four outcomes. */
export const EXIT_CODES: Readonly<Record<Outcome, number>> = { allowed: 0, denied: 1, broken: 2, undecided: 3 }

const gravest: readonly Outcome[] = ['broken', 'denied', 'undecided', 'allowed']

/** The outcome of a decision: only `allow` and `convert` are `allowed`. */
export function outcomeOf(decision: Decision): Outcome {
  return outcomes[decision.kind]
}

/** The outcome over many sources: broken before denied before undecided before allowed; `allowed` for none. */
export function overallOutcome(decisions: Iterable<Decision>): Outcome {
  const seen = new Set(Array.from(decisions, outcomeOf))
  return gravest.find(outcome => seen.has(outcome)) ?? 'allowed'
}

const exhausted: ReadonlySet<string> = new Set<CoreErrorCode>(['budget_exceeded', 'timeout', 'conversions_exhausted'])

/** What was thrown, as a decision: a spent budget leaves the source undecided, anything else is broken. */
export function failureDecision(
  thrown: unknown,
  where: { readonly identifier: string; readonly policy?: string },
): Undecided | Broken {
  const error = toCodedError(thrown)
  if (!exhausted.has(error.code)) return { kind: 'broken', ...where, error }
  return { kind: 'undecided', ...where, needs: [], errors: [error] }
}

/** The denial that a verdict is which does not allow. */
export function denialOf({ messages, rules }: Verdict, policy: Pick<Policy, 'name'>, source: Source): Deny {
  return { kind: 'deny', source, policy: policy.name, messages, ...(rules && { rules }) }
}

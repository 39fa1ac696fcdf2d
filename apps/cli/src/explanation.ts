import {
  type ExplainedRule,
  formatPath,
  type Lacking,
  type Policy,
  type Round,
  toCodedError,
} from '@source-policy/core'

/** Why one policy decided as it did about a source. */
export interface PolicyExplanation {
  readonly policy: string
  /** As they came out in the last round. */
  readonly rules: readonly ExplainedRule[]
  /** What was asked for, and which expression caused it. */
  readonly fetched: readonly FetchCause[]
  /** Set where the policy cannot be explained. */
  readonly error?: string
}

export interface FetchCause {
  readonly round: number
  readonly place: string
  readonly text: string
  /** `input.image.labels`, `verify_git_signature()`. */
  readonly needs: readonly string[]
}

/** Gathers explanations while a source is decided. */
export function createExplanations(policies: readonly Policy[]): {
  note(round: Round): void
  all(): PolicyExplanation[]
} {
  const byName = new Map(policies.map(policy => [policy.name, policy]))
  const explained = new Map<string, PolicyExplanation>()
  return {
    note({ policy: name, number, request }) {
      const before = number === 1 ? undefined : explained.get(name)
      explained.set(name, explainRound(byName.get(name), { name, number, request }, before?.fetched ?? []))
    },
    all: () => [...explained.values()],
  }
}

function explainRound(
  policy: Policy | undefined,
  { name, number, request }: Pick<Round, 'number' | 'request'> & { readonly name: string },
  fetched: readonly FetchCause[],
): PolicyExplanation {
  if (policy?.explain === undefined) return { policy: name, rules: [], fetched, error: 'its language cannot tell' }
  try {
    const { rules, waiting } = policy.explain(request)
    const causes = waiting.map(({ place, text, lacking }) => ({ round: number, place, text, needs: needsOf(lacking) }))
    const known = new Set(fetched.map(({ place, needs }) => JSON.stringify([place, needs])))
    const fresh = causes.filter(({ place, needs }) => needs.length > 0 && !known.has(JSON.stringify([place, needs])))
    return { policy: name, rules, fetched: [...fetched, ...fresh] }
  } catch (error) {
    return { policy: name, rules: [], fetched, error: toCodedError(error).message }
  }
}

function needsOf({ paths, calls }: Lacking): string[] {
  return [...paths.map(formatPath), ...calls.map(({ name }) => `${name}()`)]
}

import {
  type CodedError,
  type Decision,
  type Outcome,
  overallOutcome,
  type Platform,
  type Report,
  type Source,
  type Usage,
} from '@source-policy/core'
import type { Place, Role } from '@source-policy/dockerfile'
import type { PolicyExplanation } from './explanation.ts'

/** One source of a build and what became of it. */
export interface CheckedSource {
  readonly source: Source
  readonly places: readonly Place[]
  readonly roles: readonly Role[]
  readonly decision: Decision
  readonly report: Report
  readonly digest?: string
  readonly thrown?: unknown
  readonly explanations?: readonly PolicyExplanation[]
  /** The named context that put it in the place of what the Dockerfile says. */
  readonly namedContext?: string
  /** Targets of a bake file that use it. */
  readonly targets?: readonly string[]
  /** Names under which servers sent it: those of mirrors, and its own. */
  readonly servedFrom?: readonly string[]
}

/** Words of a Dockerfile that name a source which cannot be told before the build. */
export interface UndeterminedSource {
  readonly text: string
  readonly place: Place
  readonly error: CodedError
}

/** All that the command found out. */
export interface CheckResult {
  readonly policies: readonly string[]
  /** What was checked: a Dockerfile's path, or a source. */
  readonly subject: string
  readonly platforms: readonly Platform[]
  readonly sources: readonly CheckedSource[]
  readonly undetermined: readonly UndeterminedSource[]
  /** What is no one source's fault: an altered entry of the cache. */
  readonly notices: readonly string[]
  readonly usage: Readonly<Pick<Usage, 'requests' | 'bytes' | 'hosts'>>
  readonly durationMs: number
}

/** What is undetermined makes the whole undecided: it is never silently allowed. */
export function outcomeOfResult({ sources, undetermined }: Pick<CheckResult, 'sources' | 'undetermined'>): Outcome {
  return overallOutcome([
    ...sources.map(({ decision }) => decision),
    ...undetermined.map(({ text, error }): Decision => {
      return { kind: 'undecided', identifier: text, needs: [], errors: [error] }
    }),
  ])
}

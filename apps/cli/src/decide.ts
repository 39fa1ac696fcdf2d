import {
  createEvaluator,
  type Decision,
  type EnvInput,
  type Input,
  type PrintedLine,
  type Report,
  type Resolver,
  type Run,
  type Source,
} from '@source-policy/core'
import { describeRound } from './describe-round.ts'
import { createExplanations, type PolicyExplanation } from './explanation.ts'
import type { Logger, Threshold } from './logger.ts'
import { type LoadedPolicy, watchedPolicy } from './policies.ts'
import type { Session } from './session.ts'

/** A decision with what a reader wants to know beside it. */
export interface Decided {
  readonly decision: Decision
  readonly report: Report
  /** Digest or commit of the source, where it is known. */
  readonly digest?: string
  /** What a policy threw, for an excerpt of its source. */
  readonly thrown?: unknown
  /** Why each policy that was asked decided so, where that was wanted. */
  readonly explanations?: readonly PolicyExplanation[]
}

export interface DeciderOptions {
  readonly policies: readonly LoadedPolicy[]
  readonly resolvers: readonly Resolver[]
  readonly run: Run
  readonly logger: Logger
  readonly env: Partial<EnvInput>
  readonly allowNoPolicy: boolean
  readonly signal: AbortSignal
  /** Whether to explain decisions: each round is evaluated once more. Default: no. */
  readonly explain?: boolean
  /** The operator's waiver that covers a denial. */
  readonly waive: Session['waive']
}

export interface Decider {
  /** Decides one source. Rejects only where the signal aborts. */
  decide(source: Source): Promise<Decided>
  /** Logs what policies printed, and what their authors should know. */
  logReport(decided: Decided): void
}

/** Decides sources one by one in one run. */
export function createDecider(options: DeciderOptions): Decider {
  const { policies, resolvers, run, logger, env, allowNoPolicy, signal } = options
  const levels = new Map(policies.map(({ policy, logLevel }) => [policy.name, logLevel]))
  const levelOfPrint = new WeakMap<PrintedLine, Threshold>()
  const told = new Set<string>()

  return {
    async decide(source) {
      let input: Input = {}
      let thrown: unknown
      const watched = policies.map(({ policy, logLevel }) =>
        watchedPolicy(policy, {
          onPrint: line => logLevel !== undefined && levelOfPrint.set(line, logLevel),
          onError: error => {
            thrown = error
          },
        }),
      )
      const explanations = options.explain === true ? createExplanations(watched) : undefined
      const { evaluate } = createEvaluator({ policies: watched, resolvers, allowNoPolicy, waive: options.waive })
      const { decision, report } = await evaluate(source, {
        env,
        run,
        signal,
        ...(source.platform && { platform: source.platform }),
        onRound(round) {
          input = round.request.input
          explanations?.note(round)
          const level = levels.get(round.policy)
          if (!logger.shows('debug', level)) return
          for (const line of describeRound(round)) logger.log('debug', `${source.identifier}: ${line}`, level)
        },
      })
      const digest = digestOf(input)
      return {
        decision,
        report,
        ...(digest !== undefined && { digest }),
        ...(thrown !== undefined && { thrown }),
        ...(explanations && { explanations: explanations.all() }),
      }
    },
    logReport({ report: { prints, warnings } }) {
      for (const line of prints) {
        logger.log('info', `${line.file}:${line.row}: ${line.message}`, levelOfPrint.get(line))
      }
      for (const warning of warnings) {
        // one line of a policy goes wrong for each source
        if (!told.has(warning)) logger.log('warn', warning)
        told.add(warning)
      }
    },
  }
}

function digestOf({ image, http, git }: Input): string | undefined {
  return image?.checksum ?? http?.checksum ?? git?.commitChecksum ?? git?.checksum
}

import type { EnvInput, Policy } from '@source-policy/core'
import { createDecider, type Decided, type Decider, type DeciderOptions } from './decide.ts'
import { sourceKey } from './decide-build.ts'
import type { CommandContext } from './io.ts'
import type { LoadedPolicy } from './policies.ts'
import type { Session } from './session.ts'

/** Deciders by policies and builds. */
export interface Deciders {
  /** The decider of sources under these policies, for a build as they see it. */
  (policies: readonly LoadedPolicy[], env: Partial<EnvInput>): Pick<Decider, 'decide'>
  /** Logs what policies printed for a source, and what their authors should know. */
  logReport(decided: Decided): void
}

/** Deciders by policies and what these see of the build: equal sources of equal builds are decided once. */
export function deciders(
  { allowNoPolicy, explain }: Required<Pick<DeciderOptions, 'allowNoPolicy' | 'explain'>>,
  { run, resolvers, waive }: Session,
  { io, logger, secrets }: CommandContext,
  onDecided: () => void,
): Deciders {
  const ids = new Map<Policy, number>()
  const known = new Map<string, Pick<Decider, 'decide'>>()
  const reporters = new WeakMap<object, Decider>()
  const idOf = (policy: Policy) => {
    const id = ids.get(policy) ?? ids.size
    ids.set(policy, id)
    return id
  }
  const find = (policies: readonly LoadedPolicy[], env: Partial<EnvInput>) => {
    const seen = policies.some(({ policy }) => policy.seesBuild !== false) ? env : undefined
    const key = JSON.stringify([policies.map(({ policy, logLevel }) => [idOf(policy), logLevel]), seen])
    const found = known.get(key)
    if (found !== undefined) return found
    const decider = createDecider({
      policies,
      resolvers,
      run,
      logger,
      env,
      allowNoPolicy,
      explain,
      waive,
      signal: io.signal,
    })
    const decisions = new Map<string, Promise<Decided>>()
    const made: Pick<Decider, 'decide'> = {
      decide(source) {
        const key = sourceKey(source)
        let decision = decisions.get(key)
        if (decision === undefined) {
          for (const url of [source.identifier, ...Object.values(source.attrs)]) secrets.addURL(url)
          decision = decider.decide(source).then(decided => {
            reporters.set(decided.report, decider)
            onDecided()
            return decided
          })
          decisions.set(key, decision)
        }
        return decision
      },
    }
    known.set(key, made)
    return made
  }
  return Object.assign(find, {
    logReport(decided: Decided) {
      reporters.get(decided.report)?.logReport(decided)
    },
  })
}

import { type EnvInput, type Policy, type RequestedCaps, requestCaps, toCodedError } from '@source-policy/core'
import type { Logger } from './logger.ts'
import type { LoadedPolicy } from './policies.ts'
import type { Session } from './session.ts'

/** What policies ask of a builder, which only the builder can do. */
export interface AskedCaps {
  /** Asks each policy before a build; throws where it answers with what is no decision. */
  ask(policies: readonly LoadedPolicy[], env: Partial<EnvInput>): Promise<void>
  /** What the operator should know of the answers. */
  readonly notices: readonly string[]
}

const exhausted: ReadonlySet<string> = new Set(['budget_exceeded', 'timeout'])

/** A policy that takes too long leaves its sources undecided: that is told of each of them. */
function leaveToSources(error: unknown): RequestedCaps {
  if (exhausted.has(toCodedError(error).code)) return { caps: {}, isDefined: true }
  throw error
}

/** Nobody asked yet. Policies whose answer cannot depend on the build are asked once. */
export function capsOf({ run }: Session, logger: Logger): AskedCaps {
  const asked = new Map<Policy, Set<string>>()
  const notices = new Set<string>()
  const tell = (notice: string) => {
    if (!notices.has(notice)) logger.log('warn', notice)
    notices.add(notice)
  }
  return {
    get notices() {
      return [...notices]
    },
    async ask(policies, env) {
      for (const { policy } of policies) {
        const builds = asked.get(policy) ?? new Set<string>()
        asked.set(policy, builds)
        const key = policy.seesBuild === false ? '' : JSON.stringify(env)
        if (builds.has(key)) continue
        builds.add(key)
        const { caps, isDefined } = await requestCaps(policy, { run, env }).catch(leaveToSources)
        if (caps['exec.proxy'] === true) {
          tell(`policy ${policy.name} asks for exec.proxy: what RUN steps download is decided by the builder, not here`)
        }
        if (!isDefined) {
          tell(
            `policy ${policy.name} yields no decision without a source: docker buildx does not build with it, \`default allow := false\` helps`,
          )
        }
      }
    },
  }
}

import type { Source } from '@source-policy/core'
import type { BuildRequest } from './build-request.ts'
import type { AskedCaps } from './caps.ts'
import type { CheckOptions } from './check-builds.ts'
import type { CheckedSource, UndeterminedSource } from './check-result.ts'
import { decideBuild } from './decide-build.ts'
import type { Deciders } from './deciders.ts'
import { CliError } from './error.ts'
import type { CommandContext } from './io.ts'
import type { GivenContexts } from './named-contexts.ts'
import { type LoadedPolicy, loadPolicies, noPolicies, withoutContext } from './policies.ts'
import { type PolicyConfig, wantsBuiltinPolicy } from './policy-flag.ts'
import type { Progress } from './progress.ts'
import { type Build, envOf, readBuild, remoteContextOf } from './read-build.ts'
import type { RemoteContext } from './remote-context.ts'
import type { Session } from './session.ts'

/** One build with what became of its sources. */
export interface CheckedBuild {
  readonly name?: string
  readonly policies: readonly LoadedPolicy[]
  readonly sources: readonly CheckedSource[]
  readonly undetermined: readonly UndeterminedSource[]
  /** Undefined where its context may not be used, so that nothing of it was looked into. */
  readonly build?: Build
}

/** What the builds of one run have in common. */
export interface BuildCheckerContext extends CommandContext {
  /** Of `--policy`. */
  readonly configs: readonly PolicyConfig[]
  readonly named: ReadonlyMap<BuildRequest, GivenContexts>
  readonly session: Session
  readonly deciderOf: Deciders
  readonly asked: AskedCaps
  readonly progress: Progress
}

/** Checks builds one by one, in one run: reads each, loads its policies and decides its sources. */
export function buildChecker(
  options: CheckOptions,
  { io, logger, secrets, configs, named, session, deciderOf, asked, progress }: BuildCheckerContext,
): (request: BuildRequest) => Promise<CheckedBuild> {
  const loaded = noPolicies()
  const counts = new Map<BuildRequest, number>()

  const policiesOf = async ({ files, request }: Build) => {
    const defaultPolicy = options.contextPolicy ? await files.readDefaultPolicy() : undefined
    const policies = await loadPolicies({
      configs,
      builtinPolicy: wantsBuiltinPolicy(options.defaultPolicy, io.env),
      contextConfigs: options.contextPolicy ? request.policies : [],
      ...(defaultPolicy && { defaultPolicy }),
      context: files.context,
      cwd: io.cwd,
      session,
      loaded,
    })
    if (policies.length > 0 || options.allowNoPolicy) return policies
    const isMissing = options.contextPolicy && defaultPolicy === undefined && files.policyFile !== undefined
    const looked = isMissing ? `there is no ${files.policyFile}; ` : ''
    throw new CliError('no_policy', `no policy: ${looked}give one with --policy, or say --allow-no-policy`)
  }

  /** A remote context is a source like others: what the operator's own policies deny is not even looked into. */
  const refused = async (request: BuildRequest, context: Source): Promise<CheckedBuild | undefined> => {
    const own = withoutContext(configs)
    if (own.length === 0) return undefined
    const policies = await loadPolicies({ configs: own, cwd: io.cwd, session, loaded })
    const decided = await deciderOf(policies, envOf(request)).decide(context)
    if (decided.decision.kind === 'allow') return undefined
    const sources = [{ source: context, places: [], roles: ['context' as const], ...decided }]
    return { ...nameOf(request), policies, sources, undetermined: [] }
  }

  const checkBuild = async (request: BuildRequest): Promise<CheckedBuild> => {
    const context = remoteContextOf(request)
    let remote: RemoteContext | undefined
    if (context !== undefined) {
      secrets.addURL(request.context)
      const bound = await session.bindContext(context)
      const denied = await refused(request, context)
      if (denied !== undefined) return denied
      remote = await bound.open()
    }
    const build = await readBuild(
      request,
      remote,
      named.get(request) ?? { contexts: {}, links: new Map() },
      io,
      session.download,
    )
    secrets.addText(build.files.text)
    const policies = await policiesOf(build)
    logger.log('debug', `loading policies ${policies.map(({ policy }) => policy.name).join(', ')}`)
    await asked.ask(policies, build.env)
    const decider = deciderOf(policies, build.env)
    const decided = await decideBuild({
      ...build,
      decide: decider.decide,
      fetchConfig: session.fetchConfig,
      onFound(count) {
        counts.set(request, count)
        progress.found([...counts.values()].reduce((sum, found) => sum + found, 0))
      },
    })
    return { ...nameOf(request), policies, ...decided, build }
  }

  return async request => {
    try {
      return await checkBuild(request)
    } catch (error) {
      throw request.name === undefined ? error : inTarget(request.name, error)
    }
  }
}

function nameOf({ name }: BuildRequest): { name?: string } {
  return name === undefined ? {} : { name }
}

/** The error, which says in what target it came up. */
function inTarget(name: string, error: unknown): unknown {
  if (error instanceof Error) error.message = `target ${name}: ${error.message}`
  return error
}

import path from 'node:path'
import type { Policy, Source } from '@source-policy/core'
import { hostPlatform } from '@source-policy/oci'
import { isRemote } from './build-files.ts'
import { type BuildOptions, type BuildRequest, requestOfFlags } from './build-request.ts'
import { capsOf } from './caps.ts'
import type { CheckedSource, CheckResult, UndeterminedSource } from './check-result.ts'
import { mapConcurrently } from './concurrency.ts'
import { createDecider, type Decided, type Decider } from './decide.ts'
import { decideBuild, sourceKey } from './decide-build.ts'
import { CliError } from './error.ts'
import { parsePlatforms } from './flags.ts'
import type { CommandContext } from './io.ts'
import { MAX_CONCURRENT_BUILDS } from './limits.ts'
import { mergeBuilds } from './merge-builds.ts'
import { type ContextParts, type GivenContexts, namedContexts } from './named-contexts.ts'
import { type LoadedPolicy, loadPolicies, noPolicies, withoutContext } from './policies.ts'
import { type PolicyConfig, parsePolicyFlag, wantsBuiltinPolicy } from './policy-flag.ts'
import { createProgress } from './progress.ts'
import { type Build, envOf, readBuild, remoteContextOf } from './read-build.ts'
import { openRemoteContext } from './remote-context.ts'
import { isSecretName } from './secrets.ts'
import { type NetworkOptions, openSession, type Session } from './session.ts'

export interface CheckOptions extends NetworkOptions, BuildOptions {
  /** A bake or compose file, whose targets are checked in place of one context. */
  readonly bake?: string
  /** Variables of the bake or compose file. */
  readonly env: readonly string[]
  readonly policy: readonly string[]
  /** False: `<Dockerfile>.rego` is not read, nor what a bake file names. */
  readonly contextPolicy: boolean
  readonly allowNoPolicy: boolean
  /** The default policy of docker buildx is asked first. */
  readonly defaultPolicy: boolean
  /** Tell why sources are not allowed. */
  readonly explain: boolean
}

/** What was checked, while the run in which it was is still open. */
export interface Checked {
  readonly result: CheckResult
  /** Those that were looked into. */
  readonly builds: readonly Build[]
  readonly session: Session
}

/** One build with what became of its sources. */
export interface CheckedBuild {
  readonly name?: string
  readonly policies: readonly LoadedPolicy[]
  readonly sources: readonly CheckedSource[]
  readonly undetermined: readonly UndeterminedSource[]
  /** Undefined where its context may not be used, so that nothing of it was looked into. */
  readonly build?: Build
}

/**
 * Decides every source of one build (its context as `subjects`), or of the targets of a bake file (their names), in one run, and
 * gives all of it to `use`. Throws where nothing can be decided.
 */
export async function checkBuilds<T>(
  subjects: readonly string[],
  options: CheckOptions,
  { io, logger, secrets }: CommandContext,
  use: (checked: Checked) => Promise<T>,
): Promise<T> {
  const started = performance.now()
  const configs = options.policy.map(parsePolicyFlag)
  const requests = await requestsOf(subjects, options, configs, { io, logger, secrets })
  for (const { args, inline = '' } of requests) {
    secrets.addText(inline)
    for (const [name, value] of Object.entries(args)) {
      secrets.addText(value)
      if (isSecretName(name)) secrets.add(value)
    }
  }
  const parts: ContextParts = { layouts: new Map(), directories: new Set() }
  const named = new Map<BuildRequest, GivenContexts>()
  for (const request of requests) named.set(request, await namedContexts(request.contexts, parts, io))
  const progress = createProgress(io.stderr, { isQuiet: logger.shows('debug') })
  const session = await openSession(options, {
    io,
    logger,
    secrets,
    onExchange: progress.requested,
    buildRoots: [...localRoots(requests, io.cwd), ...parts.directories],
    layouts: parts.layouts,
    // who writes a bake file chooses its contexts: none of them is the operator's word
    ...(options.bake === undefined && { subject: subjects[0] ?? '.' }),
  })
  try {
    const loaded = noPolicies()
    const deciderOf = deciders(options, session, { io, logger, secrets }, progress.decided)
    const asked = capsOf(session, logger)
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
      if (context !== undefined) {
        secrets.addURL(request.context)
        const denied = await refused(request, context)
        if (denied !== undefined) return denied
      }
      const remote = context && (await openRemoteContext(context, session))
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

    const checked = await mapConcurrently(requests, MAX_CONCURRENT_BUILDS, async request => {
      try {
        return await checkBuild(request)
      } catch (error) {
        throw request.name === undefined ? error : inTarget(request.name, error)
      }
    })
    progress.clear()
    const merged = mergeBuilds(checked)
    for (const source of merged.sources) deciderOf.logReport(source)
    const builds = checked.flatMap(({ build }) => (build === undefined ? [] : [build]))
    const result: CheckResult = {
      ...merged,
      subject:
        options.bake === undefined
          ? subjectOf(checked, subjects)
          : options.bake === '-'
            ? 'standard input'
            : options.bake,
      platforms: platformsOf(builds),
      sources: merged.sources.map(source => ({ ...source, servedFrom: session.servedFrom(source.source) })),
      notices: [...session.notices, ...asked.notices],
      usage: session.usage,
      durationMs: performance.now() - started,
    }
    return await use({ result, builds, session })
  } finally {
    progress.clear()
    await session.close()
  }
}

async function requestsOf(
  subjects: readonly string[],
  options: CheckOptions,
  configs: readonly PolicyConfig[],
  { io }: CommandContext,
): Promise<BuildRequest[]> {
  const { bake } = options
  if (bake === undefined) {
    const [context = '.', ...more] = subjects
    if (more.length > 0) throw new CliError('usage', 'one build context is checked: targets need --bake')
    if (options.env.length > 0) throw new CliError('usage', '--env is for the variables of --bake')
    return [requestOfFlags(context, options, io)]
  }
  const foreign = (['file', 'target'] as const).find(name => options[name] !== undefined)
  const lists = (['buildArg', 'label', 'buildContext'] as const).find(name => options[name].length > 0)
  if (foreign !== undefined || lists !== undefined) {
    throw new CliError('usage', 'the targets of --bake have their own Dockerfiles, arguments, labels and contexts')
  }
  const { bakeRequests, refuseContextPolicies } = await import('./bake-requests.ts')
  refuseContextPolicies(configs)
  return bakeRequests({ bake, targets: subjects, env: options.env, platforms: parsePlatforms(options.platform) }, io)
}

function localRoots(requests: readonly BuildRequest[], cwd: string): string[] {
  return [...new Set(requests.map(({ context }) => context).filter(context => !isRemote(context)))].map(context =>
    path.resolve(cwd, context),
  )
}

function nameOf({ name }: BuildRequest): { name?: string } {
  return name === undefined ? {} : { name }
}

function subjectOf([checked]: readonly CheckedBuild[], [context = '.']: readonly string[]): string {
  return checked?.build?.files.file ?? context
}

function platformsOf(builds: readonly Build[]) {
  const all = builds.flatMap(({ sources }) => sources.platforms ?? [sources.buildPlatform])
  const found = new Map(all.map(platform => [JSON.stringify(platform), platform]))
  return found.size === 0 ? [hostPlatform()] : [...found.values()]
}

/** The error, which says in what target it came up. */
function inTarget(name: string, error: unknown): unknown {
  if (error instanceof Error) error.message = `target ${name}: ${error.message}`
  return error
}

interface Deciders {
  (policies: readonly LoadedPolicy[], env: Build['env']): Pick<Decider, 'decide'>
  logReport(decided: Decided): void
}

/** Deciders by policies and what these see of the build: equal sources of equal builds are decided once. */
function deciders(
  options: CheckOptions,
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
  const find = (policies: readonly LoadedPolicy[], env: Build['env']) => {
    const seen = policies.some(({ policy }) => policy.seesBuild !== false) ? env : undefined
    const key = JSON.stringify([policies.map(({ policy, logLevel }) => [idOf(policy), logLevel]), seen])
    const found = known.get(key)
    if (found !== undefined) return found
    const { allowNoPolicy, explain } = options
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

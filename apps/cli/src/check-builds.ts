import path from 'node:path'
import { hostPlatform } from '@source-policy/oci'
import { isRemote } from './build-files.ts'
import type { BuildRequest } from './build-request.ts'
import { type RequestOptions, requestsOf } from './build-requests.ts'
import { capsOf } from './caps.ts'
import { buildChecker, type CheckedBuild } from './check-build.ts'
import type { CheckResult } from './check-result.ts'
import { mapConcurrently } from './concurrency.ts'
import { deciders } from './deciders.ts'
import type { CommandContext } from './io.ts'
import { MAX_CONCURRENT_BUILDS } from './limits.ts'
import { mergeBuilds } from './merge-builds.ts'
import { type ContextParts, type GivenContexts, namedContexts } from './named-contexts.ts'
import { parsePolicyFlag } from './policy-flag.ts'
import { createProgress } from './progress.ts'
import type { Build } from './read-build.ts'
import { isSecretName } from './secrets.ts'
import { type NetworkOptions, openSession, type Session } from './session.ts'

export interface CheckOptions extends NetworkOptions, RequestOptions {
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

/**
 * Decides every source of one build (its context as `subjects`), or of the targets of a bake file (their names), in one run, and
 * gives all of it to `use`. Throws where nothing can be decided.
 */
export async function checkBuilds<T>(
  subjects: readonly string[],
  options: CheckOptions,
  context: CommandContext,
  use: (checked: Checked) => Promise<T>,
): Promise<T> {
  const { io, logger, secrets } = context
  const started = performance.now()
  const configs = options.policy.map(parsePolicyFlag)
  const requests = await requestsOf(subjects, options, configs, io)
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
    ...(options.bake === undefined && requests[0] && { subject: requests[0].context }),
  })
  try {
    const deciderOf = deciders(options, session, context, progress.decided)
    const asked = capsOf(session, logger)
    const checkBuild = buildChecker(options, { ...context, configs, named, session, deciderOf, asked, progress })
    const checked = await mapConcurrently(requests, MAX_CONCURRENT_BUILDS, checkBuild)
    progress.clear()
    const merged = mergeBuilds(checked)
    for (const source of merged.sources) deciderOf.logReport(source)
    const builds = checked.flatMap(({ build }) => (build === undefined ? [] : [build]))
    const result: CheckResult = {
      ...merged,
      subject: subjectOf(options, checked, subjects),
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

function localRoots(requests: readonly BuildRequest[], cwd: string): string[] {
  return [...new Set(requests.map(({ context }) => context).filter(context => !isRemote(context)))].map(context =>
    path.resolve(cwd, context),
  )
}

function subjectOf(
  { bake }: RequestOptions,
  [checked]: readonly CheckedBuild[],
  [context = '.']: readonly string[],
): string {
  if (bake !== undefined) return bake === '-' ? 'standard input' : bake
  return checked?.build?.files.file ?? context
}

function platformsOf(builds: readonly Build[]) {
  const all = builds.flatMap(({ sources }) => sources.platforms ?? [sources.buildPlatform])
  const found = new Map(all.map(platform => [JSON.stringify(platform), platform]))
  return found.size === 0 ? [hostPlatform()] : [...found.values()]
}

import { type EnvInput, EXIT_CODES } from '@source-policy/core'
import { parseDockerfile } from '@source-policy/dockerfile'
import { hostPlatform } from '@source-policy/oci'
import { type BuildFiles, findBuildFiles } from '../build-files.ts'
import { type CheckResult, outcomeOfResult } from '../check-result.ts'
import { createDecider } from '../decide.ts'
import { type DecideBuildOptions, decideBuild } from '../decide-build.ts'
import { CliError } from '../error.ts'
import { parseBuildArgs, parsePairs, parsePlatforms } from '../flags.ts'
import type { CommandContext, IO } from '../io.ts'
import { type GivenContexts, namedContexts } from '../named-contexts.ts'
import { type LoadedPolicy, loadPolicies, readDefaultPolicy } from '../policies.ts'
import { parsePolicyFlag } from '../policy-flag.ts'
import { createProgress } from '../progress.ts'
import { isSecretName } from '../secrets.ts'
import { type NetworkOptions, openSession } from '../session.ts'
import { type Format, writeResult } from '../write-result.ts'

export interface CheckOptions extends NetworkOptions {
  readonly file?: string
  readonly target?: string
  readonly buildArg: readonly string[]
  readonly label: readonly string[]
  readonly platform: readonly string[]
  readonly policy: readonly string[]
  readonly buildContext: readonly string[]
  /** False: `<Dockerfile>.rego` is not read. */
  readonly contextPolicy: boolean
  readonly allowNoPolicy: boolean
  readonly format: Format
}

/** Decides every source of a Dockerfile and shows it. Returns the exit code; throws where nothing can be decided. */
export async function check(
  context: string,
  options: CheckOptions,
  { io, logger, secrets }: CommandContext,
): Promise<number> {
  const started = performance.now()
  const files = await findBuildFiles({ context, ...(options.file !== undefined && { file: options.file }) }, io)
  secrets.addText(files.text)
  const policies = await policiesOf(files, options, io)
  const build = await readBuild(files, options, io)
  for (const [name, value] of Object.entries(build.env.args ?? {})) {
    secrets.addText(value)
    if (isSecretName(name)) secrets.add(value)
  }
  const progress = createProgress(io.stderr, { isQuiet: logger.shows('debug') })
  const session = await openSession(options, {
    io,
    logger,
    secrets,
    onExchange: progress.requested,
    buildRoots: [...(files.root === undefined ? [] : [files.root]), ...build.named.directories],
    layouts: build.named.layouts,
    subject: context,
  })
  try {
    const { run, resolvers, fetchConfig } = session
    const { decide, logReport } = createDecider({
      policies,
      resolvers,
      run,
      logger,
      env: build.env,
      allowNoPolicy: options.allowNoPolicy,
      signal: io.signal,
    })
    const { sources, undetermined } = await decideBuild({
      ...build,
      fetchConfig,
      onFound: progress.found,
      async decide(source) {
        for (const url of [source.identifier, ...Object.values(source.attrs)]) secrets.addURL(url)
        const decided = await decide(source)
        progress.decided()
        return decided
      },
    })
    progress.clear()
    for (const source of sources) logReport(source)
    const result: CheckResult = {
      policies: policies.map(({ policy }) => policy.name),
      subject: files.file,
      platforms: build.sources.platforms ?? [build.sources.buildPlatform],
      sources: sources.map(source => ({ ...source, servedFrom: session.servedFrom(source.source) })),
      undetermined,
      notices: session.notices,
      usage: session.usage,
      durationMs: performance.now() - started,
    }
    await writeResult(result, options.format, { io, secrets })
    return EXIT_CODES[outcomeOfResult(result)]
  } finally {
    progress.clear()
    await session.close()
  }
}

async function policiesOf(files: BuildFiles, options: CheckOptions, io: IO): Promise<LoadedPolicy[]> {
  const { directory, root, filename } = files
  const isRead = options.contextPolicy && directory !== undefined
  const alsoWithin = root === undefined ? [] : [root]
  const defaultPolicy = isRead ? await readDefaultPolicy(directory, `${filename}.rego`, alsoWithin) : undefined
  const policies = await loadPolicies({
    configs: options.policy.map(parsePolicyFlag),
    cwd: io.cwd,
    ...(root !== undefined && { root }),
    ...(defaultPolicy && { defaultPolicy }),
  })
  if (policies.length === 0 && !options.allowNoPolicy) {
    const looked = isRead && defaultPolicy === undefined ? `there is no ${files.file}.rego; ` : ''
    throw new CliError('no_policy', `no policy: ${looked}give one with --policy, or say --allow-no-policy`)
  }
  return policies
}

interface Build extends Pick<DecideBuildOptions, 'dockerfile' | 'sources'> {
  readonly env: Partial<EnvInput>
  readonly named: GivenContexts
}

async function readBuild(files: BuildFiles, options: CheckOptions, io: IO): Promise<Build> {
  const args = parseBuildArgs(options.buildArg, io.env)
  const labels = parsePairs('--label', options.label, () => '')
  const platforms = parsePlatforms(options.platform)
  const named = await namedContexts(options.buildContext, io)
  const { target } = options
  const syntax = Object.hasOwn(args, 'BUILDKIT_SYNTAX') ? args.BUILDKIT_SYNTAX : undefined
  return {
    named,
    dockerfile: parseDockerfile(files.text, { file: files.file, ...(syntax !== undefined && { syntax }) }),
    sources: {
      buildPlatform: hostPlatform(),
      buildArgs: args,
      contexts: named.contexts,
      ownDockerignore: files.ownDockerignore,
      ...(platforms.length > 0 && { platforms }),
      ...(target !== undefined && { target }),
      ...(files.remote !== undefined && { context: files.remote, localDockerfile: true }),
    },
    env: {
      filename: files.filename,
      ...(Object.keys(args).length > 0 && { args }),
      ...(Object.keys(labels).length > 0 && { labels }),
      ...(target !== undefined && { target }),
    },
  }
}

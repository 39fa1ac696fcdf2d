import type { Platform, Source } from '@source-policy/core'
import { gitSource, parseGitRef } from '@source-policy/core/git-url'
import { formatReference, normalizePlatform, parseReference, tagNameOnly } from '@source-policy/oci'
import type { BuildArgs } from './build-args.ts'
import { trim } from './characters.ts'
import { checkOptions } from './check-options.ts'
import { contentOf, type Fetch } from './content.ts'
import type { Dockerfile } from './dockerfile.ts'
import { DockerfileError } from './error.ts'
import { createBudget } from './expansion/budget.ts'
import { followBuild } from './follow-build.ts'
import { frontendIdentifier, isStandardFrontend, standardVersion } from './frontend.ts'
import { type NamedContexts, namedContexts } from './named-context.ts'
import type { ConfigNeed, DockerfileSources, FoundSource, Place, Role, SourcesOptions, Undetermined } from './types.ts'

/**
 * Every source that a build of the Dockerfile fetches, over all its platforms, and what cannot be told yet.
 * Pure: the configurations of base images are asked for through `baseConfig`, and named in `needs` where it has none.
 * Throws DockerfileError where BuildKit would refuse the build.
 */
export function dockerfileSources(dockerfile: Dockerfile, options: SourcesOptions): DockerfileSources {
  const buildArgs: BuildArgs = new Map(Object.entries(options.buildArgs ?? {}))
  const withAdvice = gitAdvice(buildArgs)
  checkOptions(buildArgs.get('BUILDKIT_DOCKERFILE_CHECK') ?? dockerfile.check?.text ?? '', dockerfile.check?.place)

  const main = mainContext(options, buildArgs)
  const contexts = namedContexts(options.contexts ?? {}, { withAdvice })
  const frontend = frontendOf(dockerfile, { buildArgs, contexts, buildPlatform: options.buildPlatform })
  const fetches: Fetch[] = [...controlFetches(main, options), ...frontend.fetches, ...sbomFetches(options)]
  const undetermined: Undetermined[] = [...frontend.undetermined]
  const needs: ConfigNeed[] = []
  const platforms: (Platform | undefined)[] = (options.platforms ?? []).map(normalizePlatform)
  if (dockerfile.problem === undefined) {
    const build = {
      dockerfile,
      buildArgs,
      target: options.target ?? '',
      buildPlatform: options.buildPlatform,
      contexts,
      context: contentOf({ source: main, role: 'context' }),
      withAdvice,
      baseConfig: options.baseConfig ?? (() => undefined),
      budget: createBudget(),
    }
    for (const platform of platforms.length === 0 ? [undefined] : platforms) {
      const followed = followBuild(build, platform)
      fetches.push(...followed.fetches)
      undetermined.push(...followed.undetermined)
      needs.push(...followed.needs)
    }
  }
  const addsGit = fetches.some(({ role, source }) => role === 'add' && source.kind === 'git')
  if (addsGit && frontend.whereGit !== undefined) undetermined.push(frontend.whereGit)
  return { sources: mergeFetches(fetches), needs: mergeNeeds(needs), undetermined: distinct(undetermined) }
}

/** Of docker/dockerfile 1: the minor versions since which there is what a file may be read otherwise without. */
const HEREDOC_VERSION = 4
const ADD_GIT_VERSION = 6

/** BUILDKIT_GIT_ADVICE marks every git source. */
function gitAdvice(buildArgs: BuildArgs): (source: Source) => Source {
  const advice = buildArgs.get('BUILDKIT_GIT_ADVICE') ?? ''
  const isOn = advice !== '' && parseBoolean('BUILDKIT_GIT_ADVICE', advice)
  return source =>
    isOn && source.kind === 'git' ? { ...source, attrs: { ...source.attrs, 'git.advice': 'true' } } : source
}

function parseBoolean(name: string, text: string): boolean {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(text)) return true
  if (/^(?:0|f|F|FALSE|false|False)$/.test(text)) return false
  throw new DockerfileError('invalid_option', `${name} is ${JSON.stringify(text)}, expected a boolean`)
}

/**
 * The source that a build context is: `local://context`, a git repository, or a download. Throws DockerfileError (`invalid_option`).
 */
export function contextSource(options: Pick<SourcesOptions, 'context' | 'buildArgs'>): Source {
  return mainContext(options, new Map(Object.entries(options.buildArgs ?? {})))
}

function mainContext({ context }: Pick<SourcesOptions, 'context'>, buildArgs: BuildArgs): Source {
  const local: Source = { kind: 'local', identifier: 'local://context', attrs: {} }
  if (context === undefined) return local
  let git: ReturnType<typeof parseGitRef>
  try {
    git = parseGitRef(context)
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause)
    throw new DockerfileError('invalid_option', `reading the build context: ${problem}`, { cause })
  }
  if (git === undefined) {
    if (!/^https?:\/\//.test(context)) return local
    return { kind: 'http', identifier: context, attrs: { 'http.filename': 'context' } }
  }
  const keep = /^(?:1|t|T|TRUE|true|True)$/.test(buildArgs.get('BUILDKIT_CONTEXT_KEEP_GIT_DIR') ?? '')
  const byCommit = (buildArgs.get('SOURCE_DATE_EPOCH') ?? '') !== ''
  return gitAdvice(buildArgs)({
    kind: 'git',
    ...gitSource(
      { ...git, ...(keep ? { keepGitDir: true } : {}), ...(byCommit ? { mtime: git.mtime ?? 'commit' } : {}) },
      'context',
    ),
  })
}

/** What is read before the Dockerfile says anything: the file itself, and the .dockerignore of a local context. */
function controlFetches(main: Source, { ownDockerignore, localDockerfile }: SourcesOptions): Fetch[] {
  const dockerfile: Fetch = {
    source: { kind: 'local', identifier: 'local://dockerfile', attrs: {} },
    role: 'dockerfile',
  }
  const context: Fetch = { source: main, role: 'context' }
  if (main.kind === 'local') return ownDockerignore === true ? [dockerfile] : [dockerfile, context]
  // a download is looked into in any case, since it may be an archive
  if (localDockerfile === true) return main.kind === 'http' ? [dockerfile, context] : [dockerfile]
  return [{ ...context, role: 'dockerfile' }, context]
}

/** The frontend that the build arguments ask for, or the file. */
function askedFrontend({ file, syntax }: Dockerfile, buildArgs: BuildArgs): { ref: string; place?: Place } | undefined {
  const asked = buildArgs.get('BUILDKIT_SYNTAX')
  if (asked !== undefined) return { ref: trim(asked).split(' ', 1)[0] ?? '' }
  return syntax && { ref: syntax.ref, place: { file, line: syntax.line, column: syntax.column } }
}

interface Frontend {
  readonly fetches: readonly Fetch[]
  readonly undetermined: readonly Undetermined[]
  /** What is undetermined where the file adds a git repository. */
  readonly whereGit?: Undetermined
}

/** What the frontend is: its image, or the named context that stands in its place as in that of any other image. */
function frontendOf(
  dockerfile: Dockerfile,
  options: { readonly buildArgs: BuildArgs; readonly contexts: NamedContexts; readonly buildPlatform: Platform },
): Frontend {
  const { buildArgs, contexts, buildPlatform } = options
  const asked = askedFrontend(dockerfile, buildArgs)
  if (asked === undefined) return { fetches: [], undetermined: [] }
  const { ref, place } = asked
  const foreign: Undetermined = {
    kind: 'frontend',
    location: place ?? { file: dockerfile.file, line: 1, column: 1 },
    text: ref,
    why: 'this frontend reads the file, and may fetch what no other would',
  }
  const at = { role: 'syntax' as const, ...(place === undefined ? {} : { place }) }
  try {
    const context = contexts.find(ref, buildPlatform)
    if (context !== undefined) {
      const { source } = context.load()
      const fetches = source === undefined ? [] : [{ source, ...at, namedContext: context.key }]
      return {
        fetches,
        undetermined: [{ ...foreign, why: `the named context ${context.key} is the frontend: ${foreign.why}` }],
      }
    }
    const attrs = { 'image.recordtype': 'frontend' }
    const source: Source = { kind: 'image', identifier: frontendIdentifier(ref), attrs, platform: buildPlatform }
    if (!isStandardFrontend(ref)) return { fetches: [{ source, ...at }], undetermined: [foreign] }
    const version = standardVersion(ref)
    const isOld = dockerfile.hasOlderReading === true && (version ?? 0) < HEREDOC_VERSION
    const why = `before docker/dockerfile 1.${HEREDOC_VERSION} there are no heredocs: their lines may be instructions`
    const noGit = `before docker/dockerfile 1.${ADD_GIT_VERSION} a git repository that is added is a download`
    return {
      fetches: [{ source, ...at }],
      undetermined: isOld ? [{ ...foreign, why }] : [],
      ...(version !== undefined && version < ADD_GIT_VERSION && { whereGit: { ...foreign, why: noGit } }),
    }
  } catch (cause) {
    if (cause instanceof DockerfileError && cause.code === 'invalid_option') throw cause
    throw new DockerfileError('invalid_reference', `the frontend ${JSON.stringify(ref)} is no image`, {
      cause,
      ...(place === undefined ? {} : { location: place }),
    })
  }
}

function sbomFetches({ sbomGenerator, buildPlatform }: SourcesOptions): Fetch[] {
  if (sbomGenerator === undefined) return []
  try {
    const identifier = `docker-image://${formatReference(tagNameOnly(parseReference(sbomGenerator)))}`
    return [{ source: { kind: 'image', identifier, attrs: {}, platform: buildPlatform }, role: 'sbom' }]
  } catch (cause) {
    throw new DockerfileError('invalid_option', 'the SBOM generator is no image', { cause })
  }
}

function sourceKey({ identifier, attrs, platform }: Source): string {
  const { os, architecture, variant, osVersion, osFeatures } = platform ?? { os: '', architecture: '' }
  const attributes = Object.entries(attrs).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([identifier, attributes, os, architecture, variant, osVersion, osFeatures])
}

function placeKey({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`
}

interface Merged {
  readonly source: Source
  readonly places: Map<string, Place>
  readonly roles: Set<Role>
  namedContext?: string
}

function mergeFetches(fetches: readonly Fetch[]): FoundSource[] {
  const found = new Map<string, Merged>()
  for (const { source, role, place, namedContext } of fetches) {
    const key = sourceKey(source)
    const entry: Merged = found.get(key) ?? { source, places: new Map(), roles: new Set() }
    if (place !== undefined) entry.places.set(placeKey(place), place)
    entry.roles.add(role)
    if (namedContext !== undefined) entry.namedContext ??= namedContext
    found.set(key, entry)
  }
  return [...found.values()].map(({ source, places, roles, namedContext }) => ({
    source,
    locations: [...places.values()].sort((a, b) => a.line - b.line || a.column - b.column),
    roles: [...roles],
    ...(namedContext === undefined ? {} : { namedContext }),
  }))
}

function mergeNeeds(needs: readonly ConfigNeed[]): ConfigNeed[] {
  const merged = new Map<string, { source: Source; why: ConfigNeed['why']; places: Map<string, Place> }>()
  for (const { source, why, locations } of needs) {
    const key = `${why} ${sourceKey(source)}`
    const entry = merged.get(key) ?? { source, why, places: new Map() }
    for (const place of locations) entry.places.set(placeKey(place), place)
    merged.set(key, entry)
  }
  return [...merged.values()].map(({ source, why, places }) => ({ source, why, locations: [...places.values()] }))
}

function distinct(undetermined: readonly Undetermined[]): Undetermined[] {
  return [...new Map(undetermined.map(entry => [JSON.stringify(entry), entry])).values()]
}

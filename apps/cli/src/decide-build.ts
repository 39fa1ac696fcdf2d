import { type CodedError, type Decision, outcomeOf, type Source, toCodedError } from '@source-policy/core'
import {
  type BaseConfig,
  type ConfigNeed,
  type Dockerfile,
  dockerfileSources,
  type FoundSource,
  type Place,
  type SourcesOptions,
} from '@source-policy/dockerfile'
import type { CheckedSource, UndeterminedSource } from './check-result.ts'
import { mapConcurrently } from './concurrency.ts'
import type { Decided } from './decide.ts'
import { MAX_CONCURRENT_SOURCES } from './limits.ts'

export interface DecideBuildOptions {
  readonly dockerfile: Dockerfile
  readonly sources: Omit<SourcesOptions, 'baseConfig'>
  decide(source: Source): Promise<Decided>
  /** The configuration of a base image. Rejects where it cannot be had. */
  fetchConfig(source: Source): Promise<BaseConfig>
  /** Called with the number of sources known so far. */
  onFound?(count: number): void
}

/**
 * Decides the sources of a Dockerfile, then looks for more in the configuration of those base images that were allowed
 * (variables, triggers), until there are none. A base image that is not allowed is not looked into. Rejects on abort.
 */
export async function decideBuild(
  options: DecideBuildOptions,
): Promise<{ readonly sources: CheckedSource[]; readonly undetermined: UndeterminedSource[] }> {
  const { dockerfile, decide, fetchConfig, onFound } = options
  const decided = new Map<string, Decided>()
  const configs = new Map<string, BaseConfig | { readonly error: CodedError }>()

  for (;;) {
    const found = dockerfileSources(dockerfile, {
      ...options.sources,
      baseConfig(source) {
        const config = configs.get(sourceKey(source))
        return config === undefined || 'error' in config ? undefined : config
      },
    })
    const sources = mergeSources(found.sources)
    const fresh = [...sources].filter(([key]) => !decided.has(key))
    onFound?.(sources.size)
    await mapConcurrently(fresh, MAX_CONCURRENT_SOURCES, async ([key, { source }]) => {
      decided.set(key, await decide(source))
    })

    const wanted = new Map(found.needs.map(({ source }) => [sourceKey(source), source]))
    const open = [...wanted].flatMap(([key, source]) => {
      const allowed = configs.has(key) ? undefined : allowedSource(decided.get(key)?.decision)
      return allowed === undefined ? [] : [{ key, source: { ...allowed, ...platformOf(source) } }]
    })
    if (open.length === 0) {
      const why = (place: Place) => {
        const need = found.needs.find(({ locations }) => locations.some(other => isSamePlace(other, place)))
        return need && reasonOf(need, configs, decided)
      }
      return {
        sources: Array.from(sources, ([key, source]) => checkedSource(source, decided.get(key))),
        undetermined: found.undetermined.map(({ text, location, kind, why: message }) => {
          const reason = why(location)
          const error = { code: `undetermined_${kind}`, message: reason ? `${message}: ${reason}` : message }
          return { text, place: location, error }
        }),
      }
    }
    await mapConcurrently(open, MAX_CONCURRENT_SOURCES, async ({ key, source }) => {
      configs.set(key, await fetchConfig(source).catch((thrown: unknown) => ({ error: toCodedError(thrown) })))
    })
  }
}

/** Equal sources are decided once: identifier, attributes and platform. */
export function sourceKey({ identifier, attrs, platform }: Source): string {
  const { os, architecture, variant = '', osVersion = '', osFeatures = [] } = platform ?? { os: '', architecture: '' }
  return JSON.stringify([
    identifier,
    Object.entries(attrs).sort(([a], [b]) => (a < b ? -1 : 1)),
    os,
    architecture,
    variant,
    osVersion,
    osFeatures,
  ])
}

function mergeSources(found: readonly FoundSource[]): Map<string, FoundSource> {
  const merged = new Map<string, FoundSource>()
  for (const source of found) {
    const key = sourceKey(source.source)
    const other = merged.get(key)
    const roles = [...new Set([...(other?.roles ?? []), ...source.roles])]
    merged.set(key, { ...source, roles, locations: [...(other?.locations ?? []), ...source.locations] })
  }
  return merged
}

/** What the build would fetch: after a conversion, the pinned source. Undefined where it may not be used. */
function allowedSource(decision: Decision | undefined): Source | undefined {
  if (decision === undefined || outcomeOf(decision) !== 'allowed') return undefined
  return 'source' in decision ? decision.source : undefined
}

function platformOf({ platform }: Source): Pick<Source, 'platform'> {
  return platform === undefined ? {} : { platform }
}

function reasonOf(
  { source }: ConfigNeed,
  configs: ReadonlyMap<string, BaseConfig | { readonly error: CodedError }>,
  decided: ReadonlyMap<string, Decided>,
): string | undefined {
  const key = sourceKey(source)
  const config = configs.get(key)
  if (config !== undefined && 'error' in config) return config.error.message
  return allowedSource(decided.get(key)?.decision) === undefined ? 'the base image is not allowed' : undefined
}

function isSamePlace(a: Place, b: Place): boolean {
  return a.file === b.file && a.line === b.line
}

function checkedSource(found: FoundSource, decided: Decided | undefined): CheckedSource {
  const { source, locations, roles, namedContext } = found
  if (decided === undefined) throw new Error(`${source.identifier} was not decided`)
  return { source, places: locations, roles, ...(namedContext !== undefined && { namedContext }), ...decided }
}

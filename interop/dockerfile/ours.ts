import type { Source } from '@source-policy/core'
import { type BaseConfig, type DockerfileSources, dockerfileSources, parseDockerfile } from '@source-policy/dockerfile'
import { parsePlatform } from '@source-policy/oci'
import type { Case, Outcome } from './case.ts'
import { sourceLine } from './source-line.ts'

/** What this project finds when it knows the configuration of every base image. */
export function ourOutcome(build: Case): Outcome {
  return outcomeOf(build, found => {
    const result = found(configOf(build))
    if (result.needs.length > 0) throw new Error(`needs what it was given: ${JSON.stringify(result.needs)}`)
    return result
  })
}

/**
 * What it finds when it is given only the configurations that it asks for, one after the other; `firstSources` receives
 * what it names before it was given any.
 */
export function ourLazyOutcome(build: Case, firstSources: (lines: readonly string[]) => void): Outcome {
  const given = new Set<string>()
  return outcomeOf(build, found => {
    for (let round = 0; ; round++) {
      const config = configOf(build)
      const result = found(source => (given.has(lineOf(source)) ? config(source) : undefined))
      if (round === 0) firstSources(linesOf(result))
      if (result.needs.length === 0) return result
      const [need] = result.needs
      if (need === undefined || given.has(lineOf(need.source))) throw new Error('asks twice for a configuration')
      given.add(lineOf(need.source))
    }
  })
}

type Find = (baseConfig: (source: Source) => BaseConfig | undefined) => DockerfileSources

function outcomeOf({ dockerfile: text, options = {} }: Case, run: (find: Find) => DockerfileSources): Outcome {
  const { platforms, buildPlatform = 'linux/amd64', configs: _configs, ...others } = options
  const syntax = others.buildArgs?.BUILDKIT_SYNTAX
  try {
    const dockerfile = parseDockerfile(text, { file: 'Dockerfile', ...(syntax === undefined ? {} : { syntax }) })
    if (dockerfile.problem !== undefined)
      return { refused: `left to a foreign frontend: ${dockerfile.problem.message}` }
    const result = run(baseConfig =>
      dockerfileSources(dockerfile, {
        ...others,
        buildPlatform: parsePlatform(buildPlatform),
        ...(platforms === undefined ? {} : { platforms: platforms.map(platform => parsePlatform(platform)) }),
        baseConfig,
      }),
    )
    const open = result.undetermined.filter(({ kind }) => kind !== 'frontend')
    if (open.length > 0) throw new Error(`undetermined: ${JSON.stringify(open)}`)
    return { sources: linesOf(result) }
  } catch (error) {
    const { code, message, location } = error as { code?: string; message: string; location?: { line: number } }
    // anything but a coded error is a fault of ours
    if (code === undefined) throw error
    return { refused: `${code}${location === undefined ? '' : ` at line ${location.line}`}: ${message}` }
  }
}

function configOf({ options = {} }: Case): (source: Source) => BaseConfig {
  return ({ identifier }) => options.configs?.[identifier.replace(/^[a-z-]+:\/\//, '')] ?? {}
}

function linesOf({ sources }: DockerfileSources): string[] {
  return [...new Set(sources.map(({ source }) => lineOf(source)))].sort()
}

function lineOf({ identifier, attrs, platform }: Source): string {
  return sourceLine(identifier, attrs, platform)
}

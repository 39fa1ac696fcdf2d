import type { Source } from '@source-policy/core'
import { dockerfileSources, parseDockerfile } from '@source-policy/dockerfile'
import { parsePlatform } from '@source-policy/oci'
import type { Case, Outcome } from './case.ts'
import { sourceLine } from './source-line.ts'

/** What this project finds. */
export function ourOutcome({ dockerfile: text, options = {} }: Case): Outcome {
  const { platforms, buildPlatform = 'linux/amd64', configs = {}, ...others } = options
  const syntax = others.buildArgs?.BUILDKIT_SYNTAX
  try {
    const dockerfile = parseDockerfile(text, { file: 'Dockerfile', ...(syntax === undefined ? {} : { syntax }) })
    const { sources, needs, undetermined } = dockerfileSources(dockerfile, {
      ...others,
      buildPlatform: parsePlatform(buildPlatform),
      ...(platforms === undefined ? {} : { platforms: platforms.map(platform => parsePlatform(platform)) }),
      baseConfig: ({ identifier }) => configs[identifier.replace(/^[a-z-]+:\/\//, '')] ?? {},
    })
    if (dockerfile.problem !== undefined)
      return { refused: `left to a foreign frontend: ${dockerfile.problem.message}` }
    const open = undetermined.filter(({ kind }) => kind !== 'frontend')
    if (needs.length > 0 || open.length > 0) throw new Error(`undetermined: ${JSON.stringify({ needs, open })}`)
    return { sources: [...new Set(sources.map(({ source }) => lineOf(source)))].sort() }
  } catch (error) {
    const { code, message, location } = error as { code?: string; message: string; location?: { line: number } }
    // anything but a coded error is a fault of ours
    if (code === undefined) throw error
    return { refused: `${code}${location === undefined ? '' : ` at line ${location.line}`}: ${message}` }
  }
}

function lineOf({ identifier, attrs, platform }: Source): string {
  return sourceLine(identifier, attrs, platform)
}

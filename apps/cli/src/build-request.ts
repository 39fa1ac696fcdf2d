import type { Platform } from '@source-policy/core'
import { contextName } from '@source-policy/dockerfile'
import { type BuildPlace, contextPlace } from './build-files.ts'
import { CliError } from './error.ts'
import { parseBuildArgs, parsePairs, parsePlatforms } from './flags.ts'
import type { IO } from './io.ts'
import type { PolicyConfig } from './policy-flag.ts'

/** A build that is asked for, by flags or by a target of a bake file. */
export interface BuildRequest extends BuildPlace {
  /** The stage that is built. */
  readonly target?: string
  readonly args: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  /** Default: none asked for. */
  readonly platforms: readonly Platform[]
  /** Named contexts: directories, URLs, `target:<name>`. */
  readonly contexts: Readonly<Record<string, string>>
  /** What a bake file says of policies. */
  readonly policies: readonly PolicyConfig[]
  /** The image that makes the SBOM. */
  readonly sbomGenerator?: string
}

/** What flags say of a build. */
export interface BuildOptions {
  readonly file?: string
  readonly target?: string
  readonly buildArg: readonly string[]
  readonly label: readonly string[]
  readonly platform: readonly string[]
  readonly buildContext: readonly string[]
}

/**
 * The build that flags ask for; where they say nothing of platform and time, what the variables say that docker buildx reads.
 * Throws `usage`, `platform_invalid`.
 */
export function requestOfFlags(context: string, options: BuildOptions, io: Pick<IO, 'env' | 'cwd'>): BuildRequest {
  const { file, target } = options
  const { DOCKER_DEFAULT_PLATFORM = '' } = io.env
  const noValue = (key: string) => {
    throw new CliError('usage', `--build-context ${key}: expected name=value`)
  }
  return {
    context: contextPlace(context, io.cwd),
    ...(file !== undefined && { file }),
    ...(target !== undefined && { target }),
    args: withTime(parseBuildArgs(options.buildArg, io.env), io.env),
    labels: parsePairs('--label', options.label, () => ''),
    platforms: parsePlatforms(
      options.platform.length === 0 && DOCKER_DEFAULT_PLATFORM !== '' ? [DOCKER_DEFAULT_PLATFORM] : options.platform,
    ),
    contexts: namedBy(parsePairs('--build-context', options.buildContext, noValue)),
    policies: [],
  }
}

/** Build arguments, with the time of the environment where they say none. */
export function withTime(
  args: Readonly<Record<string, string>>,
  { SOURCE_DATE_EPOCH = '' }: IO['env'],
): Readonly<Record<string, string>> {
  return { ...(SOURCE_DATE_EPOCH !== '' && { SOURCE_DATE_EPOCH }), ...args }
}

/**
 * Contexts by the names that the frontend looks for: `alpine` for `docker.io/library/alpine:latest`. So it is with flags only: what a
 * bake file names in another way is never looked for.
 */
function namedBy(contexts: Readonly<Record<string, string>>): Record<string, string> {
  const named = new Map<string, string>()
  for (const [name, value] of Object.entries(contexts)) {
    try {
      named.set(contextName(name), value)
    } catch (cause) {
      throw new CliError('usage', `--build-context ${name}=${value}: invalid context name ${name}`, { cause })
    }
  }
  return Object.fromEntries(named)
}

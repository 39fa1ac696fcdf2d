import path from 'node:path'
import { type BakeTarget, readBake } from '@source-policy/bake'
import type { Platform } from '@source-policy/core'
import { parsePlatform } from '@source-policy/oci'
import { contextPlace, isRemote } from './build-files.ts'
import { type BuildRequest, withTime } from './build-request.ts'
import { readOperatorFile } from './confined-files.ts'
import { parseCSV } from './csv.ts'
import { CliError } from './error.ts'
import type { IO } from './io.ts'
import { MAX_BAKE_BYTES } from './limits.ts'
import { isOfContext } from './policies.ts'
import { type PolicyConfig, readPolicyConfig } from './policy-flag.ts'

export interface BakeOptions {
  /** The file, from the working directory; `-`: standard input. */
  readonly bake: string
  readonly targets: readonly string[]
  /** `--env` values. */
  readonly env: readonly string[]
  /** Asked for in place of those of the targets. */
  readonly platforms: readonly Platform[]
}

/** The image that makes SBOMs where nothing else is said. */
const SBOM_GENERATOR = 'docker.io/docker/buildkit-syft-scanner:stable-1'

/** The builds that the targets of a bake or compose file ask for. Throws BakeError, `usage`, `unreadable_file`. */
export async function bakeRequests(options: BakeOptions, io: IO): Promise<BuildRequest[]> {
  const { bake, targets } = options
  const text = await readText(bake, io)
  const file = bake === '-' ? 'standard input' : bake
  const variables = readVariables(options.env, io.env)
  const { format, targets: found } = readBake(text, {
    file,
    variables,
    environment: Object.keys(io.env),
    ...(targets.length > 0 && { targets }),
  })
  // "a relative path is resolved relative to the compose file's parent folder"; those of bake files are from the working directory
  const base = format === 'compose' && bake !== '-' ? path.dirname(path.resolve(io.cwd, bake)) : io.cwd
  return found.map(target => {
    const request = requestOf(target, { base, cwd: io.cwd }, options.platforms)
    return { ...request, args: withTime(request.args, io.env) }
  })
}

async function readText(bake: string, io: IO): Promise<string> {
  const limit = { maxBytes: MAX_BAKE_BYTES }
  const bytes = bake === '-' ? await io.readStdin(limit) : await readOperatorFile(path.resolve(io.cwd, bake), limit)
  if (bytes === undefined) throw new CliError('unreadable_file', `reading ${bake}: no such file`)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new CliError('unreadable_file', `reading ${bake}: not UTF-8`, { cause })
  }
}

/** `NAME=value`, or `NAME` for what the environment has of it, which may be nothing. */
function readVariables(values: readonly string[], env: IO['env']): Map<string, string | undefined> {
  return new Map(
    values.map(value => {
      const at = value.indexOf('=')
      const name = at === -1 ? value : value.slice(0, at)
      if (name === '') throw new CliError('usage', `--env ${value}: expected NAME or NAME=value`)
      return [name, at === -1 ? env[name] : value.slice(at + 1)] as const
    }),
  )
}

/** Where paths start, both absolute. */
interface Bases {
  readonly base: string
  /** Of `cwd://`. */
  readonly cwd: string
}

const CWD = 'cwd://'

function requestOf(target: BakeTarget, bases: Bases, platforms: readonly Platform[]): BuildRequest {
  const { name, context: written, dockerfile, dockerfileInline, target: stage } = target
  const context = placeOf(contextPlace(written, bases.base), bases)
  const sbomGenerator = generatorOf(target)
  return {
    name,
    context,
    ...(dockerfile !== undefined && { file: dockerfilePlace(dockerfile, context, bases) }),
    ...(dockerfileInline !== undefined && { inline: dockerfileInline }),
    ...(stage !== undefined && { target: stage }),
    args: target.args,
    labels: target.labels,
    platforms: platforms.length > 0 ? platforms : target.platforms.map(platform => parsePlatform(platform)),
    contexts: Object.fromEntries(
      Object.entries(target.contexts).map(([key, value]) => [
        key,
        value.startsWith('target:') ? value : placeOf(value, bases),
      ]),
    ),
    policies: target.policies.map(readPolicyConfig),
    ...(sbomGenerator !== undefined && { sbomGenerator }),
  }
}

/** A directory from the base, or a URL as it is; `cwd://` is what bake has for directories of the client. */
function placeOf(written: string, { base, cwd }: Bases): string {
  if (written.startsWith(CWD)) return path.resolve(cwd, written.slice(CWD.length))
  return isRemote(written) ? written : path.resolve(base, written)
}

/** A path of the context, or of the client; a URL is a path to bake. */
function dockerfilePlace(written: string, context: string, { cwd }: Bases): string {
  if (written.startsWith(CWD)) return path.resolve(cwd, written.slice(CWD.length))
  return isRemote(context) ? path.posix.normalize(written) : path.resolve(context, written)
}

/** The image of `type=sbom`, unless it is disabled. */
function generatorOf({ attests }: BakeTarget): string | undefined {
  let generator: string | undefined
  for (const attest of attests) {
    const parsed = parseCSV(attest)
    if (parsed === undefined) throw new CliError('usage', `attest ${attest}: expected key=value fields of CSV`)
    const fields = new Map(
      parsed.map(field => {
        const [key = ''] = field.split('=', 1)
        const name = key.trim().toLowerCase()
        // only these two are taken in any case
        return [['type', 'disabled'].includes(name) ? name : key, field.slice(key.length + 1)]
      }),
    )
    if (fields.get('type') !== 'sbom') continue
    const isDisabled = ['true', '1'].includes(fields.get('disabled') ?? '')
    generator = isDisabled ? undefined : (fields.get('generator') ?? SBOM_GENERATOR)
  }
  return generator
}

/**
 * `--policy` values that hold for all targets: policies of the operator's own, which no bake file can take away. Files of build
 * contexts and their composition are the bake file's, as with docker buildx bake. Throws `invalid_policy_flag`.
 */
export function refuseContextPolicies(configs: readonly PolicyConfig[]): void {
  const problem = configs.some(({ files }) => files.some(isOfContext))
    ? '--policy does not accept filename; define policy files in the bake definition (or give cwd://, https:// or oci://)'
    : configs.some(({ reset }) => reset !== undefined)
      ? '--policy does not accept reset; define policy composition in the bake definition'
      : undefined
  if (problem !== undefined) throw new CliError('invalid_policy_flag', problem)
}

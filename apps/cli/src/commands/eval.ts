import type { Source } from '@source-policy/core'
import { hostPlatform } from '@source-policy/oci'
import { CliError } from '../error.ts'
import { parseEvalSource } from '../eval-source.ts'
import { parsePlatforms } from '../flags.ts'
import type { CommandContext } from '../io.ts'
import type { NetworkOptions } from '../session.ts'
import type { Format } from '../write-result.ts'

export interface EvalOptions extends NetworkOptions {
  /** The Dockerfile whose policy decides; `-` reads the policy from standard input. */
  readonly file: string
  readonly platform: readonly string[]
  readonly policy: readonly string[]
  readonly contextPolicy: boolean
  readonly allowNoPolicy: boolean
  /** The default policy of docker buildx is asked first. */
  readonly defaultPolicy: boolean
  readonly print: boolean
  readonly fields: readonly string[]
  /** Tell why, whatever the decision is. */
  readonly explain: boolean
  /** Of an explanation: every expression that was tried. */
  readonly full: boolean
  readonly format: Format
}

/**
 * Decides one source, silent where it is allowed; or shows what a policy would see of it. Returns the exit code; throws
 * where nothing can be decided.
 */
export async function evalSource(text: string, options: EvalOptions, context: CommandContext): Promise<number> {
  const { io, secrets } = context
  secrets.addURL(text)
  const wanted = await parseEvalSource(text, io.cwd)
  const [platform = hostPlatform(), ...more] = parsePlatforms(options.platform)
  if (more.length > 0) throw new CliError('usage', 'eval takes one --platform')
  const source: Source = { kind: kindOf(wanted.identifier), ...wanted, platform }
  if (options.print) {
    const { inspect } = await import('../inspect.ts')
    return inspect(source, { ...options, subject: text }, context)
  }
  if (options.fields.length > 0) throw new CliError('usage', '--fields needs --print')
  const { decideSource } = await import('../decide-source.ts')
  return decideSource(source, { ...options, subject: text }, context)
}

const kinds: Readonly<Record<string, string>> = { 'docker-image': 'image', https: 'http' }

function kindOf(identifier: string): string {
  const [scheme = ''] = identifier.split('://')
  return kinds[scheme] ?? scheme
}

import { type BuildOptions, type BuildRequest, requestOfFlags } from './build-request.ts'
import { CliError } from './error.ts'
import { parsePlatforms } from './flags.ts'
import type { IO } from './io.ts'
import type { PolicyConfig } from './policy-flag.ts'

export interface RequestOptions extends BuildOptions {
  /** A bake or compose file, whose targets are checked in place of one context. */
  readonly bake?: string
  /** Variables of the bake or compose file. */
  readonly env: readonly string[]
}

/**
 * The builds that are asked for: one, with its context as `subjects`, or targets of a bake file, with their names.
 * Throws `usage`, `invalid_policy_flag`, `platform_invalid`, BakeError.
 */
export async function requestsOf(
  subjects: readonly string[],
  options: RequestOptions,
  configs: readonly PolicyConfig[],
  io: IO,
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

import { EXIT_CODES } from '@source-policy/core'
import { type CheckOptions as BuildsOptions, checkBuilds } from '../check-builds.ts'
import { outcomeOfResult } from '../check-result.ts'
import type { CommandContext } from '../io.ts'
import { type Format, writeResult } from '../write-result.ts'

export interface CheckOptions extends BuildsOptions {
  readonly format: Format
  /** Where pins of what was allowed are written, from the working directory. */
  readonly pinFile?: string
}

/**
 * Decides every source of a Dockerfile, or of the targets of a bake file, and shows it. Returns the exit code; throws where nothing
 * can be decided.
 */
export async function check(
  subjects: readonly string[],
  options: CheckOptions,
  context: CommandContext,
): Promise<number> {
  return checkBuilds(subjects, options, context, async ({ result, session }) => {
    const outcome = outcomeOfResult(result)
    if (options.pinFile !== undefined) {
      const { writePinFile } = await import('../pin/write-pins.ts')
      await writePinFile(options.pinFile, result, session, context)
    }
    await writeResult(result, options.format, context)
    return EXIT_CODES[outcome]
  })
}

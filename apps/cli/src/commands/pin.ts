import { realpath } from 'node:fs/promises'
import path from 'node:path'
import { EXIT_CODES } from '@source-policy/core'
import { type PinnedDockerfile, pinDockerfile, type SourcePin } from '@source-policy/dockerfile'
import { type Checked, type CheckOptions, checkBuilds } from '../check-builds.ts'
import { outcomeOfResult } from '../check-result.ts'
import { CliError } from '../error.ts'
import type { CommandContext } from '../io.ts'
import { pinsOf } from '../pin/source-pins.ts'
import { isPinnable, pinText } from '../pin/write-pins.ts'
import type { Build } from '../read-build.ts'
import { sourceName } from '../source-name.ts'
import { writeFileWhole } from '../write-file.ts'
import { writeResult } from '../write-result.ts'

export interface PinOptions extends CheckOptions {
  /** Where the pins go, from the working directory. Default: standard output. */
  readonly output?: string
  /** Puts digests into the Dockerfiles instead. */
  readonly rewrite: boolean
}

/**
 * Checks a build, and writes what was decided as pins: a BuildKit source policy, or digests in the Dockerfile. Where something is not
 * allowed it says so on standard error and writes nothing. Returns the exit code.
 */
export async function pin(subjects: readonly string[], options: PinOptions, context: CommandContext): Promise<number> {
  const { io } = context
  if (options.rewrite && options.output !== undefined) {
    throw new CliError('usage', '--rewrite changes Dockerfiles where they are: it takes no --output')
  }
  return checkBuilds(subjects, options, context, async checked => {
    const { result, session } = checked
    if (!isPinnable(result)) {
      await writeResult(result, 'text', { ...context, io: { ...io, stdout: io.stderr } })
      context.logger.log('error', 'nothing is pinned: what is not allowed cannot be')
      const outcome = outcomeOfResult(result)
      return EXIT_CODES[outcome === 'allowed' ? 'denied' : outcome]
    }
    if (options.rewrite) await rewrite(checked, options, context)
    else {
      const text = await pinText(result, session)
      if (options.output === undefined) io.stdout.write(text)
      else await writeFileWhole(path.resolve(io.cwd, options.output), text)
    }
    return EXIT_CODES.allowed
  })
}

/** All Dockerfiles of the builds, or none of them. */
async function rewrite({ result, builds, session }: Checked, options: PinOptions, context: CommandContext) {
  const { io, logger } = context
  const pins = await pinsOf(result.sources, session)
  const rewritten = new Map<string, { build: Build; pinned: PinnedDockerfile }>()
  for (const build of builds) {
    const { file } = build.files
    if (!rewritten.has(file)) {
      rewritten.set(file, { build, pinned: pinDockerfile(build.files.text, build.dockerfile, pinsIn(pins, file)) })
    }
  }
  const problems = [...rewritten.values()].flatMap(({ build, pinned }) =>
    options.file === '-' || build.files.path !== undefined
      ? pinned.problems.map(({ location, text, why }) => {
          const place =
            location === undefined ? build.files.file : `${location.file}:${location.line}:${location.column}`
          return `${place}: ${sourceName({ kind: text.startsWith('docker-image://') ? 'image' : '', identifier: text })}: ${why}`
        })
      : [`${build.files.file}: it is no file of this machine`],
  )
  for (const problem of problems) logger.log('error', problem)
  if (problems.length > 0) {
    throw new CliError('not_pinnable', 'no Dockerfile was changed: not all of its sources can be pinned in its text')
  }
  for (const { build, pinned } of rewritten.values()) {
    if (options.file === '-') io.stdout.write(pinned.text)
    else if (build.files.path !== undefined && pinned.edits.length > 0) {
      await writeFileWhole(await realpath(build.files.path), pinned.text)
    }
    for (const { location, from, to } of pinned.edits) {
      logger.log('info', `${location.file}:${location.line}:${location.column}: ${from} -> ${to}`)
    }
  }
}

/** Those of one Dockerfile; what no line names belongs to all of them. */
function pinsIn(pins: readonly SourcePin[], file: string): SourcePin[] {
  return pins.flatMap(pin => {
    const locations = pin.locations.filter(location => location.file === file)
    return locations.length > 0 || pin.locations.length === 0 ? [{ ...pin, locations }] : []
  })
}

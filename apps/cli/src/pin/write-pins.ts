import path from 'node:path'
import { type CheckResult, outcomeOfResult } from '../check-result.ts'
import type { CommandContext } from '../io.ts'
import type { Session } from '../session.ts'
import { writeFileWhole } from '../write-file.ts'
import { closedPolicy } from './closed-policy.ts'
import { pinsOf } from './source-pins.ts'

/** The pins of what was decided as the text of a file. Throws `not_pinnable`, and what asking for digests throws. */
export async function pinText(result: CheckResult, session: Session): Promise<string> {
  return `${JSON.stringify(closedPolicy(await pinsOf(result.sources, session)), null, 2)}\n`
}

/** Whether all was allowed by policies: only then there is something to hold a build to. */
export function isPinnable(result: CheckResult): boolean {
  return outcomeOfResult(result) === 'allowed' && result.undetermined.length === 0
}

/** Writes the pins of what was decided, or tells that there are none. Throws `not_pinnable`, `unwritable_file`. */
export async function writePinFile(
  file: string,
  result: CheckResult,
  session: Session,
  { io, logger }: CommandContext,
): Promise<void> {
  if (isPinnable(result)) await writeFileWhole(path.resolve(io.cwd, file), await pinText(result, session))
  else logger.log('warn', `${file} was not written: what is not allowed cannot be pinned`)
}

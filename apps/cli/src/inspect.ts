import {
  EXIT_CODES,
  formatPath,
  inspectSource,
  isWithin,
  type Path,
  parseField,
  type Source,
} from '@source-policy/core'
import type { CommandContext } from './io.ts'
import { printableJSON } from './printable.ts'
import { redactStrings } from './secrets.ts'
import type { NetworkOptions, Session } from './session.ts'

export interface InspectOptions extends NetworkOptions {
  readonly fields: readonly string[]
  /** As the operator wrote the source. */
  readonly subject: string
}

/**
 * Prints the input of a source as JSON, with the fields that were asked for. Returns the exit code of `undecided` where
 * one of them could not be had. Throws where the source is none.
 */
export async function inspect(
  wanted: Source,
  options: InspectOptions,
  { io, logger, secrets }: CommandContext,
): Promise<number> {
  const session =
    options.fields.length > 0 ? await openOnline(options, { io, logger, secrets }) : await openOffline(wanted)
  try {
    const paths = options.fields.map(parseField)
    const fields = paths.filter(path => path !== undefined)
    const { run, resolvers } = session
    const inspection = await inspectSource(wanted, { resolvers, fields, ...(run && { run }), signal: io.signal })
    const { input, unknown, unavailable } = inspection
    io.stdout.write(`${printableJSON(redactStrings(input, secrets.redact))}\n`)

    for (const warning of inspection.warnings) logger.log('warn', warning)
    const malformed = options.fields.filter((_, index) => paths[index] === undefined)
    const invalid = [...malformed, ...inspection.invalid.map(fieldName)]
    if (invalid.length > 0) logger.log('warn', `invalid fields: ${invalid.join(', ')}`)
    for (const { path, error } of unavailable) logger.log('warn', `${fieldName(path)}: ${error.message}`)
    const wantedFields = fields.filter(field => !inspection.invalid.includes(field))
    const unresolved =
      options.fields.length > 0 ? wantedFields.filter(field => hasHole(field, unknown)) : unknown.map(shortened)
    const names = [...new Set(unresolved.map(fieldName))]
    if (names.length > 0) logger.log('info', `unresolved fields: ${names.join(', ')}`)
    return unavailable.length > 0 ? EXIT_CODES.undecided : EXIT_CODES.allowed
  } finally {
    await session.close()
  }
}

async function openOnline(
  options: InspectOptions,
  context: CommandContext,
): Promise<Pick<Session, 'resolvers' | 'run' | 'close'>> {
  const { openSession } = await import('./session.ts')
  return openSession(options, { ...context, subject: options.subject })
}

async function openOffline({
  identifier,
}: Source): Promise<Pick<Session, 'resolvers' | 'close'> & { run?: undefined }> {
  const { loadDescribers } = await import('./describers.ts')
  return { resolvers: await loadDescribers(identifier), close: async () => {} }
}

/** Without `input.`, as fields are asked for. */
function fieldName(path: Path): string {
  return formatPath(path).slice('input.'.length)
}

function hasHole(field: Path, unknown: readonly Path[]): boolean {
  return unknown.some(path => isWithin(field, path) || isWithin(path, field))
}

/** All fields of all materials are one to the reader. */
function shortened(path: Path): Path {
  return path.slice(0, path[2] === 'materials' ? 3 : 2)
}

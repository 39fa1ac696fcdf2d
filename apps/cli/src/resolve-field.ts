import type { Source } from '@source-policy/core'
import { redactIdentifier } from '@source-policy/core'
import { CliError } from './error.ts'
import type { Session } from './session.ts'

/** The value of a field, as the run binds it for policies. Rejects with the code of what went wrong. */
export async function resolveText(source: Source, field: readonly [string, string], session: Session): Promise<string> {
  const { run, resolvers } = session
  const resolver = resolvers.find(({ kind }) => kind === source.kind)
  const facts = await resolver?.resolve(source, [field], { run, signal: run.signal, anonymous: false })
  const [failed] = facts?.unavailable ?? []
  if (failed !== undefined) {
    const { code, message } = failed.error
    throw Object.assign(new Error(message), { code })
  }
  const fact = facts?.known.find(({ path }) => path[0] === field[0] && path[1] === field[1])
  if (typeof fact?.value === 'string') return fact.value
  throw new CliError('unreadable_file', `${redactIdentifier(source.identifier)}: its ${field[1]} is not known`)
}

import type { PolicyFiles, ResolveContext, Source } from '@source-policy/core'
import { redactURL } from '@source-policy/core'
import { parseDigest, verifyDigest } from '@source-policy/oci'
import { CliError } from './error.ts'
import { MAX_ARCHIVE_BYTES } from './limits.ts'
import type { Session } from './session.ts'
import { tarFiles } from './tar-files.ts'

/** A build context that somebody else serves. */
export interface RemoteContext {
  readonly files: PolicyFiles
  /** The Dockerfile, where the context is a download that is no archive. */
  readonly dockerfile?: Uint8Array
}

/** The files of a context, at the commit or digest that the run binds it to. Throws what fetching it throws. */
export async function openRemoteContext(source: Source, session: Session): Promise<RemoteContext> {
  const { run } = session
  const context: ResolveContext = { run, signal: run.signal, anonymous: false }
  if (source.kind === 'git') return { files: await session.gitFiles(source, context) }
  const bytes = await download(source, session, context)
  const files = await tarFiles(bytes, redactURL(source.identifier))
  return files === undefined ? { files: { read: async () => undefined }, dockerfile: bytes } : { files }
}

/** The bytes that have the checksum which policies see. */
async function download(source: Source, session: Session, context: ResolveContext): Promise<Uint8Array> {
  const checksum = ['http', 'checksum']
  const resolver = session.resolvers.find(({ kind }) => kind === source.kind)
  const facts = await resolver?.resolve(source, [checksum], context)
  const [failed] = facts?.unavailable ?? []
  if (failed !== undefined) {
    const { code, message } = failed.error
    throw Object.assign(new Error(message), { code })
  }
  const digest = facts?.known.find(({ path }) => path.join() === checksum.join())?.value
  if (typeof digest !== 'string') {
    throw new CliError('unreadable_file', `reading ${redactURL(source.identifier)}: its checksum is not known`)
  }
  const bytes = await session.download(source.identifier, MAX_ARCHIVE_BYTES)
  verifyDigest(bytes, parseDigest(digest), redactURL(source.identifier))
  return bytes
}

import type { PolicyFiles, ResolveContext, Source } from '@source-policy/core'
import { redactURL } from '@source-policy/core'
import { parseDigest, verifyDigest } from '@source-policy/oci'
import { MAX_ARCHIVE_BYTES } from './limits.ts'
import { resolveText } from './resolve-field.ts'
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
  const bytes = await download(source, session)
  const files = await tarFiles(bytes, redactURL(source.identifier))
  return files === undefined ? { files: { read: async () => undefined }, dockerfile: bytes } : { files }
}

/** The bytes that have the checksum which policies see. */
async function download(source: Source, session: Session): Promise<Uint8Array> {
  const digest = await resolveText(source, ['http', 'checksum'], session)
  const bytes = await session.download(source.identifier, MAX_ARCHIVE_BYTES)
  verifyDigest(bytes, parseDigest(digest), redactURL(source.identifier))
  return bytes
}

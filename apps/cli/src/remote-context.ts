import { type PolicyFiles, type ResolveContext, type Run, redactURL, type Source } from '@source-policy/core'
import type { GitFilesReader } from '@source-policy/resolver-git'
import type { HTTPContent, HTTPContentBinder } from '@source-policy/resolver-http'
import { sourceKey } from './decide-build.ts'
import { MAX_ARCHIVE_BYTES } from './limits.ts'
import { tarFiles } from './tar-files.ts'

/** A build context that somebody else serves. */
export interface RemoteContext {
  readonly files: PolicyFiles
  /** The Dockerfile, where the context is a download that is no archive. */
  readonly dockerfile?: Uint8Array
}

/** A remote build context before it is looked into. */
export interface BoundContext {
  /** Its files, at the commit or digest that policies see. Throws what fetching it throws. */
  open(): Promise<RemoteContext>
}

/** Binds a context: makes no request, but where a policy asks for its checksum it is downloaded only once. */
export type ContextBinder = (source: Source) => Promise<BoundContext>

/** Binds the contexts of a run; equal ones are opened once. */
export function contextBinder(httpContent: HTTPContentBinder, gitFiles: GitFilesReader, run: Run): ContextBinder {
  const opened = new Map<string, Promise<RemoteContext>>()
  const context: ResolveContext = { run, signal: run.signal, anonymous: false }
  const bind = async (source: Source) => {
    if (source.kind === 'git') return async () => ({ files: await gitFiles(source, context) })
    // what is wrong with it is told when it is opened: policies may deny it before
    const unreadable = (error: unknown): HTTPContent => ({ read: () => Promise.reject(error) })
    const content = await httpContent(source, { maxBytes: MAX_ARCHIVE_BYTES }, context).catch(unreadable)
    return async () => unpack(await content.read(), redactURL(source.identifier))
  }
  return async source => {
    const load = await bind(source)
    return {
      open() {
        const key = sourceKey(source)
        const context = opened.get(key) ?? load()
        opened.set(key, context)
        return context
      },
    }
  }
}

async function unpack(bytes: Uint8Array, what: string): Promise<RemoteContext> {
  const files = await tarFiles(bytes, what)
  return files === undefined ? { files: { read: async () => undefined }, dockerfile: bytes } : { files }
}

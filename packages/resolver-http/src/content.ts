import { type ResolveContext, redactURL, type Source } from '@source-policy/core'
import { type BodyBinderOptions, bodyBinder, verifyChecksum } from './bound-body.ts'
import { HTTPSourceError } from './error.ts'

/** What a source yields in a run. */
export interface HTTPContent {
  /** All of it: the bytes that `input.http.checksum` is of. Throws `too_large`, `checksum_mismatch`, and what the download throws. */
  read(): Promise<Uint8Array>
}

/**
 * Binds the content of a source that may be read later, for instance of a build context: makes no request, but whatever downloads the
 * source in the run keeps up to `maxBytes` of it from now on, so that deciding and reading take one download.
 */
export type HTTPContentBinder = (
  source: Source,
  options: { readonly maxBytes: number },
  context: ResolveContext,
) => Promise<HTTPContent>

/** Binds contents in the runs of `httpResolver` with the same options: what is read is what policies see. */
export function httpContent(options: BodyBinderOptions): HTTPContentBinder {
  const bind = bodyBinder(options)
  return async (source, { maxBytes }, context) => {
    const body = await bind(source, context)
    body.keep(maxBytes)
    return {
      async read() {
        const content = await body.content(maxBytes)
        await verifyChecksum(source, body)
        if (content !== undefined) return content
        const problem = `GET ${redactURL(source.identifier)}: expected at most ${maxBytes} bytes to read`
        throw new HTTPSourceError('too_large', problem)
      },
    }
  }
}

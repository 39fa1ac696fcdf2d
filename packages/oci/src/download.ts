import type { TransportResponse } from '@source-policy/transport'
import { OciError } from './error.ts'
import { MAX_BLOB_RESUMES } from './limits.ts'

export interface DownloadOptions {
  /** For errors: `blob sha256:... of library/alpine`. */
  readonly what: string
  readonly maxBytes: number
  readonly signal: AbortSignal
}

/** What breaks a transfer without saying anything about the content. */
const broken: ReadonlySet<unknown> = new Set(['truncated', 'timeout', 'connection_failed'])

/**
 * The whole of some content; where its transfer breaks off, the rest is asked for, as long as each attempt brings some of it.
 * A server that knows no ranges sends all of it again, and that is what counts then. What was put together proves nothing:
 * the caller hashes it. Throws transport's errors, of which that of the interruption, `content_too_large`, `registry_failed`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-14
 */
export async function downloadWhole(
  get: (range?: string) => Promise<TransportResponse>,
  { what, maxBytes, signal }: DownloadOptions,
): Promise<Uint8Array> {
  let response = await get()
  let chunks: Uint8Array[] = []
  let received = 0
  for (let resumes = 0; ; resumes++) {
    const before = received
    let interruption: unknown
    try {
      for await (const chunk of response.body) {
        chunks.push(chunk)
        received += chunk.byteLength
        if (received > maxBytes) throw tooLarge(what, maxBytes)
      }
      return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, received)
    } catch (error) {
      // bytes that were decompressed here are not those that ranges count
      const mayResume = received > before && resumes < MAX_BLOB_RESUMES && !response.decompressed
      if (signal.aborted || !mayResume || !broken.has(codeOf(error))) throw error
      interruption = error
    }
    response = await get(`bytes=${received}-`).catch((error: unknown) => {
      throw signal.aborted || codeOf(error) === 'budget_exceeded' ? error : interruption
    })
    if (response.status !== 206) {
      chunks = []
      received = 0
    } else if (firstByteOf(response) !== received) {
      await response.discard()
      throw new OciError('registry_failed', `fetching ${what}: asked for bytes from ${received} on, got others`)
    }
  }
}

function firstByteOf({ headers }: TransportResponse): number | undefined {
  const [, first] = /^bytes (\d{1,15})-\d{1,15}\/(?:\d{1,15}|\*)$/.exec(headers.get('content-range') ?? '') ?? []
  return first === undefined ? undefined : Number(first)
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code
}

function tooLarge(what: string, maxBytes: number): OciError {
  return new OciError('content_too_large', `fetching ${what}: more than ${maxBytes} bytes`)
}

import type { Readable } from 'node:stream'
import { TransportError } from './error.ts'
import { toTransportError } from './failure.ts'

export interface BodyOptions {
  /** For errors: `GET https://example.com/`. */
  readonly what: string
  readonly maxBytes: number
  /** Bytes that the server announced. */
  readonly contentLength: number | undefined
  /** The longest wait for the next part. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** Called for each part as it was received, before it is handed on; may throw. */
  readonly onBytes: (count: number) => void
  /** Called once, with what is thrown if anything is. */
  readonly onEnd: (failure: unknown) => void
}

/** The parts of a body as they come, counted and bounded; ends in an error unless all of it came. */
export async function* readBody(raw: Readable, options: BodyOptions): AsyncGenerator<Uint8Array, void, undefined> {
  const { what, maxBytes, contentLength, timeoutMs, signal, onBytes, onEnd } = options
  let received = 0
  // only waiting for the server counts, not what the reader does with a part
  let waiting = true
  const giveUp = () => {
    if (waiting)
      raw.destroy(new TransportError('timeout', `${what}: no more than ${received} bytes in ${timeoutMs} ms`))
  }
  const timer = setTimeout(giveUp, timeoutMs).unref()
  let failure: unknown
  try {
    for await (const chunk of raw as AsyncIterable<Uint8Array>) {
      waiting = false
      received += chunk.byteLength
      onBytes(chunk.byteLength)
      if (received > maxBytes) throw tooLarge(what, maxBytes)
      yield chunk
      waiting = true
      timer.refresh()
    }
    if (contentLength !== undefined && received !== contentLength) {
      throw new TransportError('truncated', `${what}: expected ${contentLength} bytes, got ${received}`)
    }
  } catch (thrown) {
    const known = isCoded(thrown) ? thrown : toTransportError(thrown, `${what}: after ${received} bytes`, 'truncated')
    failure = signal.aborted ? signal.reason : known
    throw failure
  } finally {
    clearTimeout(timer)
    onEnd(failure)
  }
}

/** The parts of a gzipped body, decompressed and bounded: a bomb stops at the limit, in constant memory. */
export async function* gunzip(
  encoded: AsyncIterable<Uint8Array>,
  options: Pick<BodyOptions, 'what' | 'maxBytes' | 'signal'>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { what, maxBytes, signal } = options
  const [{ createGunzip }, { pipeline, Readable: ReadableStream }] = await Promise.all([
    import('node:zlib'),
    import('node:stream'),
  ])
  const decoder = createGunzip()
  // the decoder carries the error to the loop below
  pipeline(ReadableStream.from(encoded), decoder, () => undefined)
  let decoded = 0
  try {
    for await (const chunk of decoder as AsyncIterable<Uint8Array>) {
      decoded += chunk.byteLength
      if (decoded > maxBytes) throw tooLarge(what, maxBytes)
      yield chunk
    }
  } catch (thrown) {
    if (signal.aborted) throw signal.reason
    if (isCoded(thrown)) throw thrown
    const code = (thrown as { code?: string }).code === 'Z_BUF_ERROR' ? 'truncated' : 'malformed_response'
    throw new TransportError(code, `${what}: decompressing the body`, { cause: thrown })
  } finally {
    decoder.destroy()
  }
}

export function tooLarge(what: string, maxBytes: number): TransportError {
  return new TransportError('response_too_large', `${what}: expected at most ${maxBytes} bytes`)
}

/** Errors of ours go through as they are, and so does core's, thrown where a budget is spent. */
function isCoded(thrown: unknown): boolean {
  return thrown instanceof TransportError || (thrown as { code?: unknown }).code === 'budget_exceeded'
}

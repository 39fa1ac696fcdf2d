import { TransportError } from './error.ts'
import { toTransportError } from './failure.ts'
import { MAX_HELD_BYTES } from './limits.ts'
import type { BodySink, Reception } from './reception.ts'

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
  onBytes(count: number): void
  /** Called once, with what is thrown if anything is. */
  onEnd(failure: unknown): void
}

/** All of a body, counted and bounded; ends in an error unless all of it came. */
export function readWhole(reception: Reception, options: BodyOptions): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const parts: Uint8Array[] = []
    pourBounded(reception, options, {
      take: part => parts.push(part) > 0,
      end: () => resolve(parts.length === 1 ? parts[0]! : Buffer.concat(parts)),
      fail: reject,
    })
  })
}

/** The parts of a body as they come, in constant memory, counted and bounded; ends in an error unless all of it came. */
export async function* readParts(
  reception: Reception,
  options: BodyOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const held: Uint8Array[] = []
  let heldBytes = 0
  let end: { readonly failure?: unknown } | undefined
  let wake: (() => void) | undefined
  const finish = (how: { readonly failure?: unknown }) => {
    end = how
    wake?.()
  }
  const resume = pourBounded(reception, options, {
    take(part) {
      held.push(part)
      heldBytes += part.byteLength
      wake?.()
      return heldBytes < MAX_HELD_BYTES
    },
    end: () => finish({}),
    fail: failure => finish({ failure }),
  })
  try {
    for (;;) {
      const part = held.shift()
      if (part !== undefined) {
        heldBytes -= part.byteLength
        yield part
        if (held.length === 0) resume()
      } else if (end === undefined) {
        await new Promise<void>(resolve => {
          wake = resolve
        })
      } else if ('failure' in end) {
        throw end.failure
      } else return
    }
  } finally {
    // whoever stops reading wants no more of it
    if (end === undefined) {
      options.onEnd(undefined)
      reception.abort(new TransportError('truncated', `${options.what}: given up by its reader`))
    }
  }
}

/**
 * Hands parts on as long as they keep the limits, and makes one kind of error of all that ends a body too early. Returns what
 * lets a body go on that was held back: only waiting for the server counts, not what the reader does with a part.
 */
function pourBounded(reception: Reception, options: BodyOptions, sink: BodySink): () => void {
  const bounded = new BoundedSink(reception, options, sink)
  reception.pour(bounded)
  // most bodies are there by now
  bounded.wait()
  return () => bounded.goOn()
}

class BoundedSink implements BodySink {
  readonly #reception: Reception
  readonly #options: BodyOptions
  readonly #sink: BodySink
  #received = 0
  #timer: NodeJS.Timeout | undefined
  #hasEnded = false
  #isHeldBack = false

  constructor(reception: Reception, options: BodyOptions, sink: BodySink) {
    this.#reception = reception
    this.#options = options
    this.#sink = sink
  }

  take(part: Uint8Array): boolean {
    const { what, maxBytes } = this.#options
    this.#received += part.byteLength
    this.#options.onBytes(part.byteLength)
    if (this.#received > maxBytes) throw tooLarge(what, maxBytes)
    this.#isHeldBack = !this.#sink.take(part)
    if (this.#isHeldBack) this.#stopWaiting()
    else this.#timer?.refresh()
    return !this.#isHeldBack
  }

  end(): void {
    const { what, contentLength } = this.#options
    if (contentLength !== undefined && this.#received !== contentLength) {
      this.fail(new TransportError('truncated', `${what}: expected ${contentLength} bytes, got ${this.#received}`))
      return
    }
    this.#hasEnded = true
    this.#stopWaiting()
    this.#options.onEnd(undefined)
    this.#sink.end()
  }

  fail(thrown: unknown): void {
    const { what, signal } = this.#options
    this.#hasEnded = true
    this.#stopWaiting()
    const where = `${what}: after ${this.#received} bytes`
    const known = isCoded(thrown) ? thrown : toTransportError(thrown, where, 'truncated')
    const failure = signal.aborted ? signal.reason : known
    this.#options.onEnd(failure)
    this.#sink.fail(failure)
  }

  wait(): void {
    if (this.#hasEnded || this.#isHeldBack) return
    const { what, timeoutMs } = this.#options
    const giveUp = () =>
      this.#reception.abort(
        new TransportError('timeout', `${what}: no more than ${this.#received} bytes in ${timeoutMs} ms`),
      )
    if (this.#timer === undefined) this.#timer = setTimeout(giveUp, timeoutMs).unref()
    else this.#timer.refresh()
  }

  goOn(): void {
    if (this.#hasEnded || !this.#isHeldBack) return
    this.#isHeldBack = false
    this.wait()
    this.#reception.resume()
  }

  #stopWaiting(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}

/** Reads what nobody wants, as long as it is little, so that its connection can be used again. Never rejects. */
export function drain(reception: Reception, maxBytes: number, timeoutMs: number): Promise<void> {
  return new Promise(resolve => {
    const giveUp = () => reception.abort(new TransportError('truncated', 'a body that nobody wants'))
    const timer = setTimeout(giveUp, timeoutMs).unref()
    const done = () => {
      clearTimeout(timer)
      resolve()
    }
    let received = 0
    reception.pour({
      take(part) {
        received += part.byteLength
        if (received > maxBytes) giveUp()
        return true
      },
      end: done,
      fail: done,
    })
  })
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

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
    const body = new BoundedSink(reception, options, {
      take: part => parts.push(part) > 0,
      end: () => resolve(parts.length === 1 ? parts[0]! : Buffer.concat(parts)),
      fail: reject,
    })
    body.begin()
  })
}

/** The parts of a body as they come, in constant memory, counted and bounded; ends in an error unless all of it came. */
export function readParts(reception: Reception, options: BodyOptions): AsyncIterableIterator<Uint8Array> {
  return new PartReader(reception, options)
}

/** An iterator of its own: most bodies are one part, and a generator takes as long as the rest of them. */
class PartReader implements AsyncIterableIterator<Uint8Array>, BodySink {
  readonly #reception: Reception
  readonly #options: BodyOptions
  #body: BoundedSink | undefined
  #held: Uint8Array[] = []
  #heldBytes = 0
  #end: { readonly failure?: unknown } | undefined
  readonly #waiting: {
    resolve(result: IteratorResult<Uint8Array, undefined>): void
    reject(failure: unknown): void
  }[] = []

  constructor(reception: Reception, options: BodyOptions) {
    this.#reception = reception
    this.#options = options
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#body === undefined && this.#end === undefined) {
      this.#body = new BoundedSink(this.#reception, this.#options, this)
      this.#body.begin()
    } else if (this.#held.length === 0) this.#body?.goOn()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#deliver()
    })
  }

  /** Whoever stops reading wants no more of it. */
  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    const isEarly = this.#end === undefined
    this.#held = []
    this.#end = {}
    if (isEarly) {
      this.#options.onEnd(undefined)
      this.#reception.abort(new TransportError('truncated', `${this.#options.what}: given up by its reader`))
    }
    this.#deliver()
    return { done: true, value: undefined }
  }

  take(part: Uint8Array): boolean {
    this.#held.push(part)
    this.#heldBytes += part.byteLength
    this.#deliver()
    return this.#heldBytes < MAX_HELD_BYTES
  }

  end(): void {
    this.#end ??= {}
    this.#deliver()
  }

  fail(failure: unknown): void {
    this.#end ??= { failure }
    this.#deliver()
  }

  #deliver(): void {
    for (;;) {
      if (this.#waiting.length === 0 || (this.#held.length === 0 && this.#end === undefined)) return
      const { resolve, reject } = this.#waiting.shift()!
      const part = this.#held.shift()
      if (part !== undefined) {
        this.#heldBytes -= part.byteLength
        resolve({ done: false, value: part })
      } else if (this.#end !== undefined && 'failure' in this.#end) {
        reject(this.#end.failure)
        this.#end = {}
      } else resolve({ done: true, value: undefined })
    }
  }
}

/** Hands parts on as long as they keep the limits, and makes one kind of error of all that ends a body too early. */
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

  begin(): void {
    this.#reception.pour(this)
    // most bodies are there by now
    this.#wait()
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

  #wait(): void {
    if (this.#hasEnded || this.#isHeldBack) return
    const { what, timeoutMs } = this.#options
    const giveUp = () =>
      this.#reception.abort(
        new TransportError('timeout', `${what}: no more than ${this.#received} bytes in ${timeoutMs} ms`),
      )
    if (this.#timer === undefined) this.#timer = setTimeout(giveUp, timeoutMs).unref()
    else this.#timer.refresh()
  }

  /** Lets a body go on that was held back: only waiting for the server counts, not what the reader does with a part. */
  goOn(): void {
    if (this.#hasEnded || !this.#isHeldBack) return
    this.#isHeldBack = false
    this.#wait()
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

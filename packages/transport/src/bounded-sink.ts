import { TransportError } from './error.ts'
import { toTransportError } from './failure.ts'
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

/** Hands parts on as long as they keep the limits, and makes one kind of error of all that ends a body too early. */
export class BoundedSink implements BodySink {
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

export function tooLarge(what: string, maxBytes: number): TransportError {
  return new TransportError('response_too_large', `${what}: expected at most ${maxBytes} bytes`)
}

/** Errors of ours go through as they are, and so does core's, thrown where a budget is spent. */
export function isCoded(thrown: unknown): boolean {
  return thrown instanceof TransportError || (thrown as { code?: unknown }).code === 'budget_exceeded'
}

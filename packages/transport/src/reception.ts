import type { Dispatcher } from 'undici'
import type { AbortWatch } from './abort-watch.ts'
import { MAX_HELD_BYTES } from './limits.ts'

/** Takes the parts of a body as they come. */
export interface BodySink {
  /** False holds the rest back until `resume`. What it throws ends the response, and comes back to `fail`. */
  take(part: Uint8Array): boolean
  end(): void
  /** Nothing more comes. */
  fail(error: unknown): void
}

/** A response whose head is there. */
export interface Reception {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Hands the body over, from its first byte; to be called once. Until then little of it is held. */
  pour(sink: BodySink): void
  resume(): void
  /** Closes the connection unless all of the response is there. */
  abort(reason: unknown): void
}

/** What ends the wait for a response. */
export interface Waiting {
  readonly signal: AbortSignal
  readonly onAbort: AbortWatch
}

/**
 * Sends a request and waits for the head of its response. Undici's own `request` makes a stream of each body, which costs more
 * than the small documents that most bodies are. Rejects with what undici or the connection failed with, or with the reason of
 * `signal`, which ends the body as well.
 */
export function receive(
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  { signal, onAbort }: Waiting,
): Promise<Reception> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const receiving = new Receiving(resolve, reject)
    receiving.stopListening = onAbort(signal, reason => receiving.abort(reason))
    dispatcher.dispatch(options, receiving)
  })
}

class Receiving implements Reception, Dispatcher.DispatchHandler {
  status = 0
  headers: Reception['headers'] = {}
  stopListening: () => void = () => undefined
  readonly #resolve: (reception: Reception) => void
  readonly #reject: (error: Error) => void
  #controller: Dispatcher.DispatchController | undefined
  #state: 'awaited' | 'coming' | 'ended' | 'failed' = 'awaited'
  #failure: unknown
  #held: Uint8Array[] = []
  #heldBytes = 0
  #sink: BodySink | undefined

  constructor(resolve: (reception: Reception) => void, reject: (error: Error) => void) {
    this.#resolve = resolve
    this.#reject = reject
  }

  pour(sink: BodySink): void {
    this.#sink = sink
    const parts = this.#held
    this.#held = []
    let goOn = true
    try {
      for (const part of parts) goOn = sink.take(part)
    } catch (error) {
      this.abort(error)
      // nothing was left to end, or it had failed before
      if (this.#failure !== error) sink.fail(error)
      return
    }
    if (this.#state === 'ended') sink.end()
    else if (this.#state === 'failed') sink.fail(this.#failure)
    else if (goOn) this.#controller?.resume()
  }

  resume(): void {
    this.#controller?.resume()
  }

  abort(reason: unknown): void {
    if (this.#state === 'ended' || this.#state === 'failed') return
    this.#fail(reason)
    this.#controller?.abort(reason as Error)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    // it was given up while it waited for a connection
    if (this.#state === 'failed') controller.abort(this.#failure as Error)
  }

  onResponseStart(_controller: unknown, status: number, headers: Reception['headers']): void {
    // https://www.rfc-editor.org/rfc/rfc9110#section-15.2: others may come before the answer
    if (status < 200) return
    this.#state = 'coming'
    this.status = status
    this.headers = headers
    // Undici gives the connection its next request in an immediate of its own. Told in one after that, the caller works on
    // this answer while the server works on the next: otherwise each would wait for the other.
    queueMicrotask(() => setImmediate(this.#resolve, this))
  }

  onResponseData(controller: Dispatcher.DispatchController, part: Uint8Array): void {
    if (this.#state !== 'coming') return
    try {
      if (!this.#hand(part)) controller.pause()
    } catch (error) {
      this.abort(error)
    }
  }

  onResponseEnd(): void {
    if (this.#state !== 'coming') return
    this.#state = 'ended'
    this.stopListening()
    this.#sink?.end()
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#fail(error)
  }

  #hand(part: Uint8Array): boolean {
    if (this.#sink !== undefined) return this.#sink.take(part)
    this.#held.push(part)
    this.#heldBytes += part.byteLength
    return this.#heldBytes < MAX_HELD_BYTES
  }

  #fail(error: unknown): void {
    if (this.#state === 'ended' || this.#state === 'failed') return
    const wasAwaited = this.#state === 'awaited'
    this.#state = 'failed'
    this.#failure = error
    this.stopListening()
    if (wasAwaited) this.#reject(error as Error)
    else this.#sink?.fail(error)
  }
}

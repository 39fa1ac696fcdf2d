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

/**
 * Sends a request and waits for the head of its response. Undici's own `request` makes a stream of each body, which costs more
 * than the small documents that most bodies are. Rejects with what undici or the connection failed with, or with the reason of
 * `signal`, which ends the body as well.
 */
export function receive(
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  { signal, onAbort }: { readonly signal: AbortSignal; readonly onAbort: AbortWatch },
): Promise<Reception> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    let controller: Dispatcher.DispatchController | undefined
    let state: 'awaited' | 'coming' | 'ended' | 'failed' = 'awaited'
    let failure: unknown
    let held: Uint8Array[] = []
    let heldBytes = 0
    let sink: BodySink | undefined

    const fail = (error: unknown) => {
      if (state === 'ended' || state === 'failed') return
      const wasAwaited = state === 'awaited'
      state = 'failed'
      failure = error
      stopListening()
      if (wasAwaited) reject(error as Error)
      else sink?.fail(error)
    }
    const abort = (reason: unknown) => {
      if (state === 'ended' || state === 'failed') return
      fail(reason)
      controller?.abort(reason as Error)
    }
    const stopListening = onAbort(signal, abort)

    const hand = (part: Uint8Array) => {
      if (sink !== undefined) return sink.take(part)
      held.push(part)
      heldBytes += part.byteLength
      return heldBytes < MAX_HELD_BYTES
    }

    const pour = (into: BodySink) => {
      sink = into
      const parts = held
      held = []
      let goOn = true
      try {
        for (const part of parts) goOn = into.take(part)
      } catch (error) {
        abort(error)
        // nothing was left to end, or it had failed before
        if (failure !== error) into.fail(error)
        return
      }
      if (state === 'ended') into.end()
      else if (state === 'failed') into.fail(failure)
      else if (goOn) controller?.resume()
    }

    dispatcher.dispatch(options, {
      onRequestStart(started) {
        controller = started
        // it was given up while it waited for a connection
        if (state === 'failed') started.abort(failure as Error)
      },
      onResponseStart(_controller, status, headers) {
        // https://www.rfc-editor.org/rfc/rfc9110#section-15.2: others may come before the answer
        if (status < 200) return
        state = 'coming'
        const reception = { status, headers, pour, abort, resume: () => controller?.resume() }
        // Undici gives the connection its next request in an immediate of its own. Told in one after that, the caller works on
        // this answer while the server works on the next: otherwise each would wait for the other.
        queueMicrotask(() => setImmediate(resolve, reception))
      },
      onResponseData(_controller, part) {
        if (state !== 'coming') return
        try {
          if (!hand(part)) controller?.pause()
        } catch (error) {
          abort(error)
        }
      },
      onResponseEnd() {
        if (state !== 'coming') return
        state = 'ended'
        stopListening()
        sink?.end()
      },
      onResponseError(_controller, error) {
        fail(error)
      },
    })
  })
}

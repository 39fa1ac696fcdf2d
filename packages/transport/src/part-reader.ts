import { type BodyOptions, BoundedSink } from './bounded-sink.ts'
import { TransportError } from './error.ts'
import { MAX_HELD_BYTES } from './limits.ts'
import type { BodySink, Reception } from './reception.ts'

/**
 * The parts of a body as they come, in constant memory, counted and bounded; ends in an error unless all of it came. An iterator
 * of its own: most bodies are one part, and a generator takes as long as the rest of them.
 */
export class PartReader implements AsyncIterableIterator<Uint8Array>, BodySink {
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

import { type Run, redactURL } from '@source-policy/core'
import { drain, gunzip, readWhole } from './body.ts'
import { type BodyOptions, tooLarge } from './bounded-sink.ts'
import type { Dispatch, Outgoing } from './dispatch.ts'
import { TransportError } from './error.ts'
import { toTransportError } from './failure.ts'
import { DISCARD_TIMEOUT_MS, MAX_DISCARD_BYTES } from './limits.ts'
import { PartReader } from './part-reader.ts'
import type { Reception } from './reception.ts'

export interface ExchangeOptions {
  readonly dispatch: Dispatch
  readonly outgoing: Outgoing
  readonly run: Run
  readonly maxBytes: number
  readonly bodyTimeoutMs: number
  readonly now: () => number
}

/** One answer of one server: redirects and refusals are answers as well. */
export interface Answer {
  readonly status: number
  header(name: string): string | undefined
  readonly decompressed: boolean
  /** The body in parts. Of the three that end an answer one is to be called, once. Throws `response_too_large` where too much is announced. */
  parts(): AsyncIterable<Uint8Array>
  /** The whole body; rejects as `parts` throws. */
  whole(): Promise<Uint8Array>
  discard(): Promise<void>
}

/** Sends one request and waits for the head of the response. Counted in the run, and recorded once it is over. */
export async function exchange(options: ExchangeOptions): Promise<Answer> {
  const { dispatch, outgoing, run } = options
  const { method, url, signal } = outgoing
  const redacted = redactURL(url)
  const what = `${method} ${redacted}`
  run.contact(url.host)
  run.spend('requests', 1, what)

  const spent = new Spent(options, redacted)
  let reception: Reception
  try {
    reception = await dispatch.send(outgoing)
  } catch (thrown) {
    const error = signal.aborted ? signal.reason : toTransportError(thrown, what, 'connection_failed')
    spent.record({ error: failureCode(error) })
    throw error
  }
  const { status } = reception
  if (status === 407 && outgoing.proxy !== undefined) {
    const error = new TransportError('proxy_failed', `${what}: the proxy wants other credentials`, { status })
    spent.record({ status, error: error.code })
    reception.abort(error)
    throw error
  }
  return new ReceivedAnswer(reception, options, what, spent)
}

/** What an exchange took: recorded once, however it ends. */
class Spent {
  bytes = 0
  readonly #options: ExchangeOptions
  readonly #url: string
  readonly #start: number
  #isRecorded = false

  constructor(options: ExchangeOptions, url: string) {
    this.#options = options
    this.#url = url
    this.#start = options.now()
  }

  record(outcome: { status?: number; error?: string }): void {
    if (this.#isRecorded) return
    this.#isRecorded = true
    const { run, outgoing, now } = this.#options
    const { method } = outgoing
    run.record({ method, url: this.#url, bytes: this.bytes, durationMs: now() - this.#start, ...outcome })
  }
}

class ReceivedAnswer implements Answer, BodyOptions {
  readonly status: number
  readonly decompressed: boolean
  readonly what: string
  readonly maxBytes: number
  readonly contentLength: number | undefined
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly #reception: Reception
  readonly #run: Run
  readonly #spent: Spent

  constructor(reception: Reception, options: ExchangeOptions, what: string, spent: Spent) {
    const { outgoing, run, maxBytes, bodyTimeoutMs } = options
    this.#reception = reception
    this.#run = run
    this.#spent = spent
    this.status = reception.status
    this.what = what
    this.maxBytes = maxBytes
    this.timeoutMs = bodyTimeoutMs
    this.signal = outgoing.signal
    const hasBody = outgoing.method !== 'HEAD' && this.status !== 204 && this.status !== 304
    this.contentLength = hasBody ? parseLength(this.#header('content-length')) : undefined
    this.decompressed = hasBody && isDecoded(outgoing, this.#header('content-encoding'))
  }

  header(name: string): string | undefined {
    return this.decompressed && /^content-(encoding|length)$/i.test(name) ? undefined : this.#header(name)
  }

  parts(): AsyncIterable<Uint8Array> {
    this.#refuseTooLarge()
    const parts = new PartReader(this.#reception, this)
    return this.decompressed ? gunzip(parts, this) : parts
  }

  whole(): Promise<Uint8Array> {
    return this.decompressed || this.#isTooLarge() ? this.#joined() : readWhole(this.#reception, this)
  }

  discard(): Promise<void> {
    this.#spent.record({ status: this.status })
    return drain(this.#reception, MAX_DISCARD_BYTES, DISCARD_TIMEOUT_MS)
  }

  onBytes(count: number): void {
    this.#spent.bytes += count
    this.#run.spend('bytes', count, this.what)
  }

  onEnd(failure: unknown): void {
    this.#spent.record({ status: this.status, ...(failure !== undefined && { error: failureCode(failure) }) })
  }

  #header(name: string): string | undefined {
    const value = this.#reception.headers[name.toLowerCase()]
    return Array.isArray(value) ? value.join(', ') : value
  }

  async #joined(): Promise<Uint8Array> {
    const all: Uint8Array[] = []
    for await (const part of this.parts()) all.push(part)
    return Buffer.concat(all)
  }

  #isTooLarge(): boolean {
    return this.contentLength !== undefined && this.contentLength > this.maxBytes
  }

  #refuseTooLarge(): void {
    if (!this.#isTooLarge()) return
    const error = tooLarge(this.what, this.maxBytes)
    this.#spent.record({ status: this.status, error: error.code })
    this.#reception.abort(error)
    throw error
  }
}

/**
 * We ask for no encoding; a server that gzips nevertheless is understood as Go's client, and so BuildKit, understands it.
 * Parts of a body cannot be decompressed on their own.
 */
function isDecoded({ headers }: Outgoing, contentEncoding: string | undefined): boolean {
  if (headers.range !== undefined || headers['accept-encoding'] !== 'identity') return false
  return contentEncoding?.trim().toLowerCase() === 'gzip'
}

function parseLength(value: string | undefined): number | undefined {
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined
}

function failureCode(failure: unknown): string {
  const { code } = failure as { code?: unknown }
  return typeof code === 'string' ? code : 'aborted'
}

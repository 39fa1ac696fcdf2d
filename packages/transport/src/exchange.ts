import { type Run, redactURL } from '@source-policy/core'
import { drain, gunzip, readParts, readWhole, tooLarge } from './body.ts'
import type { Dispatch, Outgoing } from './dispatch.ts'
import { TransportError } from './error.ts'
import { toTransportError } from './failure.ts'
import { DISCARD_TIMEOUT_MS, MAX_DISCARD_BYTES } from './limits.ts'
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
  readonly header: (name: string) => string | undefined
  readonly decompressed: boolean
  /** The body in parts. Of the three that end an answer one is to be called, once. Throws `response_too_large` where too much is announced. */
  readonly parts: () => AsyncIterable<Uint8Array>
  /** The whole body; rejects as `parts` throws. */
  readonly whole: () => Promise<Uint8Array>
  readonly discard: () => Promise<void>
}

/** Sends one request and waits for the head of the response. Counted in the run, and recorded once it is over. */
export async function exchange(options: ExchangeOptions): Promise<Answer> {
  const { dispatch, outgoing, run, maxBytes, bodyTimeoutMs, now } = options
  const { method, url, signal } = outgoing
  const redacted = redactURL(url)
  const what = `${method} ${redacted}`
  run.contact(url.host)
  run.spend('requests', 1, what)

  const start = now()
  let bytes = 0
  let recorded = false
  const record = (outcome: { status?: number; error?: string }) => {
    if (recorded) return
    recorded = true
    run.record({ method, url: redacted, bytes, durationMs: now() - start, ...outcome })
  }

  let reception: Reception
  try {
    reception = await dispatch.send(outgoing)
  } catch (thrown) {
    const error = signal.aborted ? signal.reason : toTransportError(thrown, what, 'connection_failed')
    record({ error: failureCode(error) })
    throw error
  }
  const { status, headers } = reception

  if (status === 407 && outgoing.proxy !== undefined) {
    record({ status, error: 'proxy_failed' })
    const error = new TransportError('proxy_failed', `${what}: the proxy wants other credentials`, { status })
    reception.abort(error)
    throw error
  }

  const header = (name: string) => {
    const value = headers[name.toLowerCase()]
    return Array.isArray(value) ? value.join(', ') : value
  }
  const hasBody = method !== 'HEAD' && status !== 204 && status !== 304
  const contentLength = hasBody ? parseLength(header('content-length')) : undefined
  const encoded = hasBody && isDecoded(outgoing, header('content-encoding'))
  const reading = {
    what,
    maxBytes,
    signal,
    contentLength,
    timeoutMs: bodyTimeoutMs,
    onBytes(count: number) {
      bytes += count
      run.spend('bytes', count, what)
    },
    onEnd: (failure: unknown) => record({ status, ...(failure !== undefined && { error: failureCode(failure) }) }),
  }
  const refuseTooLarge = () => {
    if (contentLength === undefined || contentLength <= maxBytes) return
    const error = tooLarge(what, maxBytes)
    record({ status, error: error.code })
    reception.abort(error)
    throw error
  }
  const parts = () => {
    refuseTooLarge()
    return encoded ? gunzip(readParts(reception, reading), reading) : readParts(reception, reading)
  }

  return {
    status,
    decompressed: encoded,
    header: name => (encoded && /^content-(encoding|length)$/i.test(name) ? undefined : header(name)),
    parts,
    async whole() {
      if (encoded) return join(parts())
      refuseTooLarge()
      return readWhole(reception, reading)
    },
    discard() {
      record({ status })
      return drain(reception, MAX_DISCARD_BYTES, DISCARD_TIMEOUT_MS)
    },
  }
}

async function join(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const part of parts) all.push(part)
  return Buffer.concat(all)
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

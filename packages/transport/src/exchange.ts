import { type Run, redactURL } from '@source-policy/core'
import type { Dispatcher } from 'undici'
import { gunzip, readBody, tooLarge } from './body.ts'
import type { Dispatch, Outgoing } from './dispatch.ts'
import { TransportError } from './error.ts'
import { toTransportError } from './failure.ts'
import { DISCARD_TIMEOUT_MS, MAX_DISCARD_BYTES } from './limits.ts'

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
  /** Starts reading; to be called once. Throws `response_too_large` where too much is announced. */
  readonly open: () => AsyncIterable<Uint8Array>
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

  let response: Dispatcher.ResponseData
  try {
    response = await dispatch.send(outgoing)
  } catch (thrown) {
    const error = signal.aborted ? signal.reason : toTransportError(thrown, what, 'connection_failed')
    record({ error: failureCode(error) })
    throw error
  }
  const { statusCode: status, body } = response
  // a body that breaks before anybody reads it must not end the process; whoever reads it gets the error
  body.on('error', () => undefined)

  if (status === 407 && outgoing.proxy !== undefined) {
    record({ status, error: 'proxy_failed' })
    body.destroy()
    throw new TransportError('proxy_failed', `${what}: the proxy wants other credentials`, { status })
  }

  const header = (name: string) => {
    const value = response.headers[name.toLowerCase()]
    return Array.isArray(value) ? value.join(', ') : value
  }
  const hasBody = method !== 'HEAD' && status !== 204 && status !== 304
  const contentLength = hasBody ? parseLength(header('content-length')) : undefined
  const encoded = hasBody && isDecoded(outgoing, header('content-encoding'))
  const common = { what, maxBytes, signal }

  const read = () => {
    const raw = readBody(body, {
      ...common,
      contentLength,
      timeoutMs: bodyTimeoutMs,
      onBytes(count) {
        bytes += count
        run.spend('bytes', count, what)
      },
      onEnd: failure => record({ status, ...(failure !== undefined && { error: failureCode(failure) }) }),
    })
    return encoded ? gunzip(raw, common) : raw
  }

  const discard = async () => {
    record({ status })
    const end = AbortSignal.any([signal, AbortSignal.timeout(DISCARD_TIMEOUT_MS)])
    // whoever gives a body up does not care how it ends
    await body.dump({ limit: MAX_DISCARD_BYTES, signal: end }).catch(() => undefined)
  }

  return {
    status,
    decompressed: encoded,
    header: name => (encoded && /^content-(encoding|length)$/i.test(name) ? undefined : header(name)),
    open() {
      if (contentLength === undefined || contentLength <= maxBytes) return read()
      record({ status, error: 'response_too_large' })
      body.destroy()
      throw tooLarge(what, maxBytes)
    },
    discard,
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

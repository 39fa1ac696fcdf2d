import { createHash, type Hash } from 'node:crypto'
import { type Run, redactURL } from '@source-policy/core'
import { type Authorization, type Transport, TransportError, type TransportResponse } from '@source-policy/transport'
import type { Algorithm } from './digest.ts'
import { HTTPSourceError } from './error.ts'
import { MAX_RESUMPTIONS } from './limits.ts'
import { createRelease } from './release.ts'

export interface DownloadOptions {
  readonly transport: Transport
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly authorization: Authorization | undefined
  readonly maxBytes: number
  readonly run: Run
  readonly signal: AbortSignal
}

/** Hashes of a whole body. They are not finished: each copy can go on, for digests over the body and a suffix. */
export type BodyHashes = ReadonlyMap<Algorithm, Hash>

export interface Downloaded {
  readonly hashes: BodyHashes
  /** Bytes of it. */
  readonly length: number
  /** The body itself, where it was to be kept and is not larger than that. */
  readonly content?: Uint8Array
  /** Where redirects led to, without secrets; absent where there were none. */
  readonly from?: string
}

interface Download {
  readonly response: TransportResponse
  readonly hashes: BodyHashes
  /** Bytes that went into the hashes. */
  received: number
  /** What is kept of them: all, or nothing. */
  readonly parts: Uint8Array[]
}

/**
 * The hashes of what a URL yields, in constant memory unless a body of up to `keepBytes` is to be kept. A download that breaks is taken up where it broke if the server vouches
 * by a strong validator that it is still the same file. Throws coded errors; there are no hashes of a part.
 */
export async function hashDownload(
  options: DownloadOptions,
  algorithms: readonly Algorithm[],
  keepBytes?: number,
): Promise<Downloaded> {
  let download = fresh(await begin(options), algorithms)
  for (let resumptions = 0; ; resumptions++) {
    try {
      await readAll(download, options, keepBytes)
      const { hashes, received, parts, response } = download
      return {
        hashes,
        length: received,
        ...(keepBytes !== undefined && received <= keepBytes && { content: Buffer.concat(parts) }),
        ...(response.redirected.length > 0 && { from: redactURL(response.url) }),
      }
    } catch (error) {
      if (options.signal.aborted || resumptions >= MAX_RESUMPTIONS || !isBreak(error)) throw error
      const validator = strongValidator(download.response)
      if (validator === undefined) throw error
      download = await resume(download, validator, options, algorithms)
    }
  }
}

function fresh(response: TransportResponse, algorithms: readonly Algorithm[]): Download {
  const hashes = new Map(algorithms.map(algorithm => [algorithm, createHash(algorithm)]))
  return { response, received: 0, hashes, parts: [] }
}

async function readAll(
  download: Download,
  { url, maxBytes }: DownloadOptions,
  keepBytes: number | undefined,
): Promise<void> {
  const release = createRelease()
  for await (const chunk of download.response.body) {
    download.received += chunk.byteLength
    if (download.received > maxBytes) {
      throw new TransportError('response_too_large', `GET ${redactURL(url)}: expected at most ${maxBytes} bytes`)
    }
    for (const hash of download.hashes.values()) hash.update(chunk)
    if (keepBytes !== undefined && download.received <= keepBytes) {
      download.parts.push(chunk)
      continue
    }
    download.parts.length = 0
    release(chunk)
  }
}

async function begin(options: DownloadOptions): Promise<TransportResponse> {
  const response = await send(options, {})
  if (response.status === 200 || response.status === 203) return response
  await response.discard()
  throw refusal(options.url, response.status)
}

/**
 * The rest of the file; or all of it anew, where nothing had come or it is another file by now.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-14.2
 */
async function resume(
  { hashes, received, parts }: Download,
  validator: string,
  options: DownloadOptions,
  algorithms: readonly Algorithm[],
): Promise<Download> {
  if (received === 0) return fresh(await begin(options), algorithms)
  const response = await send(options, { range: `bytes=${received}-`, 'if-range': validator })
  if (response.status === 200 && response.headers.get('content-encoding') === undefined) {
    return fresh(response, algorithms)
  }
  if (response.status === 206 && startOfRest(response) === received && strongValidator(response) === validator) {
    return { response, hashes, received, parts }
  }
  await response.discard()
  if (response.status !== 200 && response.status !== 206) throw refusal(options.url, response.status)
  throw new HTTPSourceError('changed_during_run', `resuming ${redactURL(options.url)}: got another part than asked for`)
}

function send(options: DownloadOptions, more: Readonly<Record<string, string>>): Promise<TransportResponse> {
  const { transport, url, headers, authorization, maxBytes, run, signal } = options
  return transport.request({
    method: 'GET',
    url,
    headers: { ...headers, ...more },
    ...(authorization && { authorization }),
    maxBytes,
    run,
    signal,
  })
}

function isBreak(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return code === 'truncated' || code === 'timeout' || code === 'connection_failed'
}

/** An etag that promises the same bytes; a weak one promises the same meaning, and ranges do not count decompressed bytes. */
function strongValidator(response: TransportResponse): string | undefined {
  const etag = response.headers.get('etag')
  const isRaw = !response.decompressed && response.headers.get('content-encoding') === undefined
  return isRaw && etag !== undefined && /^"[\x21\x23-\x7e\x80-\xff]*"$/.test(etag) ? etag : undefined
}

/** Where the part begins, if it goes on to the end of the file. */
function startOfRest(response: TransportResponse): number | undefined {
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(response.headers.get('content-range') ?? '')
  return match !== null && Number(match[2]) === Number(match[3]) - 1 ? Number(match[1]) : undefined
}

const refusals: Readonly<Record<number, 'not_found' | 'unauthorized'>> = {
  401: 'unauthorized',
  403: 'unauthorized',
  404: 'not_found',
  407: 'unauthorized',
  410: 'not_found',
}

function refusal(url: URL, status: number): HTTPSourceError {
  const code = refusals[status] ?? 'unexpected_status'
  return new HTTPSourceError(code, `GET ${redactURL(url)}: got status ${status}`)
}

import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createTLSServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { bytesOf, lengthOf, type RepeatedBody, type ServerAnswer, sendAnswer } from './answer.ts'
import { createFaults, type Faults } from './faults.ts'

/** A file of the origin: its bytes, or more about it. */
export type OriginFile =
  | string
  | Uint8Array
  | {
      readonly body: string | Uint8Array | RepeatedBody
      readonly headers?: Readonly<Record<string, string>>
      /** With its quotes; default: a strong one made from the bytes. `false`: none. */
      readonly etag?: string | false
      /** Default: true. */
      readonly ranges?: boolean
      /** Sent in chunks, its length unannounced. Default: false. */
      readonly chunked?: boolean
      /** The `Authorization` that it takes to get the file; others get 401. */
      readonly authorization?: string
    }

export interface HTTPOriginOptions {
  /** By path: `{ '/app.tar.gz': bytes }`. */
  readonly files?: Readonly<Record<string, OriginFile>>
  /** PEM; serves https where given, and asks clients for certificates of `clientCA`. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCA?: string }
}

/** A request that came, and what was answered. */
export interface OriginRequest {
  readonly method: string
  /** With its query, as it came. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Undefined where no answer was sent. */
  readonly status: number | undefined
}

export interface HTTPOrigin {
  /** `http://127.0.0.1:port`, without a slash at its end. */
  readonly url: string
  /** `127.0.0.1:port` */
  readonly host: string
  readonly port: number
  /** In the order in which they came. */
  readonly log: readonly OriginRequest[]
  clearLog(): void
  readonly faults: Faults
  setFile(path: string, file: OriginFile): void
  removeFile(path: string): void
  close(): Promise<void>
}

/** An HTTP server on loopback with files, strong etags, ranges and faults. */
export async function startHTTPOrigin(options: HTTPOriginOptions = {}): Promise<HTTPOrigin> {
  const files = new Map(Object.entries(options.files ?? {}))
  const faults = createFaults()
  const log: OriginRequest[] = []

  const listener: RequestListener = (request, response) => {
    const { method = 'GET', url: path = '/' } = request
    const answer = answerFor(request, files.get(path.split('?')[0]!))
    const entry = { method, path, headers: headersOf(request), status: undefined as number | undefined }
    log.push(entry)
    sendAnswer(response, answer, faults.take(entry)).then(
      status => {
        entry.status = status
      },
      () => response.destroy(),
    )
  }
  const server = options.tls ? createTLSServer(tlsOptions(options.tls), listener) : createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const host = `127.0.0.1:${port}`

  return {
    url: `${options.tls ? 'https' : 'http'}://${host}`,
    host,
    port,
    log,
    clearLog() {
      log.length = 0
    },
    faults,
    setFile(path, file) {
      files.set(path, file)
    },
    removeFile(path) {
      files.delete(path)
    },
    async close() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

function tlsOptions({ cert, key, clientCA }: NonNullable<HTTPOriginOptions['tls']>) {
  return { cert, key, ...(clientCA !== undefined && { ca: clientCA, requestCert: true, rejectUnauthorized: true }) }
}

function answerFor(request: IncomingMessage, file: OriginFile | undefined): ServerAnswer {
  if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405 }
  if (file === undefined) return { status: 404, body: 'not found\n' }
  const {
    body,
    headers = {},
    etag,
    ranges = true,
    chunked = false,
    authorization,
  } = isPlain(file) ? { body: file } : file
  if (authorization !== undefined && request.headers.authorization !== authorization) {
    return { status: 401, headers: { 'www-authenticate': 'Basic realm="origin"' } }
  }
  const tag = etag ?? strongETag(body)
  const common = { ...headers, ...(tag !== false && { etag: tag }), ...(ranges && { 'accept-ranges': 'bytes' }) }
  if (tag !== false && request.headers['if-none-match'] === tag) return { status: 304, headers: common }
  const range = ranges && appliesTo(request, tag) ? parseRange(request.headers.range, lengthOf(body)) : undefined
  if (range === undefined) return { status: 200, headers: common, body, chunked }
  const total = lengthOf(body)
  if (range === 'unsatisfiable') return { status: 416, headers: { ...common, 'content-range': `bytes */${total}` } }
  return {
    status: 206,
    headers: { ...common, 'content-range': `bytes ${range.first}-${range.last}/${total}` },
    body: part(body, range.first, range.last + 1),
  }
}

function part(body: string | Uint8Array | RepeatedBody, start: number, end: number): Uint8Array | RepeatedBody {
  if (typeof body === 'string' || body instanceof Uint8Array) return bytesOf(body).subarray(start, end)
  const offset = start % body.pattern.length
  return {
    pattern: Buffer.concat([body.pattern.subarray(offset), body.pattern.subarray(0, offset)]),
    bytes: end - start,
  }
}

function isPlain(file: OriginFile): file is string | Uint8Array {
  return typeof file === 'string' || file instanceof Uint8Array
}

/** @see https://www.rfc-editor.org/rfc/rfc9110#section-13.1.5 */
function appliesTo(request: IncomingMessage, tag: string | false): boolean {
  const condition = request.headers['if-range']
  return condition === undefined || (condition === tag && !condition.startsWith('W/'))
}

function parseRange(
  header: string | undefined,
  total: number,
): { first: number; last: number } | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d+)-(\d*)$/.exec(header ?? '')
  if (match === null) return undefined
  const first = Number(match[1])
  const last = match[2] === '' ? total - 1 : Math.min(Number(match[2]), total - 1)
  return first > last ? 'unsatisfiable' : { first, last }
}

function strongETag(body: string | Uint8Array | RepeatedBody): string {
  const hash = createHash('sha256')
  if (typeof body === 'object' && 'pattern' in body) hash.update(body.pattern).update(String(body.bytes))
  else hash.update(body)
  return `"${hash.digest('hex').slice(0, 16)}"`
}

function headersOf(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, [value].flat().join(', ')]))
}

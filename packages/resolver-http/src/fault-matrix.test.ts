import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { createRun } from '@source-policy/core'
import { type Fault, type HTTPOrigin, type OriginFile, startHTTPOrigin } from '@source-policy/testkit'
import { createTransport } from '@source-policy/transport'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { httpResolver } from './resolver.ts'

/*
 * Each place where something can go wrong with each thing that can: the checksum is either right or unavailable, no credential
 * is seen where it does not belong, and all ends in time.
 */

const TIME_LIMIT_MS = 5_000
const MAX_BODY_BYTES = 64 * 1024 ** 2
const secret = 'Bearer s3cr3t-t0ken'

const pem = (name: string) => readFileSync(new URL(`../../transport/src/testdata/tls/${name}`, import.meta.url), 'utf8')
const content = Buffer.from('what the build wants, in as many bytes as it takes to cut it in parts')
const sha256 = createHash('sha256').update(content).digest('hex')
const half = content.length >> 1
const zeros = { pattern: Buffer.alloc(64 * 1024), bytes: 10 * 1024 ** 3 }

/** The server that is asked, one that it redirects to, one that nobody may be led to, and a secure one. */
interface Servers {
  readonly origin: HTTPOrigin
  readonly target: HTTPOrigin
  readonly stranger: HTTPOrigin
  readonly secure: HTTPOrigin
}
let servers: Servers
beforeAll(async () => {
  const [origin, target, stranger, secure] = await Promise.all([
    startHTTPOrigin(),
    startHTTPOrigin(),
    startHTTPOrigin({ files: { '/file': content } }),
    startHTTPOrigin({ tls: { cert: pem('localhost.crt'), key: pem('localhost.key') } }),
  ])
  servers = { origin, target, stranger, secure }
})
afterAll(() => Promise.all(Object.values(servers).map((server: HTTPOrigin) => server.close())))
afterEach(() => {
  for (const server of Object.values(servers) as HTTPOrigin[]) {
    server.faults.clear()
    server.clearLog()
  }
})

const endpoints = {
  'the file': (all: Servers) => ({ url: `${all.origin.url}/file`, at: all.origin }),
  'the target of a redirect': (all: Servers) => ({ url: `${all.origin.url}/moved`, at: all.target }),
  'the file over TLS': (all: Servers) => ({ url: `${all.secure.url}/file`, at: all.secure }),
} as const

const right = 'right'
const ok = (body: string | Uint8Array, headers: Record<string, string> = {}): Fault => ({
  kind: 'status',
  status: 200,
  headers,
  body,
})
const status = (code: number, headers: Record<string, string> = {}): Fault => ({
  kind: 'status',
  status: code,
  headers,
})
const always = Number.POSITIVE_INFINITY

interface Row {
  readonly name: string
  readonly fault: Fault | ((all: Servers, at: HTTPOrigin) => Fault)
  readonly times: number
  /** The code of the fact; or `right`. By endpoint where they differ. */
  readonly outcome: string
  readonly overTLS?: string
  readonly file?: OriginFile
}
const row = (name: string, fault: Row['fault'], times: number, outcome: string, overTLS?: string): Row => ({
  name,
  fault,
  times,
  outcome,
  ...(overTLS !== undefined && { overTLS }),
})

const none: Fault = { kind: 'delay', ms: 0 }
const rows: readonly Row[] = [
  row('nothing', none, always, right),
  row('no answer, once', { kind: 'refuse' }, 1, right),
  row('no answer', { kind: 'refuse' }, always, 'connection_failed'),
  row('a reset, once', { kind: 'reset' }, 1, right),
  row('a reset', { kind: 'reset' }, always, 'connection_failed'),
  row('a reset within the body, once', { kind: 'reset', afterBytes: half }, 1, right),
  row('a reset within the body', { kind: 'reset', afterBytes: 5 }, always, 'truncated'),
  row('a stall', { kind: 'stall' }, always, 'timeout'),
  row('a stall within the body, once', { kind: 'stall', afterBytes: half }, 1, right),
  row('a stall within the body', { kind: 'stall', afterBytes: 5 }, always, 'timeout'),
  row('a cut body, once', { kind: 'truncate' }, 1, right),
  row('a cut body', { kind: 'truncate' }, always, 'truncated'),
  row('a slow body', { kind: 'slow', bytes: 7, everyMs: 20 }, always, right),
  row('a changed byte', { kind: 'corrupt' }, always, 'checksum_mismatch'),
  row('a changed byte after a cut', { kind: 'corrupt', offset: content.length - 1 }, always, 'checksum_mismatch'),
  row('401', status(401), always, 'unauthorized'),
  row('403', status(403), always, 'unauthorized'),
  row('404', status(404), always, 'not_found'),
  row('410', status(410), always, 'not_found'),
  row('204', status(204), always, 'unexpected_status'),
  row('206 unasked', { kind: 'status', status: 206, body: content }, always, 'unexpected_status'),
  row('304 unasked', status(304), always, 'unexpected_status'),
  row('400', status(400), always, 'unexpected_status'),
  row('407', status(407), always, 'unauthorized'),
  row('429, once', status(429), 1, right),
  row('429', status(429), always, 'rate_limited'),
  row('429 with Retry-After, once', status(429, { 'retry-after': '1' }), 1, right),
  row('429 with Retry-After', status(429, { 'retry-after': '1' }), always, 'rate_limited'),
  row('429 with a long Retry-After', status(429, { 'retry-after': '86400' }), 1, 'rate_limited'),
  row('429 with a huge Retry-After', status(429, { 'retry-after': '9'.repeat(400) }), 1, 'rate_limited'),
  row('429 with a senseless Retry-After', status(429, { 'retry-after': 'soon' }), 1, right),
  row('500, once', status(500), 1, right),
  row('500', status(500), always, 'unexpected_status'),
  row('503 with Retry-After, once', status(503, { 'retry-after': '1' }), 1, right),
  row('503', status(503), always, 'unexpected_status'),
  row('a redirect loop', { kind: 'redirect', location: '/file' }, always, 'too_many_redirects'),
  row('a redirect without a location', status(302), always, 'redirect_forbidden'),
  row('a redirect to a file', { kind: 'redirect', location: 'file:///etc/passwd' }, always, 'redirect_forbidden'),
  row(
    'a redirect to another host',
    ({ stranger }) => ({ kind: 'redirect', location: `${stranger.url}/file` }),
    1,
    'address_forbidden',
    'redirect_forbidden',
  ),
  row(
    'a redirect to http',
    ({ origin }) => ({ kind: 'redirect', location: `${origin.url}/file` }),
    1,
    right,
    'redirect_forbidden',
  ),
  ...[
    'https://169.254.169.254/latest/meta-data/',
    'https://localhost/file',
    'https://127.1/file',
    'https://[::ffff:127.0.0.1]/file',
    'https://0.0.0.0/file',
    'https://private.test/file',
    'https://half-private.test/file',
  ].map(location => row(`a redirect to ${location}`, { kind: 'redirect', location }, 1, 'address_forbidden')),
  row('a redirect to an unknown name', { kind: 'redirect', location: 'https://nowhere.test/' }, 1, 'dns_failed'),
  { ...row('10 GB', none, always, 'response_too_large'), file: { body: zeros, etag: false } },
  { ...row('10 GB in chunks', none, always, 'response_too_large'), file: { body: zeros, chunked: true, etag: false } },
  row(
    'a gzip bomb',
    ok(gzipSync(Buffer.alloc(MAX_BODY_BYTES + 1)), { 'content-encoding': 'gzip' }),
    always,
    'response_too_large',
  ),
  row('an unasked gzip', ok(gzipSync(content), { 'content-encoding': 'gzip' }), always, right),
  row('a cut gzip', ok(gzipSync(content).subarray(0, -9), { 'content-encoding': 'gzip' }), always, 'truncated'),
  row('what is no gzip', ok(content, { 'content-encoding': 'gzip' }), always, 'malformed_response'),
  row('an unknown encoding', ok(content, { 'content-encoding': 'rot13' }), always, right),
  row('a length too small', ok(content, { 'content-length': '5', connection: 'close' }), always, 'checksum_mismatch'),
  row('a length too large', ok(content, { 'content-length': '500', connection: 'close' }), always, 'truncated'),
  row('an endless length', ok(content, { 'content-length': '9'.repeat(30) }), always, 'truncated'),
  row('another body', ok('<html>sign in, please</html>'), always, 'checksum_mismatch'),
  row('no body', ok(''), always, 'checksum_mismatch'),
  row('a huge header', status(200, { x: 'y'.repeat(100_000) }), always, 'malformed_response'),
]

const cells = rows.flatMap(each => Object.keys(endpoints).map(endpoint => ({ ...each, endpoint })))

describe(`${rows.length} faults at ${Object.keys(endpoints).length} places: ${cells.length} cells`, () => {
  it.each(cells)('$name at $endpoint', async ({ endpoint, fault, times, outcome, overTLS, file }) => {
    const { url, at } = endpoints[endpoint as keyof typeof endpoints](servers)
    const { origin, target, stranger, secure } = servers
    const isSecure = at === secure
    for (const server of [origin, target, secure]) server.setFile('/file', server === at ? (file ?? content) : content)
    const location = `${target.url}/file`
    if (at === target) origin.faults.add({ match: '/moved', fault: { kind: 'redirect', location } })
    at.faults.add({ match: '/file', fault: typeof fault === 'function' ? fault(servers, at) : fault, times })

    const hosts: Record<string, string[]> = {
      'private.test': ['10.0.0.1'],
      'half-private.test': ['1.1.1.1', '::1'],
      localhost: ['127.0.0.1'],
    }
    const transport = createTransport({
      allowAddresses: [origin.host, target.host, secure.host],
      ca: pem('ca.crt'),
      sleep: async () => undefined,
      retries: 1,
      lookup: async name => (hosts[name] ?? []).map(address => ({ address, family: address.includes(':') ? 6 : 4 })),
      connectTimeoutMs: 1000,
      headersTimeoutMs: 400,
      bodyTimeoutMs: 400,
    })
    const resolver = httpResolver({ transport, maxBodyBytes: MAX_BODY_BYTES, secret: () => secret })
    const attrs = { 'http.checksum': `sha256:${sha256}`, 'http.authheadersecret': 'token' }
    const run = createRun()
    const start = performance.now()
    const facts = await resolver.resolve(resolver.parse(url, { attrs }), [['http', 'checksum']], {
      run,
      signal: run.signal,
      anonymous: false,
    })
    expect(performance.now() - start).toBeLessThan(TIME_LIMIT_MS)

    const wanted = isSecure ? (overTLS ?? outcome) : outcome
    expect(facts.unavailable.map(({ error }) => error.code)).toEqual(wanted === right ? [] : [wanted])
    expect(facts.known.map(({ from: _, ...fact }) => fact)).toEqual(
      wanted === right ? [{ path: ['http', 'checksum'], value: `sha256:${sha256}`, basis: 'digest' }] : [],
    )
    expect(facts.absent).toEqual([])

    const asked = isSecure ? secure : origin
    for (const server of [origin, target, stranger, secure]) {
      if (server === asked) continue
      for (const { headers } of server.log) expect(headers).not.toHaveProperty('authorization')
    }
    expect(stranger.log).toEqual([])
    expect(JSON.stringify(facts)).not.toContain('s3cr3t')
    await transport.close()
  })
})

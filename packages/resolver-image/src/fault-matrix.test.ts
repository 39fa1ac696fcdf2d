import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { createEvaluator, isWithin, type Path, type Policy, type Verdict } from '@source-policy/core'
import { createRegistryClient, MEDIA_TYPES } from '@source-policy/oci'
import {
  type BuiltContent,
  buildImage,
  buildIndex,
  type Fault,
  type HTTPOrigin,
  type Registry,
  startHTTPOrigin,
  startRegistry,
} from '@source-policy/testkit'
import { createTransport } from '@source-policy/transport'
import { afterAll, describe, expect, it } from 'vitest'
import { imageResolver } from './image-resolver.ts'

/*
 * Each end point of a registry with each thing that can go wrong there, in the clear and over TLS, decided by two policies that
 * need a label, one of them by its absence: allowed only where the label was read and checked, no credential where it does not
 * belong, and all ends in time.
 */

const TIME_LIMIT_MS = 5_000
const PASSWORD = 's3cr3t-password'
const always = Number.POSITIVE_INFINITY
const right = 'right'

const pem = (name: string) => readFileSync(new URL(`../../transport/src/testdata/tls/${name}`, import.meta.url), 'utf8')
const tls = { cert: pem('localhost.crt'), key: pem('localhost.key') }
const image = buildImage({ labels: { tier: 'gold' } })
const index = buildIndex([image])
const config = image.blobs[0]!
const labels: Path = ['image', 'labels']

const places = ['ping', 'token', 'tag', 'manifest', 'blob', 'redirect target'] as const
type Place = (typeof places)[number]

const match: Readonly<Record<Exclude<Place, 'redirect target'>, RegExp>> = {
  ping: /^\/v2\/?$/,
  token: /^\/token/,
  tag: /\/manifests\/v1$/,
  manifest: /\/manifests\/sha256/,
  blob: /\/blobs\//,
}

interface Servers {
  readonly registry: Registry
  /** Where the registry keeps its blobs, for the place `redirect target`. */
  readonly storage: HTTPOrigin
  /** A registry that may be contacted, and has the image, but for which nobody has credentials. */
  readonly other: Registry
  /** May not be contacted. */
  readonly stranger: HTTPOrigin
}

interface Row {
  readonly name: string
  readonly fault: Fault | ((servers: Servers) => Fault)
  readonly times: number
  /** The code of the fact, or `right`; by place where it is not the same. */
  readonly outcome: string
  readonly at: Partial<Readonly<Record<Place, string>>>
  readonly overTLS?: string
}

const row = (
  name: string,
  fault: Row['fault'],
  times: number,
  outcome: string,
  at: Row['at'] = {},
  overTLS?: string,
): Row => ({ name, fault, times, outcome, at, ...(overTLS !== undefined && { overTLS }) })

const status = (code: number, headers: Record<string, string> = {}, body: string | Uint8Array = ''): Fault => ({
  kind: 'status',
  status: code,
  headers,
  body,
})
const json = { 'content-type': MEDIA_TYPES.ociIndex }
const redirect = (location: string): Fault => ({ kind: 'redirect', location })
const badToken = { token: 'token_invalid' }
const badBytes = {
  manifest: 'digest_mismatch',
  blob: 'digest_mismatch',
  'redirect target': 'digest_mismatch',
  ...badToken,
}
const bomb = gzipSync(Buffer.alloc(16 * 1024 ** 2))

const rows: readonly Row[] = [
  row('nothing', { kind: 'delay', ms: 0 }, always, right),
  row('no answer, once', { kind: 'refuse' }, 1, right),
  row('no answer', { kind: 'refuse' }, always, 'connection_failed'),
  row('a reset, once', { kind: 'reset' }, 1, right),
  row('a reset', { kind: 'reset' }, always, 'connection_failed'),
  row('a reset within the body', { kind: 'reset', afterBytes: 5 }, always, 'truncated'),
  row('a stall', { kind: 'stall' }, always, 'timeout'),
  row('a stall within the body', { kind: 'stall', afterBytes: 5 }, always, 'timeout'),
  row('a cut body', { kind: 'truncate' }, always, 'truncated'),
  row('a changed byte', { kind: 'corrupt', offset: 0 }, always, 'digest_mismatch', badToken),
  row('401', status(401), always, 'challenge_invalid', { token: 'unauthorized', 'redirect target': 'unauthorized' }),
  row('401 without end', status(401, { 'www-authenticate': 'Basic realm="x"' }), always, 'unauthorized'),
  row('401 with a torn challenge', status(401, { 'www-authenticate': 'Bearer realm="' }), always, 'challenge_invalid', {
    token: 'unauthorized',
    'redirect target': 'unauthorized',
  }),
  row('403', status(403), always, 'denied', { token: 'unauthorized' }),
  row('404', status(404), always, 'not_found', badToken),
  row('204', status(204), always, 'registry_failed', badToken),
  row('206 unasked', status(206, {}, 'x'), always, 'registry_failed', badToken),
  row('304 unasked', status(304), always, 'registry_failed', badToken),
  row('429, once', status(429), 1, right),
  row('429', status(429), always, 'rate_limited'),
  row('429 with Retry-After, once', status(429, { 'retry-after': '1' }), 1, right),
  row('429 with a long Retry-After', status(429, { 'retry-after': '86400' }), 1, 'rate_limited'),
  row('500, once', status(500), 1, right),
  row('500', status(500), always, 'unexpected_status'),
  row('503 with Retry-After, once', status(503, { 'retry-after': '1' }), 1, right),
  row('a redirect loop', redirect('#'), always, 'too_many_redirects'),
  row('a redirect without a location', status(302), always, 'redirect_forbidden'),
  row('a redirect to a file', redirect('file:///etc/passwd'), always, 'redirect_forbidden'),
  row(
    'a redirect to a host that is not listed',
    ({ stranger }) => redirect(`${stranger.url}/x`),
    1,
    'address_forbidden',
    {},
    'redirect_forbidden',
  ),
  row('a redirect to http', ({ other }) => redirect(`${other.url}/x`), 1, 'not_found', badToken, 'redirect_forbidden'),
  ...[
    'https://169.254.169.254/latest/meta-data/',
    'https://localhost:1/',
    'https://127.1/',
    'https://private.test/',
  ].map(location => row(`a redirect to ${location}`, redirect(location), 1, 'address_forbidden')),
  row('a redirect to an unknown name', redirect('https://nowhere.test/'), 1, 'dns_failed'),
  row('10 GB', status(200, { 'content-length': String(10 * 1024 ** 3) }, 'x'), always, 'response_too_large'),
  row(
    '10 GB, unannounced',
    {
      kind: 'status',
      status: 200,
      chunked: true,
      body: { pattern: Buffer.alloc(64 * 1024, 'x'), bytes: 10 * 1024 ** 3 },
    },
    always,
    'response_too_large',
  ),
  row('a gzip bomb', status(200, { 'content-encoding': 'gzip' }, bomb), always, 'response_too_large'),
  row(
    'a length too small',
    status(200, { 'content-length': '5', connection: 'close' }, '{"schemaVersion":2}'),
    always,
    'invalid_json',
    badBytes,
  ),
  row('a length too large', status(200, { 'content-length': '500', connection: 'close' }, '{}'), always, 'truncated'),
  row(
    'another media type',
    status(200, { 'content-type': 'text/html' }, '<html>'),
    always,
    'media_type_unsupported',
    badBytes,
  ),
  row('no body', status(200, json), always, 'invalid_json', badBytes),
  row(
    'a manifest that is an index',
    status(200, json, '{"schemaVersion":2,"config":{},"manifests":[]}'),
    always,
    'content_invalid',
    badBytes,
  ),
  row('a key twice', status(200, json, '{"schemaVersion":2,"schemaVersion":2}'), always, 'invalid_json', badBytes),
  row('schema 1', status(200, json, '{"schemaVersion":1}'), always, 'media_type_unsupported', badBytes),
  row('an endless nesting', status(200, json, '['.repeat(100_000)), always, 'invalid_json', badBytes),
]

/** TLS is slow: by default it is only tried with the faults that it makes a difference to. */
const isFull = process.env.SOURCE_POLICY_FULL_MATRIX === '1'
const cells = rows.flatMap(each =>
  places.flatMap(place => {
    const cell = { ...each, place, isSecure: false, over: 'http' }
    return isFull || each.overTLS !== undefined ? [cell, { ...cell, isSecure: true, over: 'TLS' }] : [cell]
  }),
)

async function startServers(isSecure: boolean, place: Place): Promise<Servers> {
  const users = { alice: PASSWORD }
  const secure = isSecure ? { tls } : {}
  const storage = await startHTTPOrigin({ ...secure, files: { [`/${config.digest}`]: config.bytes } })
  const [registry, other, stranger] = await Promise.all([
    startRegistry({
      ...secure,
      auth: { kind: 'token', users, anonymousPull: () => false },
      ...(place === 'redirect target' && { blobLocation: (_name, digest) => `${storage.url}/${digest}` }),
    }),
    startRegistry(),
    startHTTPOrigin(),
  ])
  registry.push('app', index, 'v1')
  return { registry, storage, other, stranger }
}

/** Allows where the label is there; or where another is not, which must not be opened by a fault. */
const policies: Readonly<Record<string, (found: Record<string, string>) => boolean>> = {
  'a label': found => found.tier === 'gold',
  'no label': found => found.blocked === undefined,
}

function policyOf(name: string): Policy {
  return {
    name,
    evaluate({ input, unknown }) {
      if (unknown.some(path => isWithin(labels, path))) return { kind: 'missing', paths: [labels], calls: [] }
      const allow = policies[name]!((input.image?.labels ?? {}) as Record<string, string>)
      const verdict: Verdict = { allow, messages: [], pins: [], caps: {}, warnings: [] }
      return { kind: 'verdict', verdict }
    },
  }
}

const seen = { cells: 0, right: 0 }
afterAll(() => {
  console.log(
    `fault matrix: ${seen.cells} cells, ${seen.right} of them recovered, ${rows.length} faults at ${places.length} places`,
  )
})

describe(`${rows.length} faults at ${places.length} places, in the clear and over TLS: ${cells.length} cells`, () => {
  it.each(cells)(
    '$name at $place over $over',
    async ({ name, place, isSecure, fault, times, outcome, at, overTLS }) => {
      const servers = await startServers(isSecure, place)
      const { registry, storage, other, stranger } = servers
      const given = typeof fault === 'function' ? fault(servers) : fault

      const transport = createTransport({
        allowAddresses: [registry.host, storage.host, other.host],
        ...(isSecure ? { ca: pem('ca.crt') } : { insecureHosts: [registry.host, storage.host] }),
        sleep: async () => undefined,
        retries: given.kind === 'stall' ? 0 : 1,
        lookup: async name =>
          name === 'private.test'
            ? [{ address: '10.0.0.1', family: 4 }]
            : name === 'localhost'
              ? [{ address: '127.0.0.1', family: 4 }]
              : [],
        connectTimeoutMs: 1000,
        headersTimeoutMs: 200,
        bodyTimeoutMs: 200,
      })
      const client = createRegistryClient({
        transport,
        registries: { [registry.host]: { http: !isSecure } },
        credentialsFor: async host => (host === registry.host ? { username: 'alice', password: PASSWORD } : undefined),
      })
      const resolver = imageResolver({ registry: client })
      const usual = isSecure ? (overTLS ?? at[place]) : at[place]
      // nobody needs a ping, so nothing can go wrong there
      const wanted = place === 'ping' ? right : (usual ?? outcome)
      const started = performance.now()
      try {
        for (const policy of Object.keys(policies)) {
          registry.faults.clear()
          storage.faults.clear()
          if (place === 'redirect target') storage.faults.add({ fault: given, times })
          else registry.faults.add({ match: match[place], fault: given, times })
          const evaluator = createEvaluator({ policies: [policyOf(policy)], resolvers: [resolver] })
          const { decision, report } = await evaluator.evaluate(`docker-image://${registry.host}/app:v1`, {
            platform: { os: 'linux', architecture: 'amd64' },
          })
          const codes = decision.kind === 'undecided' ? decision.errors.map(({ code }) => code) : decision.kind
          expect([policy, codes]).toEqual([policy, wanted === right ? 'allow' : [wanted]])
          expect(JSON.stringify([decision, report])).not.toContain(PASSWORD)
        }
        expect(performance.now() - started).toBeLessThan(TIME_LIMIT_MS)

        if (name !== '401 without end') {
          for (const { path, headers } of registry.log) {
            if (headers.authorization?.startsWith('Basic')) expect(path).toMatch(match.token)
          }
        }
        for (const { headers } of [...storage.log, ...other.log]) expect(headers).not.toHaveProperty('authorization')
        expect(stranger.log).toEqual([])
        expect(registry.log.some(({ path }) => match.ping.test(path))).toBe(false)
        seen.cells++
        if (wanted === right) seen.right++
      } finally {
        for (const server of [registry, storage, other, stranger]) await server.close()
        await transport.close()
      }
    },
  )

  it('refuses content that is wrong although its digest is right', async () => {
    const { registry, storage, other, stranger } = await startServers(false, 'blob')
    const documents: [BuiltContent, string][] = [
      [buildImage({ rawConfig: '{"config":{"Labels":{"tier":"gold"},"labels":{}}}' }), 'invalid_json'],
      [buildImage({ rawConfig: '[]' }), 'content_invalid'],
    ]
    const transport = createTransport({ allowAddresses: [registry.host], insecureHosts: [registry.host], retries: 0 })
    const credentialsFor = async () => ({ username: 'alice', password: PASSWORD })
    for (const [content, code] of documents) {
      registry.push('app', content, 'v1')
      const resolver = imageResolver({ registry: createRegistryClient({ transport, credentialsFor }) })
      const evaluator = createEvaluator({ policies: [policyOf('no label')], resolvers: [resolver] })
      const { decision } = await evaluator.evaluate(`docker-image://${registry.host}/app:v1`, {
        platform: { os: 'linux', architecture: 'amd64' },
      })
      expect(decision).toMatchObject({ kind: 'undecided', errors: [{ code }] })
    }
    for (const server of [registry, storage, other, stranger]) await server.close()
    await transport.close()
  })
})

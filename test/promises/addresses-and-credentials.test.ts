import { createEvaluator, createRun, type Resolver } from '@source-policy/core'
import { jsPolicy } from '@source-policy/engine-js'
import { createRegistryClient } from '@source-policy/oci'
import { gitResolver, gitSecrets } from '@source-policy/resolver-git'
import { httpResolver } from '@source-policy/resolver-http'
import { imageResolver } from '@source-policy/resolver-image'
import { buildImage, type HTTPOrigin, type Registry, startHTTPOrigin, startRegistry } from '@source-policy/testkit'
import { createTransport, type ResolvedAddress, type Transport } from '@source-policy/transport'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { attempt, outputOf } from './harness.ts'

/*
 * Promise 4: no request to private, link-local or loopback addresses unless listed, on every way to them; credentials go to the
 * host that they are for.
 */

const asks = `package docker

fact := input.http.checksum

fact := input.git.commit.message

fact := input.image.labels

decision := {"allow": true} if fact
`

let listed: HTTPOrigin
let secret: HTTPOrigin
let registry: Registry
beforeAll(async () => {
  listed = await startHTTPOrigin({ files: { '/a': 'content' } })
  secret = await startHTTPOrigin({ files: { '/a': 'internal' } })
  registry = await startRegistry()
  registry.push('base', buildImage(), '1')
})
beforeEach(() => {
  for (const server of [listed, secret, registry]) {
    server.faults.clear()
    server.clearLog()
  }
})
afterAll(() => Promise.all([listed.close(), secret.close(), registry.close()]))

const evaluate = (source: string, allow: readonly string[] = []) =>
  attempt({ files: { 'Dockerfile.rego': asks }, argv: ['eval', source, '--timeout', '20s'], allow })

describe('no request to an address that is not listed', () => {
  it.each([
    'http://127.0.0.1:<port>/a',
    'http://127.1:<port>/a',
    'http://2130706433:<port>/a',
    'http://0x7f000001:<port>/a',
    'http://0177.0.0.1:<port>/a',
    'http://127.0.0.1.:<port>/a',
    'http://127.255.255.254:<port>/a',
    'http://0.0.0.0:<port>/a',
    'http://0:<port>/a',
    'http://localhost:<port>/a',
    'http://LOCALHOST:<port>/a',
    'http://localhost.:<port>/a',
    'http://[::1]:<port>/a',
    'http://[::]:<port>/a',
    'http://[::ffff:127.0.0.1]:<port>/a',
    'http://[::ffff:7f00:1]:<port>/a',
    'http://[64:ff9b::7f00:1]:<port>/a',
    'http://[fe80::1%25lo]:<port>/a',
    'http://[fd00::1]/a',
    'http://169.254.169.254/latest/meta-data/',
    'http://10.0.0.1/a',
    'http://172.16.0.1/a',
    'http://192.168.0.1/a',
    'http://100.64.0.1/a',
    'http://①②⑦.⓪.⓪.①:<port>/a',
    'http://127.0.0.1:<port>/x.git',
    'git://127.0.0.1:<port>/x.git',
    'git://git://127.0.0.1:<port>/x.git',
    'git://ssh://git@127.0.0.1:<port>/x.git',
    'git://ssh://git@localhost:<port>/x.git',
    'git://git@127.0.0.1:x.git',
    'git://file:///etc/passwd',
    'docker-image://127.0.0.1:<port>/a:1',
    'docker-image://localhost:<port>/a:1',
    'docker-image://[::1]:<port>/a:1',
  ])('%s', async text => {
    const run = await evaluate(text.replace('<port>', String(secret.port)), ['127.0.0.1:1'])
    expect([2, 3], outputOf(run)).toContain(run.exitCode)
    expect(secret.log).toEqual([])
  })

  it.each([
    'http://127.0.0.1:<port>/a',
    'http://localhost:<port>/a',
    '//127.0.0.1:<port>/a',
    'http://user@127.0.0.1:<port>/a',
    'http://<listed>@127.0.0.1:<port>/a',
    'http://169.254.169.254/latest/meta-data/',
    'http://[::ffff:127.0.0.1]:<port>/a',
    'file:///etc/passwd',
    'ftp://127.0.0.1:<port>/a',
    'gopher://127.0.0.1:<port>/_GET',
    'javascript:alert(1)',
  ])('by a redirect: %s', async text => {
    const location = text.replace('<port>', String(secret.port)).replace('<listed>', listed.host)
    const servers = [
      [listed, `${listed.url}/a`],
      [listed, `git://${listed.url}/x.git#main`],
      [registry, `docker-image://${registry.host}/base:1`],
    ] as const
    for (const [server, source] of servers) {
      server.faults.add({ fault: { kind: 'redirect', location }, times: 1 })
      const run = await evaluate(source, [listed.host, registry.host])
      expect(run.exitCode, outputOf(run)).toBe(3)
      expect(secret.log).toEqual([])
      server.faults.clear()
    }
  })

  it('by a second redirect, from one that is listed', async () => {
    listed.faults.add({ match: '/a', fault: { kind: 'redirect', location: `${registry.url}/b` } })
    registry.faults.add({ match: '/b', fault: { kind: 'redirect', location: `${secret.url}/a` } })
    const run = await evaluate(`${listed.url}/a`, [listed.host, registry.host])
    expect({ exitCode: run.exitCode, log: secret.log }).toEqual({ exitCode: 3, log: [] })
  })

  it('by the blob of a registry', async () => {
    registry.faults.add({ match: /blobs/, fault: { kind: 'redirect', location: `${secret.url}/a` } })
    const run = await evaluate(`docker-image://${registry.host}/base:1`, [registry.host])
    expect({ exitCode: run.exitCode, log: secret.log }).toEqual({ exitCode: 3, log: [] })
  })

  it.each([
    'http://127.0.0.1:<port>/token',
    'http://169.254.169.254/token',
    'http://localhost:<port>/token',
    'file:///etc/passwd',
  ])('by a realm: %s', async text => {
    const realm = text.replace('<port>', String(secret.port))
    const headers = { 'www-authenticate': `Bearer realm="${realm}",service="x"` }
    registry.faults.add({ fault: { kind: 'status', status: 401, headers } })
    const run = await evaluate(`docker-image://${registry.host}/base:1`, [registry.host])
    expect({ exitCode: run.exitCode, log: secret.log }).toEqual({ exitCode: 3, log: [] })
  })
})

/** The packages as an embedder puts them together, names resolved by the test. */
function packages(options: { lookup?: (name: string) => Promise<ResolvedAddress[]>; allow?: readonly string[] }) {
  const transport = createTransport({
    ...(options.lookup && { lookup: options.lookup }),
    allowAddresses: options.allow ?? [],
    retries: 0,
    connectTimeoutMs: 2_000,
  })
  return { transport, resolvers: resolversOn(transport) }
}

const resolversOn = (transport: Transport): Resolver[] => [
  httpResolver({ transport }),
  gitResolver({ transport, git: { timeoutMs: 5_000 } }),
  imageResolver({ registry: createRegistryClient({ transport }) }),
]

const policy = jsPolicy({
  name: 'asks',
  evaluate: input => ({ allow: Boolean(input.http?.checksum ?? input.git?.commit ?? input.image?.labels) }),
})

describe('no request to what a name server makes of a name', () => {
  const address = (text: string): ResolvedAddress => ({ address: text, family: text.includes(':') ? 6 : 4 })
  const answers: readonly (readonly [string, (asked: number) => string[]])[] = [
    ['loopback', () => ['127.0.0.1']],
    ['link-local', () => ['169.254.169.254']],
    ['private', () => ['10.1.2.3']],
    ['mapped', () => ['::ffff:127.0.0.1']],
    ['a public address and another', () => ['192.0.43.10', '127.0.0.1']],
    ['a public address first, then another', asked => [asked > 0 ? '127.0.0.1' : '192.0.43.10', '127.0.0.1']],
    ['nothing', () => []],
  ]

  it.each(answers)('%s', async (_, answer) => {
    let asked = 0
    const lookup = async () => answer(asked++).map(address)
    const { transport, resolvers } = packages({ lookup })
    const { evaluate } = createEvaluator({ policies: [policy], resolvers })
    for (const source of [
      'http://rebind.test:<port>/a',
      'git://git://rebind.test:<port>/x.git',
      'docker-image://rebind.test:<port>/a:1',
    ]) {
      const { decision } = await evaluate(source.replace('<port>', String(secret.port)), {
        platform: { os: 'linux', architecture: 'amd64' },
      })
      expect(decision.kind).toBe('undecided')
    }
    expect(secret.log).toEqual([])
    await transport.close()
  })
})

/** A source with one material, as provenance names them. */
function withMaterial(identifier: string): Resolver {
  return {
    kind: 'made',
    schemes: ['made'],
    // materials without a platform of their own are for that of the source
    parse: (id, { attrs, platform }) => ({ kind: 'made', identifier: id, attrs, ...(platform && { platform }) }),
    describe: () => ({ input: { image: {} }, unknown: [['image', 'provenance']] }),
    resolve: async () => ({
      known: [{ path: ['image', 'provenance'], value: { materials: [{}] }, basis: 'server' }],
      absent: [],
      unavailable: [],
      children: [{ path: ['image', 'provenance', 'materials', 0], identifier }],
    }),
  }
}

const asksMaterial = jsPolicy({
  name: 'material',
  evaluate(input) {
    const material = (input.image?.provenance as { materials?: (typeof input)[] } | undefined)?.materials?.[0]
    return { allow: Boolean(material?.http?.checksum ?? material?.git?.commit ?? material?.image?.labels) }
  },
})

describe('a material', () => {
  const decide = async (
    identifier: string,
    allow: readonly string[],
    more: Partial<Parameters<typeof createEvaluator>[0]> = {},
  ) => {
    const { transport, resolvers } = packages({ allow })
    const own = more.resolvers ?? resolvers
    const { evaluate } = createEvaluator({
      policies: [asksMaterial],
      ...more,
      resolvers: [withMaterial(identifier), ...own],
    })
    const { decision } = await evaluate('made://x', { platform: { os: 'linux', architecture: 'amd64' } })
    await transport.close()
    return decision.kind
  }

  it.each(['http://127.0.0.1:<port>/a', 'git://http://127.0.0.1:<port>/x.git', 'docker-image://127.0.0.1:<port>/a:1'])(
    'leads to no address that is not listed: %s',
    async text => {
      expect(await decide(text.replace('<port>', String(secret.port)), [listed.host])).toBe('undecided')
      expect(secret.log).toEqual([])
    },
  )

  it('that may not be described is not passed over', async () => {
    expect(await decide('nothing://x', [])).not.toBe('allow')
    expect(await decide('made://x', [])).not.toBe('allow')
  })

  it.each([
    [false, 0],
    [true, 1],
  ])('is fetched with credentials only where the embedder says so: %s', async (materialCredentials, expected) => {
    const { transport } = packages({ allow: [listed.host, registry.host] })
    const spent: string[] = []
    const credentialsFor = async (name: string) => {
      spent.push(name)
      return undefined
    }
    const resolvers = [
      gitResolver({ transport, credentialsFor: host => void spent.push(host) }),
      imageResolver({ registry: createRegistryClient({ transport, credentialsFor }) }),
      httpResolver({ transport, secret: id => void spent.push(id) }),
    ]
    registry.faults.add({ fault: { kind: 'status', status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } } })
    for (const identifier of [`git://${listed.url}/x.git`, `docker-image://${registry.host}/a:1`]) {
      spent.length = 0
      await decide(identifier, [], { materialCredentials, resolvers })
      expect(Math.min(spent.length, 1), identifier).toBe(expected)
    }
    listed.clearLog()
    await decide(`http://user:password@${listed.host}/a`, [], { materialCredentials, resolvers })
    expect(listed.log.filter(({ headers }) => headers.authorization !== undefined).length).toBe(expected)
    await transport.close()
  })
})

describe('credentials', () => {
  it('of a URL do not follow a redirect to another host, nor back from there', async () => {
    const other = await startHTTPOrigin({ files: {} })
    listed.faults.add({ match: '/a', fault: { kind: 'redirect', location: `${other.url}/b` } })
    other.faults.add({ match: '/b', fault: { kind: 'redirect', location: `${listed.url}/c` } })
    listed.setFile('/c', 'content')
    const run = await evaluate(`http://user:password@${listed.host}/a`, [listed.host, other.host])
    expect(run.exitCode, outputOf(run)).toBe(0)
    const sent = [...listed.log, ...other.log].filter(({ headers }) => headers.authorization !== undefined)
    expect(sent.map(({ path }) => path)).toEqual(['/a'])
    await other.close()
  })

  it('of a registry go to no other: by redirect, by its challenge, by its realm', async () => {
    const auth = Buffer.from('user:password').toString('base64')
    const other = await startRegistry({ auth: { kind: 'basic', users: { user: 'password' } } })
    const env = { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [registry.host]: { auth } } }) }
    const decide = (source: string) =>
      attempt({ files: { 'Dockerfile.rego': asks }, argv: ['eval', source], env, allow: [registry.host, other.host] })

    const byName = await decide(`docker-image://${other.host}/base:1`)
    registry.faults.add({ fault: { kind: 'redirect', location: `${other.url}/v2/base/manifests/1` } })
    const byRedirect = await decide(`docker-image://${registry.host}/base:1`)
    registry.faults.clear()
    // a registry that nobody has credentials for sends us for a token to one that somebody has
    const headers = { 'www-authenticate': `Bearer realm="${registry.url}/token",service="x",scope="repository:a:push"` }
    other.faults.add({ fault: { kind: 'status', status: 401, headers } })
    const byRealm = await decide(`docker-image://${other.host}/base:1`)

    expect([byName, byRedirect, byRealm].map(({ exitCode }) => exitCode)).toEqual([3, 3, 3])
    expect(other.log.filter(request => request.headers.authorization?.startsWith('Basic'))).toEqual([])
    const asked = registry.log.filter(({ path }) => path.startsWith('/token'))
    expect(asked.length).toBeGreaterThan(0)
    expect(asked.filter(request => request.headers.authorization !== undefined)).toEqual([])
    expect(asked.filter(({ path }) => /push/.test(decodeURIComponent(path)))).toEqual([])
    await other.close()
  })

  it('for git that name no host go to the host of the main context only', async () => {
    const find = gitSecrets({
      secrets: { GIT_AUTH_TOKEN: 'general', 'GIT_AUTH_TOKEN.git.example.com': 'own' },
      mainContextHost: 'main.example.com',
    })
    const hosts = [
      'main.example.com',
      'main.example.com:8443',
      'evil.example.com',
      'main.example.com.evil.com',
      'git.example.com',
      'sub.git.example.com',
      '',
    ]
    expect(hosts.map(find)).toEqual([
      { token: 'general' },
      undefined,
      undefined,
      undefined,
      { token: 'own' },
      undefined,
      undefined,
    ])
  })

  it('for git of the environment go nowhere where the context is no repository', async () => {
    const env = { GIT_AUTH_TOKEN: 'general', GIT_AUTH_HEADER: 'Basic x', 'GIT_AUTH_TOKEN.example.com': 'own' }
    listed.faults.add({ fault: { kind: 'status', status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } } })
    const files = { Dockerfile: `FROM scratch\nADD ${listed.url}/x.git#main /\n`, 'Dockerfile.rego': asks }
    const run = await attempt({ files, env, allow: [listed.host], argv: ['check', '--log-level', 'debug'] })
    expect(run.exitCode).not.toBe(0)
    expect(listed.log.length).toBeGreaterThan(0)
    expect(listed.log.filter(({ headers }) => headers.authorization !== undefined)).toEqual([])
  })

  it('of a URL are not sent in the clear', async () => {
    const { transport } = packages({ lookup: async () => [{ address: '127.0.0.1', family: 4 }], allow: ['127.0.0.1'] })
    const run = createRun()
    const url = `http://user:password@plain.test:${listed.port}/a`
    const request = transport.request({ method: 'GET', url, maxBytes: 100, run, signal: run.signal })
    await expect(request).rejects.toMatchObject({ code: 'credentials_forbidden' })
    expect(listed.log).toEqual([])
    await transport.close()
  })
})

import { createRun, type Run } from '@source-policy/core'
import {
  buildImage,
  buildIndex,
  describedAs,
  type Registry,
  type RegistryOptions,
  rawContent,
  startRegistry,
} from '@source-policy/testkit'
import { createTransport, type TransportOptions } from '@source-policy/transport'
import { afterEach, describe, expect, it } from 'vitest'
import type { Credentials } from './credentials.ts'
import { MEDIA_TYPES } from './media-type.ts'
import { parseReference } from './reference.ts'
import { createRegistryClient, type RegistryClientOptions } from './registry-client.ts'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

async function start(options: RegistryOptions = {}): Promise<Registry> {
  const registry = await startRegistry(options)
  open.push(registry)
  return registry
}

function client(
  registries: readonly Registry[],
  options: Partial<RegistryClientOptions> & {
    credentials?: Credentials
    transport?: never
    over?: TransportOptions
  } = {},
) {
  const { credentials, over, ...rest } = options
  const hosts = registries.map(({ host }) => host)
  const transport = createTransport({ allowAddresses: hosts, insecureHosts: hosts, retries: 0, ...over })
  open.push(transport)
  return createRegistryClient({ transport, ...(credentials && { credentialsFor: async () => credentials }), ...rest })
}

const contextOf = (run: Run = createRun(), anonymous = false) => ({ run, signal: run.signal, anonymous })
const coded = (code: string) => expect.objectContaining({ code })

describe('reading content', () => {
  it('asks for each tag, manifest and blob once in a run', async () => {
    const registry = await start()
    const image = buildImage()
    registry.push('app', image, 'v1')
    const source = client([registry])
    const context = contextOf()
    const reference = parseReference(`${registry.host}/app:v1`)
    const [first, second] = await Promise.all([source.root(reference, context), source.root(reference, context)])
    expect(first.digest).toBe(image.digest)
    expect(second).toBe(first)
    const byDigest = await source.root(parseReference(`${registry.host}/app@${image.digest}`), context)
    expect(byDigest.bytes).toEqual(first.bytes)
    await source.document(reference, image.descriptor, context)
    const { document } = first
    if (document.kind !== 'manifest') throw new Error('expected a manifest')
    const limit = { maxBytes: 10_000 }
    await Promise.all([0, 1].map(() => source.blob(reference, document.config, limit, context)))
    expect(registry.log.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /v2/app/manifests/v1',
      `GET /v2/app/blobs/${document.config.digest}`,
    ])
    await source.root(reference, contextOf())
    expect(registry.log).toHaveLength(3)
  })

  it('asks for latest where there is neither tag nor digest', async () => {
    const registry = await start()
    registry.push('app', buildImage(), 'latest')
    await client([registry]).root(parseReference(`${registry.host}/app`), contextOf())
    expect(registry.log[0]?.path).toBe('/v2/app/manifests/latest')
  })

  it('does not take bytes that have another digest, size or type', async () => {
    const registry = await start()
    const image = buildImage()
    registry.push('app', image, 'v1')
    const reference = parseReference(`${registry.host}/app@${image.digest}`)
    const source = client([registry])
    const read = (descriptor: typeof image.descriptor) => source.document(reference, descriptor, contextOf())
    await expect(read({ ...image.descriptor, size: 3 })).rejects.toThrow(coded('size_mismatch'))
    await expect(read({ ...image.descriptor, mediaType: MEDIA_TYPES.ociIndex })).rejects.toThrow(
      coded('content_invalid'),
    )
    const blob = image.blobs[0]!
    const descriptor = { mediaType: blob.mediaType, digest: blob.digest, size: blob.bytes.length }
    const readBlob = (size: number, maxBytes = 10_000) =>
      source.blob(reference, { ...descriptor, size }, { maxBytes }, contextOf())
    await expect(readBlob(descriptor.size - 1)).rejects.toThrow(coded('size_mismatch'))
    await expect(readBlob(descriptor.size + 1)).rejects.toThrow(coded('size_mismatch'))
    await expect(readBlob(descriptor.size, 10)).rejects.toThrow(coded('content_too_large'))
    registry.faults.add({ fault: { kind: 'corrupt' } })
    await expect(source.root(reference, contextOf())).rejects.toThrow(coded('digest_mismatch'))
    await expect(readBlob(descriptor.size)).rejects.toThrow(coded('digest_mismatch'))
  })

  it('does not let one wrong descriptor spoil the content for others', async () => {
    const registry = await start()
    const image = buildImage()
    registry.push('app', image, 'v1')
    const reference = parseReference(`${registry.host}/app:v1`)
    const source = client([registry])
    const context = contextOf()
    const wrong = { ...image.descriptor, size: 1 }
    await expect(source.document(reference, wrong, context)).rejects.toThrow(coded('size_mismatch'))
    expect((await source.document(reference, image.descriptor, context)).digest).toBe(image.digest)
  })

  it('does not take a tag whose bytes are not what the registry calls them', async () => {
    const registry = await start()
    registry.push('app', buildImage(), 'v1')
    registry.faults.add({ fault: { kind: 'corrupt', offset: 0 } })
    await expect(client([registry]).root(parseReference(`${registry.host}/app:v1`), contextOf())).rejects.toThrow(
      coded('digest_mismatch'),
    )
  })

  it.each([
    [
      'both manifest and index',
      { schemaVersion: 2, config: {}, manifests: [] },
      MEDIA_TYPES.ociIndex,
      'content_invalid',
    ],
    ['schema 1', { schemaVersion: 1 }, MEDIA_TYPES.dockerSchema1Signed, 'media_type_unsupported'],
    ['HTML', '<html>', 'text/html', 'media_type_unsupported'],
  ])('refuses %s', async (_name, document, mediaType, code) => {
    const registry = await start()
    registry.push(
      'app',
      rawContent(typeof document === 'string' ? document : JSON.stringify(document), mediaType),
      'v1',
    )
    const reference = parseReference(`${registry.host}/app:v1`)
    await expect(client([registry]).root(reference, contextOf())).rejects.toThrow(coded(code))
  })

  it.each([
    [401, 'challenge_invalid'],
    [403, 'denied'],
    [404, 'not_found'],
    [418, 'registry_failed'],
    [204, 'registry_failed'],
  ])('says what status %i means', async (status, code) => {
    const registry = await start()
    registry.faults.add({
      fault: {
        kind: 'status',
        status,
        body: status === 204 ? '' : '{"errors":[{"code":"DENIED","message":"\u001b[2J"}]}',
      },
    })
    const read = client([registry]).root(parseReference(`${registry.host}/app:v1`), contextOf())
    await expect(read).rejects.toThrow(coded(code))
    await expect(read).rejects.not.toThrow('\u001b')
  })

  it('keeps the codes of the registry', async () => {
    const registry = await start()
    await expect(client([registry]).root(parseReference(`${registry.host}/app:v1`), contextOf())).rejects.toThrow(
      expect.objectContaining({ code: 'not_found', registryErrors: ['MANIFEST_UNKNOWN'] }),
    )
  })

  it('binds a failure for the run', async () => {
    const registry = await start()
    const source = client([registry])
    const context = contextOf()
    const reference = parseReference(`${registry.host}/app:v1`)
    await expect(source.root(reference, context)).rejects.toThrow(coded('not_found'))
    registry.push('app', buildImage(), 'v1')
    await expect(source.root(reference, context)).rejects.toThrow(coded('not_found'))
    expect(registry.log).toHaveLength(1)
  })

  it('sees a tag that moves during the run', async () => {
    const registry = await start()
    registry.push('app', buildImage(), 'v1')
    const source = client([registry])
    const run = createRun()
    const reference = parseReference(`${registry.host}/app:v1`)
    await source.root(reference, contextOf(run))
    registry.push('app', buildImage({ labels: { moved: 'yes' } }), 'v1')
    await expect(source.root(reference, contextOf(run, true))).rejects.toThrow(coded('digest_mismatch'))
  })
})

describe('authentication', () => {
  const users = { alice: 's3cret' }
  const alice: Credentials = { username: 'alice', password: 's3cret' }

  it('uses a password only after it was asked for, and at once from then on', async () => {
    const registry = await start({ auth: { kind: 'basic', users } })
    registry.push('a', buildImage(), 'v1')
    registry.push('b', buildImage(), 'v1')
    const source = client([registry], { credentials: alice })
    const context = contextOf()
    await source.root(parseReference(`${registry.host}/a:v1`), context)
    await source.root(parseReference(`${registry.host}/b:v1`), context)
    expect(registry.log.map(({ status }) => status)).toEqual([401, 200, 200])
    expect(registry.log[0]?.headers.authorization).toBeUndefined()
  })

  it('asks for one token a repository and scope', async () => {
    const registry = await start({ auth: { kind: 'token', users, anonymousPull: () => false } })
    const image = buildImage()
    registry.push('org/a', image, 'v1')
    registry.push('b', buildImage(), 'v1')
    const source = client([registry], { credentials: alice })
    const context = contextOf()
    const a = parseReference(`${registry.host}/org/a:v1`)
    const { document } = await source.root(a, context)
    if (document.kind === 'manifest') await source.blob(a, document.config, { maxBytes: 10_000 }, context)
    await source.root(parseReference(`${registry.host}/b:v1`), context)
    const paths = registry.log.map(({ path }) => path.replace(/sha256:.*/, 'digest'))
    const token = (name: string) => `/token?scope=${encodeURIComponent(`repository:${name}:pull`)}&service=testkit`
    expect(paths).toEqual([
      '/v2/org/a/manifests/v1',
      token('org/a'),
      '/v2/org/a/manifests/v1',
      '/v2/org/a/blobs/digest',
      token('b'),
      '/v2/b/manifests/v1',
    ])
    expect(registry.contentRequests()).toHaveLength(3)
  })

  it('pulls what is public without credentials', async () => {
    const registry = await start({ auth: { kind: 'token', users, field: 'access_token' } })
    registry.push('a', buildImage(), 'v1')
    await client([registry]).root(parseReference(`${registry.host}/a:v1`), contextOf())
    expect(registry.log.every(({ headers }) => !headers.authorization?.startsWith('Basic'))).toBe(true)
  })

  it('uses no credentials where it is to be anonymous', async () => {
    const registry = await start({ auth: { kind: 'token', users, anonymousPull: () => false } })
    registry.push('a', buildImage(), 'v1')
    const source = client([registry], { credentials: alice })
    const run = createRun()
    const reference = parseReference(`${registry.host}/a:v1`)
    await expect(source.root(reference, contextOf(run, true))).rejects.toThrow(coded('unauthorized'))
    expect((await source.root(reference, contextOf(run))).digest).toMatch(/^sha256:/)
    await expect(source.root(reference, contextOf(run, true))).rejects.toThrow(coded('unauthorized'))
  })

  it('gets a new token when the old one expired, also in the eyes of the registry alone', async () => {
    let time = 1_000_000
    const registry = await start({ auth: { kind: 'token', users, ttlSeconds: 1 }, now: () => time })
    registry.push('a', buildImage(), 'v1')
    registry.push('a', buildImage({ user: 'x' }), 'v2')
    registry.push('a', buildImage({ user: 'y' }), 'v3')
    let ours = 0
    const source = client([registry], { now: () => ours })
    const context = contextOf()
    const read = (tag: string) => source.root(parseReference(`${registry.host}/a:${tag}`), context)
    await read('v1')
    time += 2_000
    await read('v2')
    expect(registry.log.map(({ status }) => status)).toEqual([401, 200, 200, 401, 200, 200])
    registry.clearLog()
    ours += 2_000
    time += 2_000
    await read('v3')
    expect(registry.log.map(({ status }) => status)).toEqual([200, 200])
  })

  it('shares a token between runs, but not the end of one of them', async () => {
    const registry = await start({ auth: { kind: 'token', users } })
    registry.push('a', buildImage(), 'v1')
    registry.faults.add({ match: /^\/token/, fault: { kind: 'stall' }, times: 1 })
    const source = client([registry])
    const reference = parseReference(`${registry.host}/a:v1`)
    const controller = new AbortController()
    const first = source.root(reference, contextOf(createRun({ signal: controller.signal })))
    while (!registry.log.some(({ path }) => path.startsWith('/token')))
      await new Promise(resolve => setTimeout(resolve, 5))
    const second = source.root(reference, contextOf())
    setTimeout(() => controller.abort(new Error('enough')), 50)
    await expect(first).rejects.toThrow('enough')
    expect((await second).digest).toMatch(/^sha256:/)
    registry.clearLog()
    await source.root(reference, contextOf())
    expect(registry.log).toHaveLength(1)
  })

  it('asks once for a token that is refused, however many wait for it', async () => {
    const registry = await start({ auth: { kind: 'token', users } })
    registry.faults.add({ match: /^\/token/, fault: { kind: 'status', status: 403 } })
    const source = client([registry])
    const context = contextOf()
    const tags = ['v1', 'v2', 'v3', 'v4', 'v5']
    const reads = tags.map(tag => source.root(parseReference(`${registry.host}/a:${tag}`), context))
    for (const read of reads) await expect(read).rejects.toThrow(coded('unauthorized'))
    expect(registry.log.filter(({ path }) => path.startsWith('/token')).length).toBeLessThan(tags.length)
  })

  it('exchanges an identity token by a form', async () => {
    const registry = await start({
      auth: { kind: 'token', users, anonymousPull: () => false, identityTokens: { 'id-1': 'alice' } },
    })
    registry.push('a', buildImage(), 'v1')
    await client([registry], { credentials: { identityToken: 'id-1' } }).root(
      parseReference(`${registry.host}/a:v1`),
      contextOf(),
    )
    expect(registry.log.map(({ method }) => method)).toEqual(['GET', 'POST', 'GET'])
  })

  it.each<[string, Credentials, RegistryOptions['auth']]>([
    ['a wrong password', { username: 'alice', password: 'x' }, { kind: 'basic', users }],
    ['a wrong password at the token endpoint', { username: 'alice', password: 'x' }, { kind: 'token', users }],
    ['an identity token where a password is asked for', { identityToken: 'x' }, { kind: 'basic', users }],
    ['a wrong identity token', { identityToken: 'x' }, { kind: 'token', users }],
    ['a wrong registry token', { registryToken: 'x' }, { kind: 'token', users }],
  ])('gives up on %s', async (_name, credentials, auth) => {
    const registry = await start({ auth: auth! })
    registry.push('a', buildImage(), 'v1')
    const read = client([registry], { credentials }).root(parseReference(`${registry.host}/a:v1`), contextOf())
    await expect(read).rejects.toThrow(coded('unauthorized'))
    await expect(read).rejects.not.toThrow(/"x"|alice/)
    expect(registry.log.length).toBeLessThan(4)
  })

  it('asks for no more than to pull, whatever the challenge says', async () => {
    const registry = await start({ auth: { kind: 'token', users } })
    registry.push('a', buildImage(), 'v1')
    const challenge = `Bearer realm="${registry.url}/token",service="testkit",scope="repository:a:pull,push,delete registry:catalog:*"`
    registry.faults.add({
      fault: { kind: 'status', status: 401, headers: { 'www-authenticate': challenge } },
      times: 1,
    })
    await client([registry]).root(parseReference(`${registry.host}/a:v1`), contextOf())
    expect(new URLSearchParams(registry.log[1]?.path.split('?')[1]).getAll('scope')).toEqual(['repository:a:pull'])
  })

  it('does not answer the challenge of a host that it was redirected to', async () => {
    const [registry, other] = [await start(), await start({ auth: { kind: 'basic', users } })]
    registry.faults.add({ fault: { kind: 'redirect', location: `${other.url}/v2/a/manifests/v1` } })
    const read = client([registry, other], { credentials: alice }).root(
      parseReference(`${registry.host}/a:v1`),
      contextOf(),
    )
    await expect(read).rejects.toThrow(coded('unauthorized'))
    expect(other.log.every(({ headers }) => headers.authorization === undefined)).toBe(true)
  })

  it.each([
    ['no URL', 'realm="x"'],
    ['another scheme', 'realm="file:///etc/passwd"'],
    ['credentials of its own', 'realm="http://a:b@127.0.0.1/"'],
    ['no realm', 'service="x"'],
  ])('refuses a realm with %s', async (_name, parameters) => {
    const registry = await start()
    const headers = { 'www-authenticate': `Bearer ${parameters}` }
    registry.faults.add({ fault: { kind: 'status', status: 401, headers } })
    await expect(
      client([registry], { credentials: alice }).root(parseReference(`${registry.host}/a:v1`), contextOf()),
    ).rejects.toThrow(coded('challenge_invalid'))
  })

  it('does not look for a token at a private address that is not listed', async () => {
    const registry = await start({ auth: { kind: 'token', users, realm: 'http://169.254.169.254/token' } })
    await expect(client([registry]).root(parseReference(`${registry.host}/a:v1`), contextOf())).rejects.toThrow(
      coded('address_forbidden'),
    )
  })

  it.each([
    ['no JSON', 'token'],
    ['no token', '{}'],
    ['a token that would break out of its header', '{"token":"a\\r\\nx: y"}'],
    ['an empty token', '{"token":""}'],
    ['two tokens', '{"token":"a","token":"b"}'],
  ])('refuses an answer with %s', async (_name, body) => {
    const registry = await start({ auth: { kind: 'token', users } })
    registry.faults.add({ match: /^\/token/, fault: { kind: 'status', status: 200, body } })
    await expect(client([registry]).root(parseReference(`${registry.host}/a:v1`), contextOf())).rejects.toThrow(
      coded('token_invalid'),
    )
  })
})

describe('mirrors', () => {
  it('are asked first, with the name of the registry, and passed over where they fail', async () => {
    const [mirror, origin] = [await start(), await start()]
    const image = buildImage()
    mirror.push('hub/app', image, 'v1')
    origin.push('app', buildImage(), 'v1')
    origin.push('app', buildImage({ user: 'x' }), 'v2')
    const registries = { [origin.host]: { mirrors: [`${mirror.host}/hub`] } }
    const source = client([mirror, origin], { registries })
    const context = contextOf()
    const first = await source.root(parseReference(`${origin.host}/app:v1`), context)
    expect(first.digest).toBe(image.digest)
    expect(mirror.log[0]?.path).toBe(`/v2/hub/app/manifests/v1?ns=${encodeURIComponent(origin.host)}`)
    expect(origin.log).toHaveLength(0)
    await source.root(parseReference(`${origin.host}/app:v2`), context)
    expect(origin.log).toHaveLength(1)
  })

  it('are not given the credentials of the registry', async () => {
    const users = { alice: 's3cret' }
    const [mirror, origin] = [
      await start({ auth: { kind: 'basic', users } }),
      await start({ auth: { kind: 'basic', users } }),
    ]
    origin.push('app', buildImage(), 'v1')
    const source = client([mirror, origin], {
      registries: { [origin.host]: { mirrors: [mirror.host] } },
      credentialsFor: async name => (name === origin.host ? { username: 'alice', password: 's3cret' } : undefined),
    })
    await source.root(parseReference(`${origin.host}/app:v1`), contextOf())
    expect(mirror.log.every(({ headers }) => headers.authorization === undefined)).toBe(true)
  })
})

describe('indexes', () => {
  it('are read with their entries', async () => {
    const registry = await start()
    const image = buildImage()
    registry.push(
      'app',
      buildIndex([image, describedAs(image, { platform: { os: 'linux', architecture: 'arm64' } })]),
      'v1',
    )
    const { document } = await client([registry]).root(parseReference(`${registry.host}/app:v1`), contextOf())
    expect(document.kind === 'index' && document.manifests.map(({ platform }) => platform?.architecture)).toEqual([
      'amd64',
      'arm64',
    ])
  })
})

import { digestOf, MEDIA_TYPES } from '@source-policy/oci'
import { afterEach, describe, expect, it } from 'vitest'
import { type BuiltContent, buildArtifact, buildAttestation, buildImage, buildIndex } from './image-builder.ts'
import { type Registry, type RegistryOptions, startRegistry } from './registry.ts'

let registry: Registry

afterEach(() => registry?.close())

async function start(options: RegistryOptions = {}): Promise<Registry> {
  registry = await startRegistry(options)
  return registry
}

const get = (path: string, init?: RequestInit) => fetch(`${registry.url}${path}`, init)

async function pushOverHTTP(name: string, content: BuiltContent, reference: string): Promise<Response> {
  for (const blob of content.blobs) {
    const started = await get(`/v2/${name}/blobs/uploads/`, { method: 'POST' })
    const location = started.headers.get('location')!
    await get(location, { method: 'PATCH', body: blob.bytes.slice(0, 1) as Uint8Array<ArrayBuffer> })
    const rest = blob.bytes.slice(1) as Uint8Array<ArrayBuffer>
    const finished = await get(`${location}?digest=${blob.digest}`, { method: 'PUT', body: rest })
    expect(finished.status).toBe(201)
  }
  const headers = { 'content-type': content.mediaType }
  const body = content.bytes as Uint8Array<ArrayBuffer>
  return get(`/v2/${name}/manifests/${reference}`, { method: 'PUT', headers, body })
}

describe('registry', () => {
  it('gives back what was pushed', async () => {
    await start()
    const image = buildImage({ labels: { a: '1' } })
    expect((await pushOverHTTP('org/app', image, 'v1')).status).toBe(201)
    const byTag = await get('/v2/org/app/manifests/v1')
    expect(byTag.headers.get('docker-content-digest')).toBe(image.digest)
    expect(byTag.headers.get('content-type')).toBe(MEDIA_TYPES.ociManifest)
    expect(digestOf(new Uint8Array(await byTag.arrayBuffer()))).toBe(image.digest)
    expect((await get(`/v2/org/app/manifests/${image.digest}`, { method: 'HEAD' })).status).toBe(200)
    const blob = await get(`/v2/org/app/blobs/${image.blobs[0]!.digest}`, { headers: { range: 'bytes=2-5' } })
    expect(blob.status).toBe(206)
    expect(Buffer.from(await blob.arrayBuffer())).toEqual(Buffer.from(image.blobs[0]!.bytes.subarray(2, 6)))
    expect(await (await get('/v2/org/app/tags/list')).json()).toEqual({ name: 'org/app', tags: ['v1'] })
    expect((await get('/v2/org/app/manifests/v2')).status).toBe(404)
  })

  it('refuses a blob and a manifest with another digest', async () => {
    await start()
    const wrong = digestOf(Buffer.from('other'))
    const upload = await get(`/v2/a/blobs/uploads/?digest=${wrong}`, { method: 'POST', body: 'bytes' })
    expect(upload.status).toBe(400)
    expect((await get(`/v2/a/manifests/${wrong}`, { method: 'PUT', body: '{}' })).status).toBe(400)
  })

  it('builds equal bytes from equal options', () => {
    const build = () => buildIndex([buildImage({ env: ['A=1'] })]).digest
    expect(build()).toBe(build())
  })

  it('lists referrers in pages and filters them', async () => {
    await start({ referrersPageSize: 2 })
    const image = buildImage()
    registry.push('app', image, 'v1')
    for (const n of [1, 2, 3]) {
      registry.push('app', buildArtifact({ artifactType: 'x/sig', subject: image, annotations: { n: String(n) } }))
    }
    registry.push('app', buildArtifact({ artifactType: 'x/sbom', subject: image }))
    const found: string[] = []
    let next: string | undefined = `/v2/app/referrers/${image.digest}?artifactType=x%2Fsig`
    while (next !== undefined) {
      const page = await get(next)
      expect(page.headers.get('oci-filters-applied')).toBe('artifactType')
      const { manifests } = (await page.json()) as { manifests: { digest: string; artifactType: string }[] }
      expect(manifests.every(({ artifactType }) => artifactType === 'x/sig')).toBe(true)
      found.push(...manifests.map(({ digest }) => digest))
      next = /^<(.+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1]
    }
    expect(new Set(found).size).toBe(3)
    expect(registry.log).toHaveLength(2)
  })

  it('keeps referrers under a tag where it has no endpoint for them', async () => {
    await start({ referrers: 'fallback' })
    const image = buildImage()
    registry.push('app', image, 'v1')
    registry.push('app', buildArtifact({ artifactType: 'x/sig', subject: image }))
    expect((await get(`/v2/app/referrers/${image.digest}`)).status).toBe(404)
    const index = (await (await get(`/v2/app/manifests/${image.digest.replace(':', '-')}`)).json()) as {
      manifests: unknown[]
    }
    expect(index.manifests).toHaveLength(1)
  })

  it.each(['annotation', 'artifact'] as const)('ties an attestation of the form %s to its image', form => {
    const image = buildImage()
    const attestation = buildAttestation(image, [{ predicateType: 'https://slsa.dev/provenance/v1', predicate: {} }], {
      form,
    })
    const index = JSON.parse(Buffer.from(buildIndex([image, attestation]).bytes).toString())
    expect(index.manifests[1].annotations['vnd.docker.reference.digest']).toBe(image.digest)
    const manifest = JSON.parse(Buffer.from(attestation.bytes).toString())
    expect(manifest.subject?.digest).toBe(form === 'artifact' ? image.digest : undefined)
  })
})

describe('authentication', () => {
  const users = { alice: 's3cret' }
  const basic = { authorization: `Basic ${Buffer.from('alice:s3cret').toString('base64')}` }

  it('asks for a password', async () => {
    await start({ auth: { kind: 'basic', users } })
    registry.push('app', buildImage(), 'v1')
    const refused = await get('/v2/app/manifests/v1')
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="testkit"'])
    expect((await get('/v2/app/manifests/v1', { headers: basic })).status).toBe(200)
    expect(registry.contentRequests()).toHaveLength(1)
  })

  it('gives out tokens for a scope, for a time', async () => {
    let time = 0
    await start({
      auth: { kind: 'token', users, anonymousPull: name => name === 'public', ttlSeconds: 60 },
      now: () => time,
    })
    registry.push('public', buildImage(), 'v1')
    registry.push('private', buildImage(), 'v1')
    const refused = await get('/v2/public/manifests/v1')
    expect(refused.headers.get('www-authenticate')).toBe(
      `Bearer realm="${registry.url}/token",service="testkit",scope="repository:public:pull"`,
    )
    const token = async (name: string, headers: Record<string, string> = {}) => {
      const answer = await get(`/token?service=testkit&scope=repository:${name}:pull`, { headers })
      return { authorization: `Bearer ${((await answer.json()) as { token?: string }).token}` }
    }
    const anonymous = await token('public')
    expect((await get('/v2/public/manifests/v1', { headers: anonymous })).status).toBe(200)
    expect((await get('/v2/private/manifests/v1', { headers: anonymous })).status).toBe(401)
    expect((await get('/v2/private/manifests/v1', { headers: await token('private') })).status).toBe(401)
    const alice = await token('private', basic)
    expect((await get('/v2/private/manifests/v1', { headers: alice })).status).toBe(200)
    time = 60_000
    expect((await get('/v2/private/manifests/v1', { headers: alice })).status).toBe(401)
    expect((await get('/token?service=testkit', { headers: { authorization: 'Basic YTpi' } })).status).toBe(401)
  })

  it('exchanges an identity token', async () => {
    await start({ auth: { kind: 'token', users, identityTokens: { 'id-1': 'alice' } } })
    const exchange = (refresh: string) =>
      get('/token', {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'refresh_token', service: 'testkit', refresh_token: refresh }),
      })
    expect((await exchange('id-1')).status).toBe(200)
    expect((await exchange('id-2')).status).toBe(401)
  })
})

describe('faults', () => {
  it('spoil the requests that they match', async () => {
    await start()
    const image = buildImage()
    registry.push('app', image, 'v1')
    registry.faults.add({ match: /\/manifests\//, fault: { kind: 'corrupt' }, times: 1 })
    const spoilt = new Uint8Array(await (await get('/v2/app/manifests/v1')).arrayBuffer())
    expect(digestOf(spoilt)).not.toBe(image.digest)
    const whole = new Uint8Array(await (await get('/v2/app/manifests/v1')).arrayBuffer())
    expect(digestOf(whole)).toBe(image.digest)
  })
})

import { createRun, type Facts, type Path, type Run } from '@source-policy/core'
import { type ContentSource, createRegistryClient, parsePlatform } from '@source-policy/oci'
import {
  type BuiltContent,
  buildAttestation,
  buildImage,
  buildIndex,
  type Registry,
  type RegistryOptions,
  startRegistry,
} from '@source-policy/testkit'
import { createTransport, type Transport } from '@source-policy/transport'
import { afterEach, describe, expect, it } from 'vitest'
import { imageResolver } from './image-resolver.ts'

const platforms = ['linux/amd64', 'linux/arm64']
const provenance = [{ predicateType: 'https://slsa.dev/provenance/v1', predicate: {} }]

let registry: Registry
let transport: Transport

async function start(options: RegistryOptions = {}): Promise<Registry> {
  registry = await startRegistry(options)
  transport = createTransport({ allowAddresses: [registry.host], insecureHosts: [registry.host], retries: 0 })
  return registry
}
afterEach(async () => {
  await transport?.close()
  await registry?.close()
})

const imagesOf = () =>
  platforms.map(platform => buildImage({ platform: parsePlatform(platform), labels: { platform }, user: 'app' }))

function resolve(
  name: string,
  fields: readonly string[],
  { run = createRun(), attrs = {}, platform = 'linux/arm64', anonymous = false, resolver = fresh() } = {},
): Promise<Facts> {
  const identifier = `docker-image://${registry.host}/${name}`
  const source = resolver.parse(identifier, { attrs, platform: parsePlatform(platform) })
  const paths = fields.map((field): Path => ['image', field])
  return resolver.resolve(source, paths, { run, signal: run.signal, anonymous })
}

const fresh = () => imageResolver({ registry: createRegistryClient({ transport }) })

const valuesOf = ({ known }: Facts) => Object.fromEntries(known.map(({ path, value }) => [path.at(-1), value]))
const namesOf = (facts: readonly { path: Path }[]) => facts.map(({ path }) => path.at(-1))
const codesOf = ({ unavailable }: Facts) =>
  Object.fromEntries(unavailable.map(({ path, error }) => [path.at(-1), error.code]))
const requests = () => registry.contentRequests().length

const withoutAttestation = ['hasProvenance', 'provenance', 'signatures', 'signatureErrors']
const config = ['labels', 'user', 'volumes', 'workingDir', 'env', 'createdTime']

describe('requests', () => {
  it.each<[string, string[], number]>([
    ['checksum', ['checksum'], 1],
    ['hasProvenance', ['hasProvenance'], 1],
    ['labels', ['labels'], 3],
    ['labels and checksum', ['labels', 'checksum'], 3],
    ['everything in the config and the index', [...config, 'checksum', 'hasProvenance'], 3],
  ])('%s of a tag through an index', async (_name, fields, expected) => {
    await start()
    registry.push('app', buildIndex(imagesOf()), 'v1')
    await resolve('app:v1', fields)
    expect(requests()).toBe(expected)
  })

  it('labels without an index take two', async () => {
    await start()
    registry.push('app', buildImage(), 'v1')
    await resolve('app:v1', ['labels'])
    expect(requests()).toBe(2)
  })

  it('a second source with the same image takes none', async () => {
    await start()
    const index = buildIndex(imagesOf())
    registry.push('app', index, 'v1')
    const run = createRun()
    const resolver = fresh()
    await Promise.all([0, 1].map(() => resolve('app:v1', ['labels', 'checksum'], { run, resolver })))
    await resolve(`app:other@${index.digest}`, ['labels'], { run, resolver })
    expect(requests()).toBe(3)
  })

  it('another platform of the image takes its manifest and config alone', async () => {
    await start()
    registry.push('app', buildIndex(imagesOf()), 'v1')
    const run = createRun()
    const resolver = fresh()
    await resolve('app:v1', ['labels'], { run, resolver })
    await resolve('app:v1', ['labels'], { run, resolver, platform: 'linux/amd64' })
    expect(requests()).toBe(5)
  })

  it('need one token of a registry that wants one', async () => {
    await start({ auth: { kind: 'token' } })
    registry.push('app', buildIndex(imagesOf()), 'v1')
    await resolve('app:v1', ['labels'])
    expect([requests(), registry.log.length]).toEqual([3, 5])
  })
})

describe('facts', () => {
  it('come from the config of the platform', async () => {
    await start()
    registry.push(
      'app',
      buildIndex([
        buildImage(),
        buildImage({
          platform: parsePlatform('linux/arm64'),
          labels: { a: 'b' },
          user: '1000',
          volumes: ['/b', '/a'],
          workingDir: '/srv',
          env: ['A=1'],
          created: '2025-01-01T00:00:00.5Z',
        }),
      ]),
      'v1',
    )
    const facts = await resolve('app:v1', ['user'])
    expect(valuesOf(facts)).toMatchObject({
      labels: { a: 'b' },
      user: '1000',
      volumes: ['/a', '/b'],
      workingDir: '/srv',
      env: ['A=1'],
      createdTime: '2025-01-01T00:00:00Z',
    })
  })

  it('say that a field is absent where the config leaves it out', async () => {
    await start()
    registry.push('app', buildImage(), 'v1')
    const facts = await resolve('app:v1', config)
    expect(namesOf(facts.absent)).toEqual(['labels', 'user', 'volumes', 'workingDir', 'env'])
    expect(codesOf(facts)).toEqual({})
  })

  it('hang from the digest that the source names, or from the word of the server', async () => {
    await start()
    const index = buildIndex(imagesOf())
    registry.push('app', index, 'v1')
    const bases = (facts: Facts) => new Set([...facts.known, ...facts.absent].map(({ basis }) => basis))
    const attrs = { 'image.checksum': index.digest }
    expect(bases(await resolve('app:v1', config))).toEqual(new Set(['server']))
    expect(bases(await resolve(`app:v1@${index.digest}`, config))).toEqual(new Set(['digest']))
    expect(bases(await resolve('app:v1', config, { attrs }))).toEqual(new Set(['digest']))
  })

  it('are unavailable where a tag is not what image.checksum says', async () => {
    await start()
    registry.push('app', buildImage(), 'v1')
    const attrs = { 'image.checksum': buildImage({ user: 'x' }).digest }
    expect(codesOf(await resolve('app:v1', ['checksum', 'user'], { attrs }))).toEqual({
      checksum: 'checksum_mismatch',
      user: 'checksum_mismatch',
    })
  })

  it.each(['annotation', 'artifact'] as const)('know an attestation of the form %s', async form => {
    await start()
    const images = imagesOf()
    const attested = buildAttestation(images[1] as BuiltContent, provenance, { form })
    registry.push('app', buildIndex([...images, attested]), 'v1')
    const facts = await resolve('app:v1', ['hasProvenance', 'provenance'])
    expect(valuesOf(facts).hasProvenance).toBe(true)
    expect(codesOf(facts)).toEqual({})
    const other = await resolve('app:v1', ['hasProvenance', 'provenance'], { platform: 'linux/amd64' })
    expect(namesOf(other.absent)).toEqual(withoutAttestation)
  })

  it.each<[string, () => BuiltContent]>([
    ['a manifest without index', () => buildImage()],
    ['a Docker manifest list', () => buildIndex(imagesOf(), { format: 'docker' })],
  ])('say definitely that %s has no provenance', async (_name, build) => {
    await start()
    registry.push('app', build(), 'v1')
    const facts = await resolve('app:v1', ['hasProvenance', 'provenance'])
    expect(namesOf(facts.absent)).toEqual(withoutAttestation)
    expect(codesOf(facts)).toEqual({})
  })

  it('are unavailable where the policy asks for what does not exist', async () => {
    await start()
    registry.push('app', buildImage(), 'v1')
    const facts = await resolve('app:v1', ['flavour', 'user'])
    expect(codesOf(facts)).toEqual({ flavour: 'unknown_field' })
    expect(namesOf(facts.absent)).toContain('user')
  })
})

describe('an OCI layout', () => {
  it('is read by its store name, and asks no registry', async () => {
    await start()
    registry.push('app', buildIndex(imagesOf()), 'v1')
    const { digest } = registry.store.manifest('app', 'v1')!
    const layout = createRegistryClient({ transport })
    const redirected: ContentSource = {
      ...layout,
      root: ({ digest: wanted }, context) =>
        layout.root({ domain: registry.host, path: 'app', ...(wanted && { digest: wanted }) }, context),
      document: (_repository, descriptor, context) =>
        layout.document({ domain: registry.host, path: 'app' }, descriptor, context),
      blob: (_repository, descriptor, limits, context) =>
        layout.blob({ domain: registry.host, path: 'app' }, descriptor, limits, context),
    }
    const nowhere = async () => Promise.reject(new Error('the registry was asked'))
    const resolver = imageResolver({
      registry: { root: nowhere, document: nowhere, blob: nowhere, referrers: nowhere },
      layout: store => (store === 'base' ? redirected : undefined),
    })
    expect(resolver.schemes).toEqual(['docker-image', 'oci-layout'])
    const ask = (store: string) => {
      const attrs = { 'oci.store': store }
      const source = resolver.parse(`oci-layout://base@${digest}`, { attrs, platform: parsePlatform('linux/arm64') })
      const run = createRun()
      return resolver.resolve(source, [['image', 'labels']], { run, signal: run.signal, anonymous: false })
    }
    expect(valuesOf(await ask('base'))).toMatchObject({ labels: { platform: 'linux/arm64' } })
    expect(codesOf(await ask('other'))).toEqual({ labels: 'unknown_layout' })
  })

  it('is no scheme without layouts', () => {
    const nowhere = async () => Promise.reject(new Error('asked'))
    expect(
      imageResolver({ registry: { root: nowhere, document: nowhere, blob: nowhere, referrers: nowhere } }).schemes,
    ).toEqual(['docker-image'])
  })
})

describe('what goes wrong is unavailable, and only what depends on it', () => {
  const places: [string, RegExp, string[]][] = [
    ['the tag', /manifests\/v1/, ['checksum', 'hasProvenance', 'labels']],
    ['the manifest', /manifests\/sha256/, ['labels']],
    ['the config', /blobs/, ['labels']],
  ]
  const kinds = ['refuse', 'corrupt', 'truncate'] as const

  it.each(places.flatMap(place => kinds.map(kind => [...place, kind] as const)))(
    '%s (%s, %s, %s)',
    async (_name, match, expected, kind) => {
      await start()
      registry.push('app', buildIndex(imagesOf()), 'v1')
      registry.faults.add({ match, fault: { kind } })
      const facts = await resolve('app:v1', ['checksum', 'labels', 'hasProvenance'])
      expect(Object.keys(codesOf(facts)).sort()).toEqual(expected)
      expect(namesOf(facts.absent)).not.toContain('labels')
    },
  )

  it('a platform that the index does not have', async () => {
    await start()
    registry.push('app', buildIndex(imagesOf()), 'v1')
    const facts = await resolve('app:v1', ['checksum', 'labels', 'hasProvenance'], { platform: 'linux/s390x' })
    expect(codesOf(facts)).toEqual({ labels: 'platform_not_found', hasProvenance: 'platform_not_found' })
    expect(valuesOf(facts)).toHaveProperty('checksum')
  })

  it('a config that is not JSON', async () => {
    await start()
    registry.push('app', buildImage({ rawConfig: '{' }), 'v1')
    expect(codesOf(await resolve('app:v1', ['user']))).toEqual({ user: 'invalid_json' })
  })

  it('an image that is not there', async () => {
    await start()
    expect(codesOf(await resolve('app:v1', ['checksum']))).toEqual({ checksum: 'not_found' })
  })

  it('a private image without credentials', async () => {
    await start({ auth: { kind: 'token', anonymousPull: () => false } })
    registry.push('app', buildImage(), 'v1')
    expect(codesOf(await resolve('app:v1', ['checksum'], { anonymous: true }))).toEqual({ checksum: 'unauthorized' })
  })

  it('but an abort is thrown', async () => {
    await start()
    registry.faults.add({ fault: { kind: 'stall' } })
    const controller = new AbortController()
    const run: Run = createRun({ signal: controller.signal })
    const facts = resolve('app:v1', ['checksum'], { run })
    setTimeout(() => controller.abort(new Error('enough')), 20)
    await expect(facts).rejects.toThrow('enough')
  })
})

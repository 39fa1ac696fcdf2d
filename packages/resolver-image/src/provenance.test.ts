import { parsePlatform } from '@source-policy/oci'
import {
  type AttestationOptions,
  buildArtifact,
  buildAttestation,
  buildImage,
  buildIndex,
  describedAs,
  type Predicate,
  type RegistryOptions,
} from '@source-policy/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { type ServedImages, serveImages, statesOf } from './testing/served-images.ts'

const SLSA = 'https://slsa.dev/provenance/v1'
const SPDX = 'https://spdx.dev/Document'
const platform = parsePlatform('linux/arm64')
const image = buildImage({ platform, user: 'app' })
const other = buildImage({ platform, user: 'other' })

const slsa = (materials: readonly unknown[] = [], more: Partial<Predicate> = {}): Predicate => ({
  predicateType: SLSA,
  predicate: {
    buildDefinition: { buildType: 'https://example.com/build', resolvedDependencies: materials },
    runDetails: { builder: { id: 'https://example.com/builder' } },
  },
  ...more,
})
const spdx: Predicate = {
  predicateType: SPDX,
  predicate: {
    spdxVersion: 'SPDX-2.3',
    packages: [
      {
        name: 'busybox',
        versionInfo: '1.36.1',
        licenseDeclared: 'GPL-2.0-only',
        externalRefs: [{ referenceType: 'purl', referenceLocator: 'pkg:apk/alpine/busybox@1.36.1' }],
      },
    ],
  },
}

let served: ServedImages
afterEach(() => served?.close())

async function push(
  predicates: readonly Predicate[],
  options: AttestationOptions = {},
  registry: RegistryOptions = {},
) {
  served = await serveImages(registry)
  const attestation = buildAttestation(image, predicates, options)
  served.registry.push('app', buildIndex([image, attestation]), 'v1')
  return attestation
}

const read = async (...fields: string[]) => {
  const { 'image.checksum': _, ...states } = statesOf(await served.ask('app:v1', fields))
  return states
}
const value = { predicateType: SLSA, buildType: 'https://example.com/build', builderID: 'https://example.com/builder' }

describe('provenance', () => {
  it.each(['annotation', 'artifact'] as const)('is read from an attestation manifest of the form %s', async form => {
    await push([slsa()], { form })
    expect(await read('image.provenance')).toMatchObject({
      'image.hasProvenance': true,
      'image.provenance': value,
    })
    expect(served.requests()).toHaveLength(3)
  })

  it('leaves open whether it is verified', async () => {
    await push([slsa()])
    expect((await served.ask('app:v1', ['image.provenance'])).holes).toEqual([['image', 'provenance', 'verified']])
  })

  it('is the first of its type, beside other statements', async () => {
    await push([spdx, slsa(), { predicateType: 'https://slsa.dev/provenance/v0.2', predicate: { buildType: 'x' } }])
    expect(await read('image.provenance')).toMatchObject({ 'image.provenance': value })
    expect(served.requests()).toHaveLength(3)
  })

  it('is absent where there are only other statements', async () => {
    await push([spdx])
    expect(await read('image.provenance')).toEqual({ 'image.hasProvenance': true, 'image.provenance': 'absent' })
  })

  it('is absent where it names neither a build type nor a builder', async () => {
    await push([slsa([], { predicate: {} })])
    expect(await read('image.provenance')).toMatchObject({ 'image.provenance': 'absent' })
  })

  it('has the basis of the image', async () => {
    await push([slsa()])
    const { digest } = served.registry.store.manifest('app', 'v1')!
    const basisOf = async (name: string) =>
      (await served.ask(name, ['image.provenance'])).known.find(({ path }) => path.at(-1) === 'provenance')?.basis
    expect(await basisOf('app:v1')).toBe('server')
    expect(await basisOf(`app@${digest}`)).toBe('digest')
  })

  it.each<[string, Partial<Predicate>, string]>([
    ['is about another image', { subjects: [other] }, 'subject_mismatch'],
    ['does not say what it is about', { subjects: [] }, 'subject_mismatch'],
    [
      'is of another type than its annotation',
      { annotation: 'https://slsa.dev/provenance/v0.2' },
      'predicate_type_mismatch',
    ],
    ['has fields of wrong types', { predicate: { buildDefinition: { buildType: 1 } } }, 'invalid_predicate'],
  ])('is unavailable where the statement %s', async (_name, more, code) => {
    await push([slsa([], more)])
    expect(await read('image.provenance')).toMatchObject({ 'image.provenance': `unavailable: ${code}` })
  })

  it('is that of the next statement where the first is about another image', async () => {
    await push([slsa([], { subjects: [other] }), slsa()])
    expect(await read('image.provenance')).toMatchObject({ 'image.provenance': value })
  })

  it('is unavailable where the attestation manifest claims another manifest', async () => {
    await push([slsa()], { form: 'artifact', subject: other })
    expect(await read('image.provenance')).toMatchObject({ 'image.provenance': 'unavailable: subject_mismatch' })
  })

  it('is not that of the manifest of another platform', async () => {
    served = await serveImages()
    const amd64 = buildImage()
    const attestation = buildAttestation(amd64, [slsa()], { form: 'artifact' })
    const moved = describedAs(attestation, {
      annotations: { ...attestation.descriptor.annotations, 'vnd.docker.reference.digest': image.digest },
    })
    served.registry.push('app', buildIndex([image, amd64, moved]), 'v1')
    expect(await read('image.provenance')).toMatchObject({ 'image.provenance': 'unavailable: subject_mismatch' })
    served.registry.push('app', buildIndex([image, amd64, attestation]), 'v2')
    expect(statesOf(await served.ask('app:v2', ['image.provenance']))).toMatchObject({
      'image.hasProvenance': 'absent',
      'image.provenance': 'absent',
    })
  })

  it.each(['refuse', 'corrupt', 'truncate'] as const)(
    'is unavailable where the statement arrives broken (%s)',
    async kind => {
      await push([slsa()])
      served.registry.faults.add({ match: /blobs/, fault: { kind } })
      expect(await read('image.provenance', 'image.hasProvenance')).toEqual({
        'image.hasProvenance': true,
        'image.provenance': expect.stringMatching(/^unavailable: (connection_failed|digest_mismatch|truncated)$/),
      })
    },
  )
})

describe('materials', () => {
  it('are sources at their places, those that no builder could use left out', async () => {
    await push([
      slsa([
        { uri: 'pkg:docker/alpine@3.22?platform=linux%2Famd64', digest: { sha256: 'a'.repeat(64) } },
        { uri: 'pkg:npm/left-pad@1', digest: {} },
        { uri: 'https://github.com/moby/buildkit.git#refs/tags/v0.21.0', digest: { sha1: '5'.repeat(40) } },
        { uri: `pkg:docker/alpine@3.20?digest=sha256:${'a'.repeat(64)}`, digest: { sha256: 'b'.repeat(64) } },
        { uri: 'https://example.com/x.tar.gz', digest: {} },
      ]),
    ])
    const { children, warnings = [] } = await served.ask('app:v1', ['image.provenance'])
    const at = (index: number) => ['image', 'provenance', 'materials', index]
    expect(children).toEqual([
      {
        path: at(0),
        identifier: `docker-image://docker.io/library/alpine:3.22@sha256:${'a'.repeat(64)}`,
        platform: parsePlatform('linux/amd64'),
      },
      {
        path: at(1),
        identifier: 'git://github.com/moby/buildkit.git#refs/tags/v0.21.0',
        attrs: { 'git.fullurl': 'https://github.com/moby/buildkit.git#refs/tags/v0.21.0' },
      },
      { path: at(2), identifier: 'https://example.com/x.tar.gz' },
    ])
    expect(warnings).toHaveLength(2)
    expect(warnings[1]).toContain('material digest mismatch for docker.io/library/alpine:3.20')
  })
})

describe('an SBOM', () => {
  it('lists packages', async () => {
    await push([slsa(), spdx])
    expect(await read('image.sbom')).toEqual({
      'image.sbom': {
        format: 'spdx',
        packages: [
          {
            name: 'busybox',
            version: '1.36.1',
            purl: 'pkg:apk/alpine/busybox@1.36.1',
            licenses: ['GPL-2.0-only'],
          },
        ],
      },
    })
    expect(served.requests()).toHaveLength(3)
  })

  it('is absent where there is none', async () => {
    await push([slsa()])
    expect(await read('image.sbom')).toEqual({ 'image.sbom': 'absent' })
  })

  it('is unavailable where it is about another image', async () => {
    await push([{ ...spdx, subjects: [other] }])
    expect(await read('image.sbom')).toEqual({ 'image.sbom': 'unavailable: subject_mismatch' })
  })
})

describe('a Docker Hardened Image', () => {
  const hardened = buildImage({ platform, descriptorAnnotations: { 'com.docker.dhi.build.id': '1' } })
  const index = buildIndex([hardened], { annotations: { 'org.opencontainers.image.title': 'dhi/app' } })
  const referrer = (predicate: Predicate, subject = hardened, about = hardened) =>
    buildArtifact({
      artifactType: 'application/vnd.in-toto+json',
      subject,
      annotations: { 'in-toto.io/predicate-type': predicate.predicateType },
      layers: [
        {
          bytes: buildAttestation(about, [predicate]).blobs[1]!.bytes,
          mediaType: 'application/vnd.in-toto+json',
          annotations: { 'in-toto.io/predicate-type': predicate.predicateType },
        },
      ],
    })

  it.each([{}, { referrers: 'fallback' }] as const)('has its statements in referrers (%o)', async options => {
    served = await serveImages(options)
    served.registry.push('app', index, 'v1')
    for (const predicate of [spdx, slsa()]) served.registry.push('app', referrer(predicate))
    expect(await read('image.provenance', 'image.sbom', 'image.hasProvenance')).toMatchObject({
      'image.hasProvenance': true,
      'image.provenance': value,
      'image.sbom': { format: 'spdx' },
    })
  })

  it('has them also where the list does not tell their types', async () => {
    served = await serveImages({
      referrers: 'fallback',
      claimReferrers: (_, found) =>
        found.map(({ annotations: _annotations, ...entry }) => ({
          ...entry,
          artifactType: 'application/vnd.oci.empty.v1+json',
        })),
    })
    served.registry.push('app', index, 'v1')
    served.registry.push('app', referrer(slsa()))
    expect(await read('image.provenance')).toMatchObject({ 'image.provenance': value })
  })

  it('has none where nothing refers to it, by the word of the server', async () => {
    served = await serveImages()
    served.registry.push('app', index, 'v1')
    expect(await read('image.provenance')).toMatchObject({
      'image.hasProvenance': 'absent',
      'image.provenance': 'absent',
    })
    const { absent } = await served.ask(`app@${index.digest}`, ['image.provenance'])
    expect(absent.map(({ basis }) => basis)).toContain('server')
  })

  it('is not described by what refers to another one', async () => {
    const copied = referrer(slsa(), image)
    const { digest, mediaType, descriptor } = copied
    served = await serveImages({
      claimReferrers: () => [
        {
          digest,
          mediaType,
          size: descriptor.size,
          artifactType: 'application/vnd.in-toto+json',
          annotations: { 'in-toto.io/predicate-type': SLSA },
        },
      ],
    })
    served.registry.push('app', index, 'v1')
    served.registry.push('app', copied)
    expect(await read('image.provenance')).toMatchObject({ 'image.provenance': 'unavailable: subject_mismatch' })
  })

  it('is not described by a referrer that is missing', async () => {
    served = await serveImages()
    served.registry.push('app', index, 'v1')
    served.registry.faults.add({ match: /referrers/, fault: { kind: 'refuse' } })
    expect(await read('image.hasProvenance')).toEqual({ 'image.hasProvenance': 'unavailable: connection_failed' })
  })
})

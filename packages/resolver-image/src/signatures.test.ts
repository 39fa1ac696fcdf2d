import { parsePublicKey } from '@source-policy/attestation'
import type { Basis, Facts } from '@source-policy/core'
import { createRun } from '@source-policy/core'
import type { ContentCache } from '@source-policy/oci'
import {
  type BuiltContent,
  buildArtifact,
  buildAttestation,
  buildImage,
  buildIndex,
  createSigstore,
  describedAs,
  type ListedReferrer,
  type RegistryOptions,
  rawContent,
  type SignImageOptions,
  type SigstoreSigner,
} from '@source-policy/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { type ServedImages, serveImages, statesOf } from './testing/served-images.ts'
import {
  amd64,
  attestation,
  BUNDLE,
  bundleOf,
  image,
  index,
  provenance,
  SIMPLE_SIGNING,
  signer,
  sigstore,
  statementAbout,
  trustRoot,
  workflow,
} from './testing/signed-images.ts'

let served: ServedImages
afterEach(() => served?.close())

async function push(contents: readonly BuiltContent[], options: RegistryOptions = {}, root = index) {
  served = await serveImages(options, { trustRoots: async () => [trustRoot] })
  served.registry.push('app', root, 'v1')
  for (const content of contents) served.registry.push('app', content)
}

const ask = (...fields: string[]) => served.ask('app:v1', fields)
const signatures = async () => {
  const states = statesOf(await ask('image.signatures', 'image.signatureErrors'))
  return { signatures: states['image.signatures'], errors: states['image.signatureErrors'] }
}
const basisOf = ({ known, absent }: Facts, name: string): Basis | undefined =>
  [...known, ...absent].find(({ path }) => path.at(-1) === name)?.basis
const codes = (errors: unknown) => (errors as { code: string }[]).map(({ code }) => code)
const good = expect.objectContaining({ kind: 'self-signed-github-repo', type: 'bundle-v0.3' })

describe('signatures', () => {
  it('are those of the attestation manifest, with kind, type, times and signer', async () => {
    await push([bundleOf(attestation)])
    expect(await signatures()).toEqual({
      signatures: [
        {
          kind: 'self-signed-github-repo',
          type: 'bundle-v0.3',
          timestamps: [{ type: 'Tlog', uri: expect.any(String), timestamp: expect.stringMatching(/^\d{4}-.*Z$/) }],
          signer: {
            certificateIssuer: 'CN=sigstore-intermediate,O=sigstore.dev',
            subjectAlternativeName: workflow('acme/app').subject,
            issuer: 'https://token.actions.githubusercontent.com',
            buildSignerURI: workflow('acme/app').subject,
            runnerEnvironment: 'github-hosted',
            sourceRepositoryURI: 'https://github.com/acme/app',
            sourceRepositoryRef: 'refs/tags/v1',
          },
        },
      ],
      errors: 'absent',
    })
  })

  it('are all of them, in both formats and from each list', async () => {
    const layer = signer.signImage(attestation.digest, { reference: 'example.com/app' })
    const legacy = buildArtifact({
      artifactType: 'application/vnd.dev.cosign.artifact.sig.v1+json',
      subject: attestation,
      layers: [{ bytes: layer.bytes, annotations: layer.annotations, mediaType: SIMPLE_SIGNING }],
    })
    const other = sigstore.issue({ subject: 'a@example.com', issuer: 'https://accounts.example.com' })
    for (const options of [{}, { referrers: 'fallback' }, { referrersPageSize: 1 }] as const) {
      await served?.close()
      await push([bundleOf(attestation), legacy, bundleOf(attestation, other)], options)
      const found = await signatures()
      expect(found.errors).toBe('absent')
      expect(found.signatures).toHaveLength(3)
      expect(found.signatures).toEqual(
        expect.arrayContaining([
          good,
          expect.objectContaining({ type: 'simplesigning-v1', dockerReference: 'example.com/app' }),
          expect.objectContaining({ kind: 'self-signed' }),
        ]),
      )
    }
  })

  it('are found where the list says that they are empty', async () => {
    const claimReferrers = (_: string, found: readonly ListedReferrer[]) =>
      found.map(entry => ({ ...entry, artifactType: 'application/vnd.oci.empty.v1+json' }))
    await push([bundleOf(attestation)], { referrers: 'fallback', claimReferrers })
    expect((await signatures()).signatures).toEqual([good])
  })

  it('prove themselves, and that there is none only a server says', async () => {
    await push([bundleOf(attestation)])
    expect(basisOf(await ask('image.signatures'), 'signatures')).toBe('signature')
    await served.close()
    await push([])
    const facts = await served.ask(`app@${index.digest}`, ['image.signatures'])
    expect(statesOf(facts)).toMatchObject({ 'image.signatures': 'absent', 'image.hasProvenance': true })
    expect(basisOf(facts, 'signatures')).toBe('server')
    expect(basisOf(facts, 'hasProvenance')).toBe('digest')
  })

  it('cover the provenance, in one question or a later one', async () => {
    await push([bundleOf(attestation)])
    expect(basisOf(await ask('image.provenance'), 'provenance')).toBe('server')
    expect(basisOf(await ask('image.provenance', 'image.signatures'), 'provenance')).toBe('signature')
    expect(basisOf(await ask('image.provenance.verified'), 'provenance')).toBe('signature')
    const byDigest = await served.ask(`app@${index.digest}`, ['image.provenance', 'image.signatures'])
    expect(basisOf(byDigest, 'provenance')).toBe('digest')
  })

  it('are absent without a request where the index lists no attestation', async () => {
    await push([], {}, buildIndex([image]))
    expect((await signatures()).signatures).toBe('absent')
    expect(served.requests()).toHaveLength(1)
  })

  it('make the provenance verified', async () => {
    await push([bundleOf(attestation)])
    const facts = await ask('image.provenance.verified')
    expect(statesOf(facts)).toMatchObject({ 'image.provenance.verified': true })
    expect(basisOf(facts, 'verified')).toBe('signature')
    await served.close()
    await push([])
    expect(statesOf(await ask('image.provenance.verified'))).toMatchObject({ 'image.provenance.verified': 'absent' })
  })
})

describe('what is refused', () => {
  const stranger = createSigstore({ organization: 'elsewhere' })

  it.each<[string, () => BuiltContent, string]>([
    [
      'by an authority that nobody trusts',
      () => bundleOf(attestation, stranger.issue(workflow('acme/app'))),
      'untrusted_certificate',
    ],
    ['by a key', () => bundleOf(attestation, sigstore.withKey()), 'wrong_signer_kind'],
    ['of another image, copied over', () => bundleOf(attestation, signer, { about: image }), 'subject_mismatch'],
    ['that is no bundle', () => bundleOf(attestation, signer, { text: '{}' }), 'invalid_bundle'],
    [
      'without a log entry',
      () => bundleOf(attestation, signer, { text: signer.signStatement(statementAbout(attestation), { log: 'none' }) }),
      'too_few_log_entries',
    ],
    [
      'in a manifest without layers of signatures',
      () => buildArtifact({ artifactType: BUNDLE, subject: attestation }),
      'invalid_attestation',
    ],
  ])('a signature %s is told, and the good ones count', async (_name, bad, code) => {
    await push([bad(), bundleOf(attestation)])
    const found = await signatures()
    expect(found.signatures).toEqual([good])
    expect(found.errors).toEqual([
      { place: 'attestation', digest: expect.stringMatching(/^sha256:/), code, message: expect.any(String) },
    ])
  })

  it.each<[string, BuiltContent]>([
    ['digest', image],
    ['size', { ...attestation, bytes: Buffer.concat([attestation.bytes, Buffer.from(' ')]) }],
    ['media type', { ...attestation, mediaType: 'application/vnd.oci.image.index.v1+json' }],
  ])('a referrer whose subject has another %s', async (_name, subject) => {
    const text = signer.signStatement(statementAbout(attestation))
    const bad = buildArtifact({ artifactType: BUNDLE, subject, layers: [{ bytes: text, mediaType: BUNDLE }] })
    const { mediaType, digest, size } = bad.descriptor
    await push([bad, bundleOf(attestation)], {
      claimReferrers: (_, found) => [
        ...found.filter(entry => entry.digest !== digest),
        { mediaType, digest, size, artifactType: BUNDLE },
      ],
    })
    const found = await signatures()
    expect(found.signatures).toEqual([good])
    expect(found.errors).toMatchObject([{ digest: bad.digest, code: 'subject_mismatch' }])
  })

  it.each<[string, BuiltContent, BuiltContent]>([
    [
      'that claims another manifest',
      buildAttestation(image, [provenance], { form: 'artifact', subject: amd64 }),
      buildAttestation(image, [provenance], { form: 'artifact', subject: amd64 }),
    ],
    // a frontend may write a statement about any image
    [
      'that refers to none, whatever its statement says',
      buildAttestation(image, [provenance]),
      buildAttestation(image, [provenance]),
    ],
    [
      'of the manifest of another platform',
      buildAttestation(amd64, [provenance], { form: 'artifact' }),
      describedAs(buildAttestation(amd64, [provenance], { form: 'artifact' }), {
        annotations: {
          'vnd.docker.reference.type': 'attestation-manifest',
          'vnd.docker.reference.digest': image.digest,
        },
      }),
    ],
  ])('all signatures of an attestation manifest %s', async (_name, signed, listed) => {
    await push([bundleOf(signed)], {}, buildIndex([amd64, image, listed]))
    const found = await signatures()
    expect(found).toMatchObject({ signatures: 'absent', errors: [{ digest: signed.digest, code: 'subject_mismatch' }] })
  })

  it('nothing of an attestation manifest that refers to none, where nobody signed it', async () => {
    await push([], {}, buildIndex([image, buildAttestation(image, [provenance])]))
    expect(await signatures()).toEqual({ signatures: 'absent', errors: 'absent' })
  })

  it('all signatures of an attestation manifest without a provenance', async () => {
    const empty = buildAttestation(image, [], { form: 'artifact' })
    await push([bundleOf(empty)], {}, buildIndex([image, empty]))
    expect(await signatures()).toMatchObject({ signatures: 'absent', errors: [{ code: 'invalid_attestation' }] })
  })
})

describe('what cannot be had makes signatures unavailable', () => {
  it.each([
    ['the list', /referrers/, ['refuse', 'truncate']],
    ['the attestation manifest', new RegExp(`manifests/${attestation.digest}`), ['refuse', 'truncate', 'corrupt']],
    ['a bundle', /blobs/, ['refuse', 'corrupt']],
  ] as const)('%s', async (_name, match, kinds) => {
    for (const kind of kinds) {
      await served?.close()
      await push([bundleOf(attestation), bundleOf(attestation, sigstore.issue(workflow('acme/other')))])
      served.registry.faults.add({ match, fault: { kind }, times: 1 })
      const found = await signatures()
      expect(found.signatures).toMatch(/^unavailable: /)
      expect(found.errors).toMatch(/^unavailable: /)
    }
  })

  it('a signature that is listed and missing', async () => {
    const content = bundleOf(attestation)
    const { mediaType, digest, size } = content.descriptor
    await push([], { claimReferrers: () => [{ mediaType, digest, size, artifactType: BUNDLE }] })
    expect((await signatures()).signatures).toBe('unavailable: not_found')
  })

  it('more of them than are opened', async () => {
    const content = bundleOf(attestation)
    const { mediaType, digest, size } = content.descriptor
    await push([content], {
      claimReferrers: () => Array.from({ length: 101 }, () => ({ mediaType, digest, size, artifactType: BUNDLE })),
    })
    expect((await signatures()).signatures).toBe('unavailable: too_many_referrers')
  })

  it('more bytes than are read, whoever says that there are so many', async () => {
    const huge = (size: number) => ({
      ...rawContent(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          artifactType: BUNDLE,
          config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: image.digest, size: 2 },
          layers: [0, 1, 2].map(() => ({ mediaType: BUNDLE, digest: image.digest, size })),
          subject: { mediaType: attestation.mediaType, digest: attestation.digest, size: attestation.descriptor.size },
        }),
        'application/vnd.oci.image.manifest.v1+json',
      ),
      subject: attestation.digest,
    })
    for (const size of [50, 60].map(megabytes => megabytes * 1024 ** 2)) {
      await served?.close()
      await push([huge(size)])
      served.registry.faults.add({ match: /blobs/, fault: { kind: 'refuse' } })
      expect((await signatures()).signatures).toMatch(/^unavailable: (content_too_large|connection_failed)$/)
      expect(served.requests().filter(path => path.includes('blobs')).length).toBeLessThan(3)
    }
  })

  it('but not thousands of other referrers', async () => {
    const junk = Array.from({ length: 4_000 }, (_, index) => ({
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: `sha256:${index.toString(16).padStart(64, '0')}`,
      size: 1000,
      artifactType: 'application/x-junk',
    }))
    await push([bundleOf(attestation)], { claimReferrers: (_, found) => [...junk, ...found], referrersPageSize: 500 })
    expect((await signatures()).signatures).toEqual([good])
    expect(served.requests().filter(path => path.includes('referrers'))).toHaveLength(9)
  })
})

describe('requests', () => {
  const fields = ['image.signatures', 'image.provenance', 'image.provenance.verified', 'image.hasProvenance']

  it('are seven at most for the classic chain from nothing', async () => {
    await push([bundleOf(attestation)])
    const facts = await ask(...fields, 'image.signatureErrors')
    expect(statesOf(facts)).toMatchObject({ 'image.signatures': [good], 'image.provenance.verified': true })
    const kinds = served.requests().map(path => path.replace(/sha256:\w+/, '').replace('/v2/app/', ''))
    expect(kinds.sort()).toEqual(['blobs/', 'blobs/', 'manifests/', 'manifests/', 'manifests/v1', 'referrers/'])
  })

  it('are the referrers list alone where the cache has the rest', async () => {
    const kept = new Map<string, Uint8Array>()
    const cache: ContentCache = {
      read: async digest => kept.get(digest),
      write: async (digest, bytes) => void kept.set(digest, bytes),
      readRecord: async () => undefined,
      writeRecord: async () => {},
    }
    served = await serveImages({}, { trustRoots: async () => [trustRoot], client: { cache } })
    for (const content of [index, bundleOf(attestation)]) served.registry.push('app', content)
    const name = `app@${index.digest}`
    await served.ask(name, fields)
    await served.call(name, [{ identity: { issuer: 'x', subject: 'y' } }])
    served.registry.clearLog()
    expect(statesOf(await served.ask(name, fields))).toMatchObject({ 'image.provenance.verified': true })
    expect(served.requests()).toEqual([`/v2/app/referrers/${attestation.digest}`])
  })

  it('are none for what a run knows already', async () => {
    await push([bundleOf(attestation)])
    const run = createRun()
    await served.ask('app:v1', fields, { run })
    const before = served.requests().length
    await served.ask('app:v1', [...fields, 'image.signatureErrors'], { run })
    expect(served.requests()).toHaveLength(before)
  })
})

describe('a Docker Hardened Image', () => {
  const hardened = buildImage({
    platform: { os: 'linux', architecture: 'arm64' },
    descriptorAnnotations: { 'com.docker.dhi.build.id': '1' },
  })
  const statement = buildArtifact({
    artifactType: 'application/vnd.in-toto+json',
    subject: hardened,
    annotations: { 'in-toto.io/predicate-type': provenance.predicateType },
    layers: [
      {
        bytes: buildAttestation(hardened, [provenance]).blobs[1]!.bytes,
        mediaType: 'application/vnd.in-toto+json',
        annotations: { 'in-toto.io/predicate-type': provenance.predicateType },
      },
    ],
  })
  const root = buildIndex([hardened], { annotations: { 'org.opencontainers.image.title': 'dhi/app' } })
  const docker = sigstore.withKey()
  const signedBy = (by: SigstoreSigner, options: SignImageOptions = {}) => {
    const layer = by.signImage(statement.digest, { reference: 'dhi.io/app', ...options })
    return buildArtifact({
      artifactType: 'application/vnd.dev.cosign.artifact.sig.v1+json',
      subject: statement,
      layers: [{ bytes: layer.bytes, annotations: layer.annotations, mediaType: SIMPLE_SIGNING }],
    })
  }
  const serve = async (...contents: BuiltContent[]) => {
    served = await serveImages(
      {},
      { trustRoots: async () => [trustRoot], hardenedImagesKey: parsePublicKey(docker.publicKey) },
    )
    served.registry.push('app', root, 'v1')
    for (const content of [statement, ...contents]) served.registry.push('app', content)
  }

  it.each([[{ log: 'none' }], [{}]] as const)(
    'is signed by the key of Docker alone, with a log entry or without (%o)',
    async options => {
      await serve(signedBy(docker, options))
      const found = await signatures()
      expect(found.errors).toBe('absent')
      expect(found.signatures).toEqual([
        expect.objectContaining({
          kind: 'docker-hardened-image',
          type: 'simplesigning-v1',
          isDHI: true,
          dockerReference: 'dhi.io/app',
        }),
      ])
      const facts = await ask('image.provenance', 'image.provenance.verified')
      expect(statesOf(facts)).toMatchObject({ 'image.provenance.verified': true })
      expect(basisOf(facts, 'provenance')).toBe('signature')
    },
  )

  it('is not signed where the log entry that goes along does not hold', async () => {
    const stranger = createSigstore().withKey(docker.keys)
    await serve(signedBy(stranger))
    expect(codes((await signatures()).errors)).toEqual(['too_few_log_entries'])
  })

  it("is nobody else's to sign", async () => {
    await push([statement, bundleOf(statement), signedBy(sigstore.withKey())], {}, root)
    const found = await signatures()
    expect(found.signatures).toBe('absent')
    expect(codes(found.errors).sort()).toEqual(['signature_mismatch', 'wrong_signer_kind'])
    expect(statesOf(await ask('image.provenance'))).toMatchObject({
      'image.provenance': { builderID: expect.any(String) },
    })
  })
})

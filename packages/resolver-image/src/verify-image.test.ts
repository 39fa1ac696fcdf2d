import { createRun } from '@source-policy/core'
import {
  type BuiltContent,
  buildAttestation,
  buildImage,
  buildIndex,
  createSigstore,
  type RegistryOptions,
} from '@source-policy/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { type ServedImages, serveImages } from './testing/served-images.ts'
import {
  amd64,
  attestation,
  attestationTag,
  attestedBy,
  bundleOf,
  cosignTag,
  image,
  index,
  provenance,
  SLSA,
  signatureManifest,
  sigstore,
  statementAbout,
  trustRoot,
  workflow,
} from './testing/signed-images.ts'

let served: ServedImages
afterEach(() => served?.close())

interface Content {
  readonly content: BuiltContent
  readonly tag?: string
  readonly repository?: string
}

async function push(contents: readonly (BuiltContent | Content)[], options: RegistryOptions = {}, root = index) {
  await served?.close()
  served = await serveImages(options, { trustRoots: async () => [trustRoot] })
  served.registry.push('app', root, 'v1')
  for (const given of contents) {
    const { content, tag, repository = 'app' } = 'content' in given ? given : { content: given }
    served.registry.push(repository, content, tag)
  }
}

const key = sigstore.withKey()
const otherKey = sigstore.withKey()
const stranger = createSigstore({ organization: 'elsewhere' })
const files = {
  'cosign.pub': key.publicKey,
  'copy.pub': `\n${key.publicKey}`,
  'other.pub': otherKey.publicKey,
  'root.json': sigstore.trustedRoot,
  'stranger.json': stranger.trustedRoot,
  'bad.pub': 'no key',
}
const { subject, issuer } = workflow('acme/app')
const verify = (options: unknown, name = 'app:v1', run = createRun()) => served.call(name, [options], { files, run })
const accepted = (...items: object[]) => ({ value: items.map(item => expect.objectContaining(item)) })
const nobody = { undefined: expect.stringMatching(/^verify_image: no signature was accepted/) }

/** The same signature at each place. */
const places: [string, BuiltContent][] = [
  ['index', index],
  ['manifest', image],
  ['attestation', attestation],
]

describe('a signature by a key', () => {
  it.each(places)('on the %s is verified, as a bundle and under a tag', async (place, content) => {
    const legacy = {
      content: signatureManifest(key.signImage(content.digest, { log: 'none' })),
      tag: cosignTag(content, 'sig'),
    }
    for (const signature of [bundleOf(content, key), legacy]) {
      await push([signature])
      expect(await verify({ key: 'cosign.pub' })).toEqual(
        accepted({ place, digest: content.digest, key: 'cosign.pub' }),
      )
      expect(await verify({ key: 'other.pub' })).toEqual({ undefined: expect.stringContaining('signature_mismatch') })
    }
  })

  it('is one of several that are wanted', async () => {
    await push([bundleOf(index, otherKey)])
    expect(await verify({ keys: ['cosign.pub', 'other.pub'] })).toEqual(accepted({ key: 'other.pub' }))
  })

  it('counts once, however often and wherever it stands', async () => {
    await push([bundleOf(index, key), bundleOf(image, key), bundleOf(attestation, key)])
    const two = { keys: ['cosign.pub', 'other.pub'], threshold: 2 }
    expect(await verify(two)).toEqual({ undefined: expect.stringContaining('3 signatures were accepted, by too few') })
    await push([bundleOf(index, key), bundleOf(image, otherKey)])
    expect(await verify(two)).toEqual(
      accepted({ key: 'cosign.pub', place: 'index' }, { key: 'other.pub', place: 'manifest' }),
    )
  })
})

describe('a signature by an identity', () => {
  it('is verified with its time, by the roots of the operator', async () => {
    await push([bundleOf(index)])
    expect(await verify({ identity: { issuer, subject } })).toEqual(
      accepted({
        place: 'index',
        type: 'bundle-v0.3',
        kind: 'self-signed-github-repo',
        predicateType: 'https://sigstore.dev/cosign/sign/v1',
        timestamps: [expect.objectContaining({ type: 'Tlog' })],
        signer: expect.objectContaining({ sourceRepositoryURI: 'https://github.com/acme/app' }),
      }),
    )
  })

  it.each<[object, boolean]>([
    [{ issuer, subjectRegExp: 'https://github\\.com/acme/.*' }, true],
    [{ issuerRegExp: 'https://.*', subject }, true],
    [{ issuer, subjectRegExp: 'acme/app' }, false],
    [{ issuer: 'https://accounts.example.com', subject }, false],
    [{ issuer, subject: `${subject}x` }, false],
  ])('has to be %o', async (identity, isAccepted) => {
    await push([bundleOf(index)])
    const answer = await verify({ identity })
    if (isAccepted) expect(answer).toEqual(accepted({ place: 'index' }))
    else expect(answer).toEqual({ undefined: expect.stringContaining('wrong_identity') })
  })

  it('is verified by the trust root of the policy where it names one', async () => {
    await push([bundleOf(index)])
    expect(await verify({ identity: { issuer, subject }, trustRoot: 'root.json' })).toEqual(
      accepted({ place: 'index' }),
    )
    expect(await verify({ trustRoot: 'root.json' })).toEqual(accepted({ place: 'index' }))
    expect(await verify({ identity: { issuer, subject }, trustRoot: 'stranger.json' })).toEqual({
      undefined: expect.stringContaining('untrusted_certificate'),
    })
  })

  it('is one of N, each by a signer of its own', async () => {
    const one = { issuer, subjectRegExp: 'https://github\\.com/acme/.*' }
    const same = { issuer, subjectRegExp: 'https://github\\.com/acme/app/.*' }
    const other = sigstore.issue(workflow('acme/other'))
    await push([bundleOf(index), bundleOf(image)])
    // one signer is both of them, and counts for one
    expect(await verify({ identities: [one, same], threshold: 2 })).toHaveProperty('undefined')
    await push([bundleOf(index), bundleOf(index, other)])
    expect((await verify({ identities: [one, same], threshold: 2 })) as object).toHaveProperty('value')
    expect((await verify({ identities: [same, { issuer, subject: 'x' }], threshold: 2 })) as object).toHaveProperty(
      'undefined',
    )
    expect((await verify({ keys: ['cosign.pub'], identities: [one], threshold: 2 })) as object).toHaveProperty(
      'undefined',
    )
    expect((await verify({ keys: ['cosign.pub'], identity: one })) as object).toHaveProperty('value')
  })
})

describe('annotations', () => {
  it('have to be signed along', async () => {
    const legacy = signatureManifest(key.signImage(index.digest, { optional: { env: 'prod' }, log: 'none' }))
    const text = key.signStatement(statementAbout(index, undefined, {}, { env: 'prod' }))
    for (const content of [{ content: legacy, tag: cosignTag(index, 'sig') }, bundleOf(index, key, { text })]) {
      await push([content])
      expect(await verify({ key: 'cosign.pub', annotations: { env: 'prod' } })).toEqual(accepted({ place: 'index' }))
      expect(await verify({ key: 'cosign.pub', annotations: { env: 'test' } })).toEqual({
        undefined: expect.stringContaining('annotation_mismatch'),
      })
      expect(await verify({ key: 'cosign.pub', annotations: { other: 'x' } })).toHaveProperty('undefined')
    }
  })
})

describe('an attestation', () => {
  const predicate = { builder: 'x' }

  it.each(places.slice(0, 2))('on the %s is verified by its type', async (place, content) => {
    const { statement } = { statement: statementAbout(content, SLSA, predicate) }
    const tagged = { content: attestationTag(key.attest(statement, { log: 'none' })), tag: cosignTag(content, 'att') }
    for (const given of [attestedBy(content, SLSA, { by: key, predicate }), tagged]) {
      await push([given])
      expect(await verify({ key: 'cosign.pub', attestation: SLSA })).toEqual(
        accepted({ place, predicateType: SLSA, predicate }),
      )
      expect(await verify({ key: 'cosign.pub', attestation: 'https://spdx.dev/Document' })).toHaveProperty('undefined')
      // a statement about an image is no approval of it
      expect(await verify({ key: 'cosign.pub' })).toHaveProperty('undefined')
    }
  })

  it('may be by anybody where the policy looks at the signer itself', async () => {
    await push([attestedBy(index, SLSA, { predicate })])
    expect(await verify({ attestation: SLSA })).toEqual(accepted({ signer: expect.objectContaining({ issuer }) }))
  })
})

describe('nothing is verified', () => {
  it('where there is nothing', async () => {
    await push([])
    expect(await verify({ key: 'cosign.pub' })).toEqual({
      undefined: 'verify_image: no signature was accepted; there are no others',
    })
  })

  it.each<[string, () => (BuiltContent | Content)[]]>([
    ['by a signature of another image, copied over', () => [bundleOf(index, key, { about: amd64 })]],
    ['by a signature of the manifest of another platform', () => [bundleOf(amd64, key)]],
    [
      'by a tag with the signature of another image',
      () => [
        { content: signatureManifest(key.signImage(amd64.digest, { log: 'none' })), tag: cosignTag(index, 'sig') },
      ],
    ],
    [
      'by an attestation of another image',
      () => [
        {
          content: attestationTag(key.attest(statementAbout(amd64, SLSA), { log: 'none' })),
          tag: cosignTag(index, 'att'),
        },
      ],
    ],
  ])('%s', async (_name, contents) => {
    await push(contents())
    expect(await verify({ key: 'cosign.pub' })).toEqual(nobody)
    expect(await verify({ key: 'cosign.pub', attestation: SLSA })).toEqual(nobody)
  })

  it('on an attestation manifest that is about another image', async () => {
    const borrowed = buildAttestation(image, [provenance], { form: 'artifact', subject: amd64 })
    await push([bundleOf(borrowed, key)], {}, buildIndex([image, borrowed]))
    expect(await verify({ key: 'cosign.pub' })).toEqual({ undefined: expect.stringContaining('subject_mismatch') })
  })

  it('but good ones among bad ones are', async () => {
    await push([bundleOf(index, otherKey), bundleOf(index, key, { text: '{' }), bundleOf(index, key)])
    expect(await verify({ key: 'cosign.pub' })).toEqual(accepted({ place: 'index' }))
  })
})

describe('where something cannot be had', () => {
  it.each([
    ['a list', new RegExp(`referrers/${image.digest}`)],
    ['a tag', new RegExp(`${image.digest.replace(':', '-')}\\.sig`)],
    ['the attestation manifest, which is signed', new RegExp(`manifests/${attestation.digest}`)],
    ['a signature', /blobs/],
  ])('%s: what is verified stands, and else nobody knows', async (_name, match) => {
    const fault = { match, fault: { kind: 'refuse' } } as const
    await push([bundleOf(attestation, key)])
    served.registry.faults.add(fault)
    expect(await verify({ key: 'other.pub' })).toEqual({
      unavailable: expect.objectContaining({ code: 'connection_failed' }),
    })
    if (match.source === 'blobs') return
    await push([bundleOf(attestation, key), bundleOf(index, key)])
    served.registry.faults.add(fault)
    expect(await verify({ key: 'cosign.pub' })).toHaveProperty('value')
  })
})

describe('another repository', () => {
  it('may keep the signatures', async () => {
    await push([
      { content: bundleOf(index, key), repository: 'signatures' },
      {
        content: signatureManifest(otherKey.signImage(image.digest, { log: 'none' })),
        tag: cosignTag(image, 'sig'),
        repository: 'signatures',
      },
    ])
    const repository = `${served.registry.host}/signatures`
    expect(await verify({ keys: ['cosign.pub', 'other.pub'], threshold: 2, repository })).toHaveProperty('value')
    expect(await verify({ key: 'cosign.pub' })).toEqual(nobody)
  })
})

describe('requests', () => {
  it('are one a place, side by side, and none of a second call', async () => {
    await push([])
    const run = createRun()
    await verify({ key: 'cosign.pub' }, 'app:v1', run)
    const asked = served.requests().map(path => path.replace('/v2/app/', ''))
    const lists = [index, image, attestation].flatMap(({ digest }) => [
      `referrers/${digest}`,
      `manifests/${digest.replace(':', '-')}.sig`,
    ])
    expect(asked[0]).toBe('manifests/v1')
    expect(asked.slice(1).sort()).toEqual(lists.sort())
    await verify({ key: 'other.pub' }, 'app:v1', run)
    expect(served.requests()).toHaveLength(asked.length)
  })

  it('are those for the manifest alone where there is no index', async () => {
    await push([{ content: bundleOf(image, key) }], {}, image)
    expect(await verify({ key: 'cosign.pub' })).toEqual(accepted({ place: 'manifest' }))
    expect(served.requests().filter(path => path.includes('referrers'))).toHaveLength(1)
  })
})

describe('options that cannot be meant', () => {
  it.each<[string, unknown]>([
    ['an unknown name', { kee: 'cosign.pub' }],
    ['no object', 'cosign.pub'],
    ['nobody in particular', {}],
    ['a threshold alone', { threshold: 1 }],
    ['a key that is no string', { key: 1 }],
    ['no keys', { keys: [] }],
    ['a key and keys', { key: 'cosign.pub', keys: ['other.pub'] }],
    ['a key twice', { keys: ['cosign.pub', 'cosign.pub'] }],
    ['a key in two files', { keys: ['cosign.pub', 'copy.pub'] }],
    ['a file that is not there', { key: 'missing.pub' }],
    ['a file that is no key', { key: 'bad.pub' }],
    ['a file that is no trust root', { trustRoot: 'bad.pub' }],
    ['an identity without issuer', { identity: { subject } }],
    ['an identity with an unknown member', { identity: { issuer, subject, san: 'x' } }],
    ['a malformed expression', { identity: { issuer, subjectRegExp: '(' } }],
    ['a threshold out of reach', { key: 'cosign.pub', threshold: 2 }],
    ['a threshold of nothing', { key: 'cosign.pub', threshold: 0 }],
    ['annotations that are no strings', { key: 'cosign.pub', annotations: { a: 1 } }],
    ['a repository with a tag', { key: 'cosign.pub', repository: 'example.com/a:1' }],
  ])('%s', async (_name, options) => {
    await push([])
    await expect(verify(options)).rejects.toMatchObject({ code: 'invalid_call' })
  })
})

it('verifies an image of one platform in nested indexes, on each of them', async () => {
  const nested = buildIndex([image])
  const outer = buildIndex([nested])
  await push([bundleOf(nested, key)], {}, outer)
  expect(await verify({ key: 'cosign.pub' })).toEqual(accepted({ place: 'index', digest: nested.digest }))
  expect(buildImage().digest).not.toBe(image.digest)
})

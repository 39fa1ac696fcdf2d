import type { AttestationInput } from '@source-policy/core'
import { createRun } from '@source-policy/core'
import {
  type BuiltContent,
  buildAttestation,
  buildIndex,
  createSigstore,
  type RegistryOptions,
} from '@source-policy/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { type ServedImages, serveImages, statesOf } from './testing/served-images.ts'
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
  signer,
  sigstore,
  statementAbout,
  trustRoot,
  workflow,
} from './testing/signed-images.ts'

const VEX = 'https://openvex.dev/ns/v0.2.0'
let served: ServedImages
afterEach(() => served?.close())

async function push(contents: readonly BuiltContent[], options: RegistryOptions = {}, root = index) {
  served = await serveImages(options, { trustRoots: async () => [trustRoot] })
  served.registry.push('app', root, 'v1')
  for (const content of contents) served.registry.push('app', content)
}

async function list() {
  const facts = await served.ask('app:v1', ['image.attestations'])
  const value = statesOf(facts)['image.attestations'] as AttestationInput[]
  return { facts, value, warnings: facts.warnings ?? [] }
}

const signed = expect.objectContaining({ sourceRepositoryURI: 'https://github.com/acme/app' })
const built = { place: 'attestation', predicateType: SLSA, digest: expect.stringMatching(/^sha256:/) }

describe('attestations', () => {
  it('are those of BuildKit, without a signer where nobody signed them', async () => {
    await push([])
    const { value, facts } = await list()
    expect(value).toEqual([built])
    expect(facts.holes).toEqual([['image', 'attestations', 0, 'predicate']])
    expect(facts.known.find(({ path }) => path.at(-1) === 'attestations')?.basis).toBe('server')
  })

  it('are by who signed the attestation manifest', async () => {
    await push([bundleOf(attestation)])
    expect((await list()).value).toEqual([{ ...built, signer: signed }])
  })

  it('are signed ones on the manifest and the index as well, in bundles and under tags', async () => {
    await push([attestedBy(index, VEX), attestedBy(image, SLSA)])
    const tagged = attestationTag(signer.attest(statementAbout(image, VEX)))
    served.registry.push('app', tagged, cosignTag(image, 'att'))
    const { value, warnings } = await list()
    expect(warnings).toEqual([])
    expect(value).toEqual(
      expect.arrayContaining([
        built,
        { place: 'index', predicateType: VEX, digest: expect.any(String), signer: signed },
        { place: 'manifest', predicateType: SLSA, digest: expect.any(String), signer: signed },
        { place: 'manifest', predicateType: VEX, digest: expect.any(String), signer: signed },
      ]),
    )
    expect(value).toHaveLength(4)
  })

  it('are not signatures of the image', async () => {
    await push([bundleOf(index), bundleOf(image)])
    expect((await list()).value).toEqual([built])
  })

  it('have predicates that are fetched with the list and shown where they are read', async () => {
    await push([attestedBy(index, VEX, { predicate: { statements: [1] } })])
    const run = createRun()
    await served.ask('app:v1', ['image.attestations'], { run })
    const before = served.requests().length
    const facts = await served.ask('app:v1', ['image.attestations[0].predicate', 'image.attestations[1].predicate'], {
      run,
    })
    expect(statesOf(facts)).toMatchObject({
      'image.attestations[0].predicate': provenance.predicate,
      'image.attestations[1].predicate': { statements: [1] },
    })
    const bases = facts.known.filter(({ path }) => path.at(-1) === 'predicate').map(({ basis }) => basis)
    expect(bases).toEqual(['server', 'signature'])
    expect(served.requests()).toHaveLength(before)
  })

  it('are absent where there are none', async () => {
    await push([], {}, buildIndex([image]))
    expect((await list()).value).toBe('absent')
  })

  it.each<[string, () => BuiltContent]>([
    ['about another image', () => attestedBy(index, VEX, { about: amd64 })],
    [
      'by somebody whom nobody trusts',
      () => attestedBy(index, VEX, { by: createSigstore().issue(workflow('acme/app')) }),
    ],
    ['that is malformed', () => bundleOf(index, signer, { text: '{' })],
  ])('%s are left out with a warning', async (_name, content) => {
    await push([content()])
    const { value, warnings } = await list()
    expect(value).toEqual([built])
    expect(warnings).toEqual([expect.stringContaining('an attestation of the index is left out')])
  })

  it('by a key are left out: only verify_image knows whose it is', async () => {
    await push([attestedBy(index, VEX, { by: sigstore.withKey() })])
    const { value, warnings } = await list()
    expect(value).toEqual([built])
    expect(warnings).toEqual([])
  })

  it('of BuildKit about another image are left out with a warning', async () => {
    const borrowed = buildAttestation(image, [
      { ...provenance, subjects: [amd64] },
      { predicateType: VEX, predicate: {} },
    ])
    await push([], {}, buildIndex([image, borrowed]))
    const { value, warnings } = await list()
    expect(value).toMatchObject([{ predicateType: VEX }])
    expect(warnings).toHaveLength(1)
  })

  it.each([
    ['a list', /referrers/],
    ['a tag', /\.att/],
    ['a statement', /blobs/],
  ])('are unavailable where %s cannot be had', async (_name, match) => {
    await push([attestedBy(index, VEX)])
    served.registry.faults.add({ match, fault: { kind: 'refuse' }, times: 1 })
    expect((await list()).value).toMatch(/^unavailable: /)
  })
})

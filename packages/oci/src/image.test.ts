import { createRun } from '@source-policy/core'
import {
  type BuiltContent,
  buildArtifact,
  buildAttestation,
  buildImage,
  buildIndex,
  describedAs,
  type Registry,
  startRegistry,
} from '@source-policy/testkit'
import { createTransport, type Transport } from '@source-policy/transport'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { attestationOf, chooseManifest, readImageConfig } from './image.ts'
import { parsePlatform } from './platform.ts'
import { parseReference } from './reference.ts'
import { createRegistryClient } from './registry-client.ts'

let registry: Registry
let transport: Transport

beforeEach(async () => {
  registry = await startRegistry()
  transport = createTransport({ allowAddresses: [registry.host], retries: 0 })
})
afterEach(async () => {
  await transport.close()
  await registry.close()
})

async function choose(content: BuiltContent, platform: string) {
  registry.push('app', content, 'v1')
  const source = createRegistryClient({ transport })
  const run = createRun()
  const context = { run, signal: run.signal, anonymous: false }
  const reference = parseReference(`${registry.host}/app:v1`)
  const root = await source.root(reference, context)
  const chosen = await chooseManifest(source, { reference, root, platform: parsePlatform(platform) }, context)
  return { chosen, config: () => readImageConfig(source, { reference, descriptor: chosen.descriptor }, context) }
}

const imageFor = (platform: string) => buildImage({ platform: parsePlatform(platform), labels: { platform } })
const without = (content: BuiltContent): BuiltContent => {
  const { platform: _, ...descriptor } = content.descriptor
  return { ...content, descriptor }
}
const coded = (code: string) => expect.objectContaining({ code })

describe('chooseManifest', () => {
  const platforms = [
    'linux/amd64',
    'linux/386',
    'linux/arm/v5',
    'linux/arm/v7',
    'linux/arm64',
    'windows(10.0.17763)/amd64',
  ]

  it.each([
    ['linux/amd64', 'linux/amd64'],
    ['linux/amd64/v3', 'linux/amd64'],
    ['linux/386', 'linux/386'],
    ['linux/arm/v6', 'linux/arm/v5'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/arm64/v9.1', 'linux/arm64'],
  ])('%s gets %s, by the index alone', async (wanted, expected) => {
    const { chosen, config } = await choose(buildIndex(platforms.map(imageFor)), wanted)
    expect(registry.log).toHaveLength(1)
    expect(await config()).toMatchObject({ labels: { platform: expected } })
    expect(registry.log).toHaveLength(3)
    expect(chosen.index).toBeDefined()
  })

  it('takes a manifest without index as it is', async () => {
    const { chosen, config } = await choose(imageFor('linux/arm64'), 'linux/amd64')
    expect(chosen.index).toBeUndefined()
    expect((await config()).platform.architecture).toBe('arm64')
    expect(registry.log).toHaveLength(2)
  })

  it('does not take an attestation manifest, but by its platform', async () => {
    const image = imageFor('linux/amd64')
    const attestation = buildAttestation(image, [])
    const { chosen } = await choose(buildIndex([attestation, image]), 'linux/amd64')
    expect(chosen.descriptor.digest).toBe(image.digest)
    // builders look at nothing else
    const disguised = describedAs(attestation, { platform: parsePlatform('linux/amd64') })
    await expect(choose(buildIndex([disguised, image]), 'linux/amd64')).rejects.toThrow(coded('platform_ambiguous'))
    const unnamed = describedAs(imageFor('linux/arm64'), {
      annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
    })
    const { config } = await choose(buildIndex([image, without(unnamed)]), 'linux/arm64')
    expect(await config()).toMatchObject({ labels: { platform: 'linux/arm64' } })
  })

  it('takes an entry without operating system for one of the builder, as containerd does', async () => {
    const other = describedAs(buildImage({ user: 'other' }), { platform: { os: '', architecture: 'amd64' } })
    const index = buildIndex([other, imageFor('linux/amd64')])
    await expect(choose(index, 'linux/amd64')).rejects.toThrow(coded('platform_ambiguous'))
  })

  it('opens nested indexes', async () => {
    const nested = (platform: string) => without(buildIndex([imageFor(platform)]))
    const { config } = await choose(buildIndex([nested('linux/amd64'), nested('linux/arm64')]), 'linux/arm64')
    expect(await config()).toMatchObject({ labels: { platform: 'linux/arm64' } })
  })

  it('looks into the config where an entry has no platform', async () => {
    const { config } = await choose(
      buildIndex(['linux/s390x', 'linux/arm64'].map(p => without(imageFor(p)))),
      'linux/arm64',
    )
    expect(await config()).toMatchObject({ labels: { platform: 'linux/arm64' } })
  })

  it('prefers an entry with a platform to one without', async () => {
    const index = buildIndex([without(imageFor('linux/amd64')), imageFor('linux/386')])
    const { config } = await choose(index, 'linux/amd64')
    expect(await config()).toMatchObject({ labels: { platform: 'linux/386' } })
  })

  it('refuses two equally good platforms', async () => {
    const twice = buildIndex([imageFor('linux/amd64'), buildImage({ user: 'other' })])
    await expect(choose(twice, 'linux/amd64')).rejects.toThrow(coded('platform_ambiguous'))
    const nested = buildIndex(['a', 'b'].map(user => without(buildIndex([buildImage({ user })]))))
    await expect(choose(nested, 'linux/amd64')).rejects.toThrow(coded('platform_ambiguous'))
    const unnamed = buildIndex(['a', 'b'].map(user => without(buildImage({ user }))))
    await expect(choose(unnamed, 'linux/amd64')).rejects.toThrow(coded('platform_ambiguous'))
  })

  it('takes one manifest that is listed twice', async () => {
    const image = imageFor('linux/amd64')
    await expect(choose(buildIndex([image, image]), 'linux/amd64')).resolves.toBeDefined()
  })

  it('refuses an index without the platform, an empty one, and one of artifacts', async () => {
    for (const index of [
      buildIndex([imageFor('linux/arm64')]),
      buildIndex([]),
      buildIndex([describedAs(buildArtifact({ artifactType: 'x' }), { mediaType: 'application/x' })]),
    ]) {
      await expect(choose(index, 'linux/amd64')).rejects.toThrow(coded('platform_not_found'))
    }
  })

  it('does not follow indexes for ever', async () => {
    let content = imageFor('linux/amd64')
    for (let depth = 0; depth < 5; depth++) content = without(buildIndex([content]))
    await expect(choose(content, 'linux/amd64')).rejects.toThrow(coded('index_too_deep'))
    const many = buildIndex([...Array(20).keys()].map(n => without(buildIndex([], { annotations: { n: String(n) } }))))
    await expect(choose(many, 'linux/amd64')).rejects.toThrow(coded('platform_not_found'))
    expect(registry.log.length).toBeLessThan(25)
  })

  it('refuses an entry that is an index in the guise of a manifest', async () => {
    const disguised = describedAs(buildIndex([]), { mediaType: imageFor('linux/amd64').mediaType })
    const index = buildIndex([describedAs(disguised, { platform: parsePlatform('linux/amd64') })])
    const { config } = await choose(index, 'linux/amd64')
    await expect(config()).rejects.toThrow(coded('content_invalid'))
  })
})

describe('attestationOf', () => {
  it.each(['annotation', 'artifact'] as const)('finds the manifest of the form %s for the chosen image', async form => {
    const images = ['linux/amd64', 'linux/arm64'].map(imageFor)
    const attestations = images.map(image => buildAttestation(image, [], { form }))
    const { chosen } = await choose(buildIndex([...images, ...attestations]), 'linux/arm64')
    expect(attestationOf(chosen)?.digest).toBe(attestations[1]?.digest)
  })

  it('finds none where there is none', async () => {
    const [image, other] = ['linux/amd64', 'linux/arm64'].map(imageFor) as [BuiltContent, BuiltContent]
    const { chosen } = await choose(buildIndex([image, other, buildAttestation(other, [])]), 'linux/amd64')
    expect(attestationOf(chosen)).toBeUndefined()
    expect(attestationOf({ descriptor: image.descriptor })).toBeUndefined()
  })
})

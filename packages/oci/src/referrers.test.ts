import { createRun } from '@source-policy/core'
import {
  buildArtifact,
  buildImage,
  type ListedReferrer,
  type Registry,
  type RegistryOptions,
  rawContent,
  startRegistry,
} from '@source-policy/testkit'
import { createTransport } from '@source-policy/transport'
import { afterEach, describe, expect, it } from 'vitest'
import type { Descriptor } from './descriptor.ts'
import { type Digest, digestOf } from './digest.ts'
import { MEDIA_TYPES } from './media-type.ts'
import { parseReference, type Reference } from './reference.ts'
import { checkSubject, type ReferrersOptions, readCosignTag, referrersTag } from './referrers.ts'
import { createRegistryClient, type RegistryClientOptions } from './registry-client.ts'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

async function start(options: RegistryOptions = {}) {
  const registry = await startRegistry(options)
  open.push(registry)
  return registry
}

function client(registries: readonly Registry[], options: Partial<RegistryClientOptions> = {}) {
  const transport = createTransport({ allowAddresses: registries.map(({ host }) => host), retries: 0 })
  open.push(transport)
  return createRegistryClient({ transport, ...options })
}

const contextOf = (run = createRun()) => ({ run, signal: run.signal, anonymous: false })
const coded = (code: string) => expect.objectContaining({ code })
const image = buildImage()
const signature = (text: string, artifactType: string = MEDIA_TYPES.sigstoreBundle) =>
  buildArtifact({ artifactType, subject: image, layers: [{ bytes: text, mediaType: artifactType }] })
const digests = (list: readonly Descriptor[]) => list.map(({ digest }) => digest).sort()

function push(registry: Registry, signatures = ['a', 'b', 'c'].map(text => signature(text))) {
  registry.push('app', image, 'v1')
  for (const content of signatures) registry.push('app', content)
  return signatures.map(({ digest }) => digest).sort()
}

async function list(registry: Registry, options: ReferrersOptions = {}, context = contextOf()) {
  const repository = parseReference(`${registry.host}/app`)
  return client([registry]).referrers(repository, image.digest, options, context)
}

const paths = (registry: Registry) => registry.log.map(({ path }) => path)

describe('referrers', () => {
  it.each([
    ['of the API', {}, 1],
    ['of the API, page by page', { referrersPageSize: 1 }, 3],
    ['under the tag that clients keep', { referrers: 'fallback' }, 2],
  ] as const)('%s are all listed', async (_name, options, requests) => {
    const registry = await start(options)
    const expected = push(registry)
    expect(digests(await list(registry))).toEqual(expected)
    expect(registry.log).toHaveLength(requests)
  })

  it.each([{}, { referrers: 'fallback' }] as const)('are none where there are none (%o)', async options => {
    const registry = await start(options)
    push(registry, [])
    expect(await list(registry)).toEqual([])
  })

  it.each([true, false])('of one artifact type, whether the registry filters (%s) or not', async referrersFilter => {
    const registry = await start({ referrersFilter })
    push(registry)
    const other = signature('other', 'x/other')
    registry.push('app', other)
    expect(digests(await list(registry, { artifactType: 'x/other' }))).toEqual([other.digest])
    expect(paths(registry)).toEqual([`/v2/app/referrers/${image.digest}?artifactType=x%2Fother`])
  })

  it('that do not tell their type are listed with those of any type', async () => {
    const claimReferrers = (_: string, found: readonly ListedReferrer[]) =>
      found.map(referrer => ({ ...referrer, artifactType: MEDIA_TYPES.ociEmpty }))
    const registry = await start({ referrers: 'fallback', claimReferrers })
    const expected = push(registry)
    expect(digests(await list(registry, { artifactType: MEDIA_TYPES.sigstoreBundle }))).toEqual(expected)
  })

  it('are asked for once in a run', async () => {
    const registry = await start({ referrers: 'fallback' })
    push(registry)
    const source = client([registry])
    const context = contextOf()
    const repository = parseReference(`${registry.host}/app`)
    const ask = () => source.referrers(repository, image.digest, {}, context)
    expect(new Set(await Promise.all([ask(), ask(), ask()])).size).toBe(1)
    await ask()
    expect(registry.log).toHaveLength(2)
  })

  it('are read among thousands of others, but not without end', async () => {
    const junk = (count: number) => (_: string, found: readonly ListedReferrer[]) => [
      ...found,
      ...Array.from({ length: count }, (_, index) => {
        const digest = digestOf(Buffer.from(String(index)))
        return { mediaType: MEDIA_TYPES.ociManifest, digest, size: 10, artifactType: 'x/junk' }
      }),
    ]
    const many = await start({ claimReferrers: junk(5_000), referrersPageSize: 1_000 })
    push(many)
    expect(await list(many)).toHaveLength(5_003)
    const tooMany = await start({ claimReferrers: junk(10_000), referrersPageSize: 1_000 })
    push(tooMany)
    await expect(list(tooMany)).rejects.toThrow(coded('content_too_large'))
    const small = await start({ claimReferrers: junk(200), referrersPageSize: 1 })
    push(small)
    await expect(list(small)).rejects.toThrow(coded('content_too_large'))
    expect(small.log).toHaveLength(100)
  })

  it('do not lead to another host', async () => {
    const other = await start()
    const registry = await start({ referrersPageSize: 1, referrersLink: next => `${other.url}${next}` })
    push(registry)
    await expect(list(registry)).rejects.toThrow(coded('registry_failed'))
    expect(other.log).toEqual([])
  })

  it.each([
    ['500', { kind: 'status', status: 500 }, 'unexpected_status'],
    ['403', { kind: 'status', status: 403 }, 'denied'],
    ['refused', { kind: 'refuse' }, 'connection_failed'],
    ['truncated', { kind: 'truncate' }, 'truncated'],
    ['not JSON', { kind: 'corrupt', offset: 0 }, 'invalid_json'],
  ] as const)('fail where the list is %s: the tag is for those who answer 404', async (_name, fault, code) => {
    const registry = await start()
    push(registry)
    registry.faults.add({ match: /referrers/, fault })
    await expect(list(registry)).rejects.toThrow(coded(code))
    expect(paths(registry).filter(path => path.includes('manifests'))).toEqual([])
  })

  it('fail where a later page is missing', async () => {
    const registry = await start({ referrersPageSize: 1 })
    push(registry)
    registry.faults.add({ match: /start=1/, fault: { kind: 'status', status: 404 } })
    await expect(list(registry)).rejects.toThrow(coded('not_found'))
  })

  it('fail where the tag is broken or no index', async () => {
    const registry = await start({ referrers: 'fallback' })
    push(registry)
    registry.push('app', image, referrersTag(image.digest))
    await expect(list(registry)).rejects.toThrow(coded('content_invalid'))
    registry.push('app', rawContent('{"manifests": [{}]}', MEDIA_TYPES.ociIndex), referrersTag(image.digest))
    await expect(list(registry)).rejects.toThrow(coded('content_invalid'))
    registry.faults.add({ match: /manifests/, fault: { kind: 'status', status: 500 } })
    await expect(list(registry)).rejects.toThrow(coded('unexpected_status'))
  })

  it('come from the registry where a mirror has none', async () => {
    const mirror = await start()
    mirror.push('app', image, 'v1')
    const registry = await start()
    const expected = push(registry)
    const registries = { [registry.host]: { mirrors: [mirror.host] } }
    const repository = parseReference(`${registry.host}/app`)
    const found = await client([mirror, registry], { registries }).referrers(repository, image.digest, {}, contextOf())
    expect(digests(found)).toEqual(expected)
    expect(mirror.log).toHaveLength(1)
  })

  it('are kept under a tag of at most 97 characters', () => {
    expect(referrersTag(image.digest)).toBe(image.digest.replace(':', '-'))
    const long = referrersTag(`sha512:${'a'.repeat(128)}` as Digest)
    expect(long).toBe(`sha512-${'a'.repeat(64)}`)
  })
})

describe('a subject', () => {
  const of = async (content: ReturnType<typeof buildArtifact>) => {
    const registry = await start()
    registry.push('app', content)
    return client([registry]).root(parseReference(`${registry.host}/app@${content.digest}`), contextOf())
  }

  it('has to be the content, with its size and media type', async () => {
    const fetched = await of(signature('a'))
    const { mediaType, digest, size } = image.descriptor
    expect(() => checkSubject(fetched, { mediaType, digest, size })).not.toThrow()
    expect(() => checkSubject(fetched, { mediaType, digest, size: size + 1 })).toThrow(coded('subject_mismatch'))
    expect(() => checkSubject(fetched, { mediaType: MEDIA_TYPES.ociIndex, digest, size })).toThrow(
      coded('subject_mismatch'),
    )
    expect(() => checkSubject(fetched, { mediaType, digest: buildImage({ user: 'x' }).digest, size })).toThrow(
      coded('subject_mismatch'),
    )
  })

  it('has to be there', async () => {
    const fetched = await of(buildArtifact({ artifactType: 'x/y' }))
    expect(() => checkSubject(fetched, image.descriptor)).toThrow(coded('subject_mismatch'))
  })
})

describe('a tag of cosign', () => {
  const read = async (
    registry: Registry,
    options: Partial<Parameters<typeof readCosignTag>[1]> = {},
    repository: Reference = parseReference(`${registry.host}/app`),
  ) => readCosignTag(client([registry]), { repository, digest: image.digest, suffix: 'sig', ...options }, contextOf())

  it('is read by digest, suffix and prefix', async () => {
    const registry = await start()
    const content = buildArtifact({ artifactType: 'x/y' })
    const tag = `sha256-${image.digest.slice(7)}`
    registry.push('app', content, `${tag}.sig`)
    registry.push('app', image, `pre-${tag}.att`)
    expect((await read(registry))?.digest).toBe(content.digest)
    expect((await read(registry, { suffix: 'att', prefix: 'pre-' }))?.digest).toBe(image.digest)
    expect(await read(registry, { suffix: 'att' })).toBeUndefined()
    expect(await read(registry, {}, parseReference(`${registry.host}/signatures`))).toBeUndefined()
  })

  it('is not missing where the registry fails', async () => {
    const registry = await start()
    registry.faults.add({ fault: { kind: 'status', status: 500 } })
    await expect(read(registry)).rejects.toThrow(coded('unexpected_status'))
  })
})

import type { Source } from '@source-policy/core'
import { parsePlatform } from '@source-policy/oci'
import { describe, expect, it } from 'vitest'
import { describeImageSource, parseImageSource, pinImageSource } from './image-source.ts'

const digest = `sha256:${'ab'.repeat(32)}`
const other = `sha256:${'cd'.repeat(32)}`
const platform = parsePlatform('linux/arm64/v8')

function source(identifier: string, attrs: Record<string, string> = {}): Source {
  return parseImageSource(identifier, { attrs, platform })
}

const image = (given: Source) => describeImageSource(given).input.image
const fields = (given: Source) => describeImageSource(given).unknown.map(path => path.join('.'))

describe('an image source', () => {
  it('is described by its reference and normalised platform', () => {
    expect(image(source('docker-image://ghcr.io/org/app:1'))).toEqual({
      ref: 'ghcr.io/org/app:1',
      host: 'ghcr.io',
      repo: 'ghcr.io/org/app',
      fullRepo: 'ghcr.io/org/app',
      tag: '1',
      platform: 'linux/arm64',
      os: 'linux',
      arch: 'arm64',
    })
    const arm = describeImageSource({ ...source('docker-image://a'), platform: parsePlatform('linux/arm') })
    expect(arm.input.image).toMatchObject({ platform: 'linux/arm/v7', arch: 'arm', variant: 'v7' })
  })

  it('names its reference in full, without a tag of ours', () => {
    expect(source('docker-image://alpine').identifier).toBe('docker-image://docker.io/library/alpine')
    expect(image(source('docker-image://alpine'))?.tag).toBeUndefined()
  })

  it('knows its checksum only from a digest in its reference', () => {
    const canonical = source(`docker-image://alpine:3@${digest}`)
    expect(image(canonical)).toMatchObject({ tag: '3', isCanonical: true, checksum: digest })
    expect(fields(canonical)).not.toContain('image.checksum')
    expect(fields(source('docker-image://alpine', { 'image.checksum': digest }))[0]).toBe('image.checksum')
  })

  it('lists what is unknown in the order of buildx', () => {
    expect(fields(source('docker-image://alpine'))).toEqual(
      'checksum labels user volumes workingDir env createdTime hasProvenance provenance signatures signatureErrors sbom attestations'
        .split(' ')
        .map(field => `image.${field}`),
    )
  })

  it.each<[string, () => unknown, string]>([
    ['no reference', () => source('docker-image://'), 'invalid_reference'],
    ['an upper-case repository', () => source('docker-image://Alpine'), 'invalid_reference'],
    ['a malformed digest', () => source('docker-image://alpine@sha256:12'), 'invalid_reference'],
    [
      'no platform',
      () => describeImageSource(parseImageSource('docker-image://alpine', { attrs: {} })),
      'platform_required',
    ],
    ['a checksum that is none', () => image(source('docker-image://a', { 'image.checksum': 'x' })), 'invalid_checksum'],
    [
      'a checksum that contradicts its reference',
      () => image(source(`docker-image://a@${digest}`, { 'image.checksum': other })),
      'checksum_mismatch',
    ],
    ['a pin that is no digest', () => pinImageSource(source('docker-image://a'), 'sha256:1'), 'invalid_checksum'],
  ])('is refused with %s', (_name, run, code) => {
    expect(run).toThrow(expect.objectContaining({ code }))
  })

  it('says what buildx says', () => {
    expect(() => source('docker-image://Alpine')).toThrow('failed to parse image source reference')
    expect(() => describeImageSource({ kind: 'image', identifier: 'docker-image://a', attrs: {} })).toThrow(
      'platform required for image source',
    )
  })
})

describe('an image of a layout', () => {
  const identifier = `oci-layout://docker.io/library/alpine@${digest}`

  it('does not pass for one of the registry', () => {
    const described = image(source(identifier, { 'oci.store': 'alpine' }))
    expect(described).toEqual({
      ref: identifier,
      isCanonical: true,
      checksum: digest,
      platform: 'linux/arm64',
      os: 'linux',
      arch: 'arm64',
    })
  })

  it('needs a digest, and stays one when it is pinned', () => {
    expect(() => source('oci-layout://alpine:3')).toThrow(expect.objectContaining({ code: 'invalid_reference' }))
    expect(pinImageSource(source(identifier), other).identifier).toBe(`oci-layout://docker.io/library/alpine@${other}`)
  })
})

describe('pinImageSource', () => {
  it('puts the digest in, keeps the tag and the attributes', () => {
    const attrs = { 'image.resolvemode': 'pull' }
    const pinned = pinImageSource(source(`docker-image://alpine:3@${other}`, attrs), digest)
    expect(pinned).toEqual({
      kind: 'image',
      identifier: `docker-image://docker.io/library/alpine:3@${digest}`,
      attrs: { 'image.resolvemode': 'pull', 'image.checksum': digest },
      platform,
    })
    expect(attrs).toEqual({ 'image.resolvemode': 'pull' })
    expect(image(pinned)).toMatchObject({ checksum: digest, isCanonical: true })
  })

  it('takes the place of an earlier checksum', () => {
    const pinned = pinImageSource(source('docker-image://alpine', { 'image.checksum': other }), digest)
    expect(image(pinned)?.checksum).toBe(digest)
  })
})

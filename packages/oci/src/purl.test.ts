import { formatPlatform } from '@source-policy/core'
import { describe, expect, it } from 'vitest'
import { conformanceJSON, hasConformance } from '../../../test/conformance.ts'
import { purlToReference } from './purl.ts'

const digest = `sha256:${'ab'.repeat(32)}`

describe('purlToReference', () => {
  it.each([
    ['pkg:docker/alpine', 'docker.io/library/alpine:latest'],
    ['pkg:docker/moby/buildkit@v1', 'docker.io/moby/buildkit:v1'],
    ['PKG:Docker/alpine@3.22#sub/path', 'docker.io/library/alpine:3.22'],
    [`pkg:docker/alpine@${digest}`, `docker.io/library/alpine@${digest}`],
    [`pkg:docker/alpine@sha256%3A${'ab'.repeat(32)}?digest=${digest}`, `docker.io/library/alpine@${digest}`],
    ['pkg:docker/localhost%3A5000/app@1', 'localhost:5000/app:1'],
  ])('reads %s', (purl, reference) => {
    expect(purlToReference(purl)).toEqual({ reference })
  })

  it.each([
    ['docker/alpine', 'purl_invalid'],
    ['pkg:docker', 'purl_invalid'],
    ['pkg:docker/', 'purl_invalid'],
    ['pkg:npm/left-pad@1', 'purl_invalid'],
    ['pkg:docker/a%zz', 'purl_invalid'],
    ['pkg:docker/a?platform=x&Platform=y', 'purl_invalid'],
    ['pkg:docker/a?1x=y', 'purl_invalid'],
    ['pkg:docker/a?=y', 'purl_invalid'],
    ['pkg:docker/a??platform=linux/arm64', 'purl_invalid'],
    [`pkg:docker/a@${digest}?digest=sha256:${'cd'.repeat(32)}`, 'purl_invalid'],
    ['pkg:docker/a?digest=sha256:12', 'digest_length'],
    ['pkg:docker/a?platform=beos', 'platform_invalid'],
    ['pkg:docker/A', 'name_uppercase'],
    [`pkg:docker/${'a'.repeat(9000)}`, 'purl_invalid'],
  ])('refuses %s', (purl, code) => {
    expect(() => purlToReference(purl)).toThrow(expect.objectContaining({ code }))
  })
})

type Expected = string | { ref: string; platform: string } | { error: true }

describe.skipIf(!hasConformance)('purl_to_ref of buildx', () => {
  const { cases } = hasConformance
    ? conformanceJSON<{ purl_to_ref: { cases: [string, Expected][] } }>('vectors', 'buildx.json').purl_to_ref
    : { cases: [] }

  it.each(cases)('%s', (purl, expected) => {
    if (typeof expected === 'object' && 'error' in expected) {
      expect(() => purlToReference(purl)).toThrow(expect.objectContaining({ name: 'OciError' }))
      return
    }
    const { ref, platform } = typeof expected === 'string' ? { ref: expected, platform: undefined } : expected
    const read = purlToReference(purl)
    expect(read.reference).toBe(ref)
    expect(read.platform && formatPlatform(read.platform)).toBe(platform)
  })
})

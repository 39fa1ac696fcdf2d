import { describe, expect, it } from 'vitest'
import { conformanceJSON, hasConformance } from '../../../test/conformance.ts'
import { parseDigest } from './digest.ts'
import {
  familiarName,
  formatFamiliarReference,
  formatReference,
  parseAnyReference,
  parseBareReference,
  parseDockerReference,
  parseReference,
  repositoryName,
  tagNameOnly,
  withDigest,
  withTag,
} from './reference.ts'

const sha256 = `sha256:${'0123456789abcdef'.repeat(4)}`
const sha512 = `sha512:${'0123456789abcdef'.repeat(8)}`

describe('parseReference', () => {
  it.each([
    ['alpine', 'docker.io/library/alpine', 'alpine'],
    ['alpine:3.22', 'docker.io/library/alpine:3.22', 'alpine:3.22'],
    [`alpine:3.22@${sha256}`, `docker.io/library/alpine:3.22@${sha256}`, `alpine:3.22@${sha256}`],
    [`moby/buildkit@${sha512}`, `docker.io/moby/buildkit@${sha512}`, `moby/buildkit@${sha512}`],
    ['index.docker.io/alpine', 'docker.io/library/alpine', 'alpine'],
    ['docker.io/library/a/b', 'docker.io/library/a/b', 'library/a/b'],
    ['localhost/app', 'localhost/app', 'localhost/app'],
    ['localhost:5000/app:1', 'localhost:5000/app:1', 'localhost:5000/app:1'],
    ['[::1]:5000/app', '[::1]:5000/app', '[::1]:5000/app'],
    ['UPPER/app', 'UPPER/app', 'UPPER/app'],
  ])('reads %s', (text, full, familiar) => {
    const reference = parseReference(text)
    expect(formatReference(reference)).toBe(full)
    expect(formatFamiliarReference(reference)).toBe(familiar)
    expect(parseReference(full)).toEqual(reference)
  })

  it.each([
    ['', 'reference_invalid'],
    ['Alpine', 'name_uppercase'],
    ['docker.io/library/Alpine:x', 'name_uppercase'],
    [`${'ab'.repeat(32)}`, 'reference_invalid'],
    ['alpine:', 'reference_invalid'],
    ['alpine@', 'reference_invalid'],
    [`alpine:${'x'.repeat(129)}`, 'reference_invalid'],
    ['alpine\n', 'reference_invalid'],
    ['alpine 3', 'reference_invalid'],
    [`alpine:3@sha256:${'AB'.repeat(32)}`, 'digest_invalid'],
    [`alpine@${sha256}0`, 'digest_length'],
    [`alpine@md5:${'0'.repeat(32)}`, 'digest_unsupported'],
    [`a/${'b'.repeat(255)}`, 'name_too_long'],
    [`alpine${'/a'.repeat(5000)}`, 'reference_invalid'],
    ['example.com/äpp', 'reference_invalid'],
  ])('refuses %s', (text, code) => {
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ code }))
  })

  it('refuses long hostile text quickly', () => {
    const started = performance.now()
    for (const text of [`${'a-'.repeat(2000)}/`, `a${'__a'.repeat(1300)}/:`, `${'a.'.repeat(2000)}:/`]) {
      expect(() => parseReference(text)).toThrow()
    }
    expect(performance.now() - started).toBeLessThan(1000)
  })
})

describe('changes of a reference', () => {
  it('adds the default tag only to a bare name', () => {
    expect(formatReference(tagNameOnly(parseReference('alpine')))).toBe('docker.io/library/alpine:latest')
    expect(formatReference(tagNameOnly(parseReference(`alpine@${sha256}`)))).toBe(`docker.io/library/alpine@${sha256}`)
  })

  it('keeps the tag when a digest is put in', () => {
    const pinned = withDigest(parseReference(`alpine:3@${sha512}`), parseDigest(sha256))
    expect(formatReference(pinned)).toBe(`docker.io/library/alpine:3@${sha256}`)
  })

  it('refuses what is no tag', () => {
    expect(() => withTag(parseReference('alpine'), 'a/b')).toThrow(
      expect.objectContaining({ code: 'reference_invalid' }),
    )
  })
})

interface Row {
  input: string
  string?: string
  expected?: string
  repository?: string
  domain?: string
  tag?: string
  digest?: string
  error?: string
}

interface Vectors {
  parseNormalizedNamed: {
    valid: string[]
    invalid: string[]
    info: { familiar: string; full: string; ambiguous: string | null; domain: string; path: string }[]
  }
  parse: Row[]
  parseAnyReference: Row[]
  parseDockerRef: Row[]
  tagNameOnly: Row[]
}

describe.skipIf(!hasConformance)('distribution/reference', () => {
  const vectors: Vectors = hasConformance
    ? conformanceJSON<Vectors>('vectors', 'imageref.json')
    : {
        parseNormalizedNamed: { valid: [], invalid: [], info: [] },
        parse: [],
        parseAnyReference: [],
        parseDockerRef: [],
        tagNameOnly: [],
      }

  it.each(vectors.parseNormalizedNamed.valid)('accepts %s', text => {
    expect(formatReference(parseReference(text))).not.toBe('')
  })
  it.each(vectors.parseNormalizedNamed.invalid)('refuses %s', text => {
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ name: 'OciError' }))
  })
  it.each(vectors.parseNormalizedNamed.info)('normalises $familiar', row => {
    for (const text of [row.familiar, row.full, ...(row.ambiguous === null ? [] : [row.ambiguous])]) {
      const reference = parseReference(text)
      expect(reference).toEqual({ domain: row.domain, path: row.path })
      expect(repositoryName(reference)).toBe(row.full)
      expect(familiarName(reference)).toBe(row.familiar)
    }
  })
  it.each(vectors.parse)('splits $input', row => {
    // upstream's test binary lacks sha512, which builders have
    const supported = row.error === 'digest.ErrDigestUnsupported' && /@sha512:[0-9a-f]{128}$/.test(row.input)
    if (row.error !== undefined && !supported) {
      expect(() => parseBareReference(row.input)).toThrow(expect.objectContaining({ code: codes[row.error] }))
      return
    }
    const reference = parseBareReference(row.input)
    if (supported) return
    expect(repositoryName(reference)).toBe(row.repository)
    expect(reference).toMatchObject({ domain: row.domain ?? '' })
    expect(reference.tag).toBe(row.tag)
    expect(reference.digest).toBe(row.digest)
  })
  it.each(vectors.parseAnyReference)('reads $input as anything', row => {
    const read = parseAnyReference(row.input)
    expect(typeof read === 'string' ? read : formatReference(read)).toBe(row.string)
  })
  it.each(vectors.parseDockerRef)('reads $input as docker does', row => {
    expect(formatReference(parseDockerReference(row.input))).toBe(row.expected)
  })
  it.each(vectors.tagNameOnly)('tags $input', row => {
    expect(formatReference(tagNameOnly(parseReference(row.input)))).toBe(row.string)
  })
})

const codes: Readonly<Record<string, string>> = {
  ErrNameEmpty: 'name_empty',
  ErrReferenceInvalidFormat: 'reference_invalid',
  ErrNameContainsUppercase: 'name_uppercase',
  ErrNameTooLong: 'name_too_long',
  'digest.ErrDigestInvalidLength': 'digest_length',
  'digest.ErrDigestUnsupported': 'digest_unsupported',
}

import { describe, expect, it } from 'vitest'
import { digestAlgorithm, digestHex, digestOf, isDigest, parseDigest, verifyDigest } from './digest.ts'

const hello = 'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'

describe('digest', () => {
  it('is computed over bytes', () => {
    expect(digestOf(Buffer.from('hello'))).toBe(hello)
    expect(digestOf(Buffer.from('hello'), 'sha512')).toHaveLength(7 + 128)
  })

  it('is taken apart', () => {
    expect([digestAlgorithm(parseDigest(hello)), digestHex(parseDigest(hello))]).toEqual(['sha256', hello.slice(7)])
  })

  it.each([
    ['', 'digest_invalid'],
    ['sha256', 'digest_invalid'],
    ['sha256:', 'digest_invalid'],
    [':abc', 'digest_invalid'],
    [hello.toUpperCase(), 'digest_invalid'],
    [`sha256:${hello.slice(7).toUpperCase()}`, 'digest_invalid'],
    [`${hello}\n`, 'digest_invalid'],
    [hello.slice(0, -1), 'digest_length'],
    [`sha512:${hello.slice(7)}`, 'digest_length'],
    [`md5:${'0'.repeat(32)}`, 'digest_unsupported'],
    [`constructor:${'0'.repeat(32)}`, 'digest_unsupported'],
  ])('refuses %s', (text, code) => {
    expect(isDigest(text)).toBe(false)
    expect(() => parseDigest(text)).toThrow(expect.objectContaining({ code }))
  })

  it('is checked over bytes', () => {
    expect(() => verifyDigest(Buffer.from('hello'), parseDigest(hello), 'greeting')).not.toThrow()
    expect(() => verifyDigest(Buffer.from('hellO'), parseDigest(hello), 'greeting')).toThrow(
      expect.objectContaining({ code: 'digest_mismatch' }),
    )
  })
})

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decodeSnappy } from './snappy.ts'

const fixture = (name: string) => readFileSync(new URL(`testdata/snappy/${name}.sn`, import.meta.url))
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const bytes = (...parts: (number | string)[]) =>
  Buffer.concat(parts.map(part => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part))))
const codeOf = (block: Uint8Array, maxBytes = 1_000_000): unknown => {
  try {
    return Buffer.from(decodeSnappy(block, maxBytes)).toString('latin1')
  } catch (error) {
    return (error as { code?: unknown }).code
  }
}

describe('decodeSnappy', () => {
  it.each([
    ['empty', 0, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['short', 5, '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'],
    ['run', 1000, '41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3'],
    ['text', 12600, 'ccf8de413ef3fabeea030f52e4cd1a81a3e4c6690ddc27981bc8943b270903b9'],
    ['noise', 300, '6bbbb23dc82b0b3bcb7e0ab8eca87a2d15fc4b48714f1eed7e982d3c7d4e522a'],
  ])('reads %s as another implementation wrote it', (name, length, digest) => {
    const decoded = decodeSnappy(fixture(name), 12_600)
    expect([decoded.length, sha256(decoded)]).toEqual([length, digest])
  })

  it.each([
    ['an offset of one byte', bytes(8, 0x0c, 'abcd', 0x01, 4), 'abcdabcd'],
    ['an offset of two bytes', bytes(8, 0x0c, 'abcd', 0x0e, 4, 0), 'abcdabcd'],
    ['an offset of four bytes', bytes(8, 0x0c, 'abcd', 0x0f, 4, 0, 0, 0), 'abcdabcd'],
    ['a copy of itself', bytes(8, 0x00, 'a', 0x0d, 1), 'aaaaaaaa'],
    ['a length of a literal in two bytes', bytes(4, 0xf4, 3, 0, 'abcd'), 'abcd'],
    ['a length of a literal in four bytes', bytes(4, 0xfc, 3, 0, 0, 0, 'abcd'), 'abcd'],
  ])('reads %s', (_name, block, text) => {
    expect(codeOf(block)).toBe(text)
  })

  it.each([
    ['nothing', bytes()],
    ['a length that does not end', bytes(0x80, 0x80, 0x80, 0x80, 0x80, 0x01)],
    ['a length of more than 32 bits', bytes(0xff, 0xff, 0xff, 0xff, 0x7f)],
    ['less than it says', bytes(5, 0x0c, 'abcd')],
    ['more than it says', bytes(3, 0x0c, 'abcd')],
    ['more by a copy than it says', bytes(5, 0x0c, 'abcd', 0x01, 4)],
    ['a literal that is cut short', bytes(4, 0x0c, 'abc')],
    ['a literal without its length', bytes(4, 0xfc, 3, 0)],
    ['a copy of nothing', bytes(4, 0x01, 4)],
    ['a copy of itself alone', bytes(8, 0x0c, 'abcd', 0x01, 0)],
    ['a copy of what lies before', bytes(8, 0x0c, 'abcd', 0x01, 5)],
    ['a copy that is cut short', bytes(8, 0x0c, 'abcd', 0x0e, 4)],
  ])('refuses %s', (_name, block) => {
    expect(codeOf(block)).toMatch(/^malformed_attestation$|^too_large$/)
  })

  it('takes no memory for what is larger than allowed', () => {
    expect(codeOf(bytes(0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 'a'))).toBe('too_large')
    expect(codeOf(fixture('text'), 12_599)).toBe('too_large')
  })
})

import { describe, expect, it } from 'vitest'
import { decodeArmor } from './armor.ts'
import { readOpenPGPSignature } from './openpgp-packet.ts'
import { readSSHSignature } from './ssh-signature.ts'

const block = (body: string, type = 'PGP SIGNATURE') => `-----BEGIN ${type}-----\n${body}\n-----END ${type}-----\n`
const decoded = (text: string) => Buffer.from(decodeArmor(text).data).toString()

describe('decodeArmor', () => {
  it.each([
    ['headers and checksum', block('Version: x\nComment: a: b\n\naGVs\nbG8=\n=abcd')],
    ['an empty header', block('Comment:\n\naGVsbG8=')],
    ['neither', block('aGVsbG8=')],
    ['a blank line', block('\naGVsbG8=')],
    ['carriage returns', block('\naGVsbG8=').replaceAll('\n', '\r\n')],
    ['text around it', `before\n${block('\naGVsbG8=')}after\n${block('\nAAAA')}`],
  ])('reads a block with %s', (_, text) => {
    expect(decoded(text)).toBe('hello')
  })

  it.each([
    ['', 'malformed_signature'],
    ['aGVsbG8=', 'malformed_signature'],
    ['-----BEGIN PGP SIGNATURE-----\n\naGVsbG8=', 'malformed_signature'],
    ['-----BEGIN PGP SIGNATURE-----\n\naGVsbG8=\n-----END SSH SIGNATURE-----', 'malformed_signature'],
    [block('\n'), 'malformed_signature'],
    [block('\naGVsb'), 'malformed_signature'],
    [block('\naGVs bG8='), 'malformed_signature'],
    [block('\naG=sbG8='), 'malformed_signature'],
    [block('no header here\n\naGVsbG8='), 'malformed_signature'],
    [block('x'.repeat(300_000)), 'too_large'],
  ])('refuses %j', (text, code) => {
    expect(() => decodeArmor(text)).toThrow(expect.objectContaining({ code }))
  })
})

describe('readOpenPGPSignature', () => {
  const body = [4, 0, 22, 8, 0, 6, 5, 2, 0x65, 0x53, 0xf1, 0x00, 0, 0]
  it.each([
    ['a new header', [0xc2, body.length, ...body]],
    ['an old header', [0x88, body.length, ...body]],
    ['a long length', [0xc2, 0xff, 0, 0, 0, body.length, ...body]],
    ['a marker before it', [0xca, 3, 0x50, 0x47, 0x50, 0xc2, body.length, ...body]],
  ])('reads one with %s', (_, bytes) => {
    expect(readOpenPGPSignature(Uint8Array.from(bytes))).toEqual({
      version: 4,
      publicKeyAlgorithm: 22,
      hashAlgorithm: 8,
      createdS: 0x6553f100,
    })
  })
  it.each([
    [[]],
    [[0x02, 1, 1]],
    [[0xc2, 200]],
    [[0xc2, 224, ...body]],
    [[0x8b, ...body]],
    [[0xc2, 1, 3]],
    [[0xc2, 4, 4, 0, 22, 8]],
    [[0xc2, 8, 4, 0, 22, 8, 0, 1, 0, 0]],
    [[0xc2, 10, 4, 0, 22, 8, 0, 2, 9, 2, 0, 0]],
    [Array.from({ length: 200 }, () => [0xca, 0]).flat()],
  ])('refuses %j', bytes => {
    expect(() => readOpenPGPSignature(Uint8Array.from(bytes))).toThrow(
      expect.objectContaining({ code: 'malformed_signature' }),
    )
  })
})

describe('readSSHSignature', () => {
  it.each([
    '',
    'SSHSIX\0\0\0\x01',
    'SSHSIG\0\0\0\x02',
    'SSHSIG\0\0\0\x01\xff\xff\xff\xff',
    `SSHSIG\0\0\0\x01${'\0\0\0\0'.repeat(5)}x`,
  ])('refuses %j', text => {
    expect(() => readSSHSignature(Uint8Array.from(Buffer.from(text, 'latin1')))).toThrow(
      expect.objectContaining({ code: 'malformed_signature' }),
    )
  })
})

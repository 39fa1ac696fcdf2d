import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decodeArmor } from './armor.ts'
import { hashesOfOpenPGP, verifyOpenPGP } from './openpgp.ts'
import type { DigestOfSigned } from './openpgp-digest.ts'

const file = (name: string) => Uint8Array.from(readFileSync(new URL(`testdata/${name}`, import.meta.url)))
const data = file('data.txt')
const now = new Date('2026-01-01T00:00:00Z')
const check = (signature: string, key: string, options: Partial<Parameters<typeof verifyOpenPGP>[0]> = {}) =>
  verifyOpenPGP({
    data,
    now,
    signature: options.signature ?? file(`openpgp/${signature}`),
    keys: options.keys ?? file(`openpgp/${key}`),
    ...options,
  })

describe('verifyOpenPGP', () => {
  it.each([
    ['ed25519.asc', 'ed25519.key.asc', 'ed25519'],
    ['ed25519.sig', 'ed25519.key.asc', 'ed25519'],
    ['ed25519.sig', 'binary.key.gpg', 'ed25519'],
    ['rsa3072.asc', 'binary.key.gpg', 'rsa3072'],
    ['rsa3072.asc', 'concatenated.key.asc', 'rsa3072'],
    ['ed25519.asc', 'concatenated.key.asc', 'ed25519'],
    ['rsa3072-sha512.asc', 'rsa3072.key.asc', 'rsa3072'],
    ['nistp256.asc', 'nistp256.key.asc', 'nistp256'],
    ['subkey.asc', 'subkey.key.asc', 'subkey'],
    ['two.asc', 'ed25519.key.asc', 'ed25519'],
    ['two.asc', 'rsa3072.key.asc', 'rsa3072'],
    ['expired.asc', 'expired.key.asc', 'expired'],
  ])('accepts %s by %s', async (signature, key, name) => {
    const signer = await check(signature, key)
    expect(signer).toMatchObject({ kind: 'openpgp', names: [`${name} <${name}@example.test>`] })
    expect(signer.signedAt?.getUTCFullYear()).toBe(2024)
    expect(signer.key).toMatch(/^[0-9a-f]{40}$/)
    expect(signer.key === signer.primaryKey).toBe(name !== 'subkey')
  })

  it.each([
    ['rsa1024.asc', 'rsa1024.key.asc', 'rejected_algorithm'],
    ['dsa2048.asc', 'dsa2048.key.asc', 'rejected_algorithm'],
    ['rsa3072-sha1.asc', 'rsa3072.key.asc', 'rejected_algorithm'],
    ['brainpool.asc', 'brainpool.key.asc', 'rejected_algorithm'],
    ['future.asc', 'ed25519.key.asc', 'signature_from_future'],
    ['revoked.asc', 'revoked.key.asc', 'key_revoked'],
    ['ed25519.asc', 'rsa3072.key.asc', 'unknown_signer'],
    ['ed25519.key.asc', 'ed25519.key.asc', 'malformed_signature'],
    ['ed25519.asc', 'ed25519.asc', 'malformed_key'],
    ['ed25519.asc', '../data.txt', 'malformed_key'],
  ])('refuses %s by %s', async (signature, key, code) => {
    await expect(check(signature, key)).rejects.toMatchObject({ code })
  })

  it.each(['ed25519.asc', 'rsa3072.asc', 'nistp256.asc', 'subkey.asc'])(
    'refuses %s over other data',
    async signature => {
      const tampered = Uint8Array.from([...data, 0x0a])
      await expect(check(signature, signature.replace('.asc', '.key.asc'), { data: tampered })).rejects.toMatchObject({
        code: 'signature_mismatch',
      })
    },
  )

  it('refuses a key that expired since, where it must be valid still', async () => {
    await expect(check('expired.asc', 'expired.key.asc', { validity: 'now' })).rejects.toMatchObject({
      code: 'key_expired',
    })
    await expect(check('ed25519.asc', 'ed25519.key.asc', { validity: 'now' })).resolves.toMatchObject({
      kind: 'openpgp',
    })
  })

  it('allows a clock that is a little ahead', async () => {
    const at = (text: string) => check('ed25519.asc', 'ed25519.key.asc', { now: new Date(text) })
    await expect(at('2024-01-09T23:56:00Z')).resolves.toMatchObject({ kind: 'openpgp' })
    await expect(at('2024-01-09T23:54:00Z')).rejects.toMatchObject({ code: 'signature_from_future' })
  })

  it('no byte of a signature can be changed so that it holds, but in the part that is not signed', async () => {
    const whole = file('openpgp/ed25519.sig')
    // RFC 9580 section 5.2.3: header, 4 bytes, the hashed area and the unhashed one, each after its length of 2 bytes
    const hashedAt = 2 + 4
    const unhashedAt = hashedAt + 2 + Buffer.from(whole).readUInt16BE(hashedAt)
    const unhashedEnd = unhashedAt + 2 + Buffer.from(whole).readUInt16BE(unhashedAt)
    for (let offset = 0; offset < whole.length; offset++) {
      const signature = Uint8Array.from(whole)
      signature[offset] = whole[offset]! ^ 0x10
      const outcome: unknown = await check('', '', { signature, keys: file('openpgp/ed25519.key.asc') }).catch(
        error => error,
      )
      if (outcome instanceof Error) expect(outcome).toHaveProperty('code', expect.any(String))
      else expect([offset >= unhashedAt, offset < unhashedEnd]).toEqual([true, true])
    }
  })

  it.each([
    ['', 'malformed_signature'],
    ['x'.repeat(300_000), 'too_large'],
  ])('refuses a signature of nothing or too much', async (signature, code) => {
    await expect(check('', 'ed25519.key.asc', { signature })).rejects.toMatchObject({ code })
  })
})

const digestOf =
  (content: Uint8Array): DigestOfSigned =>
  (algorithm, suffix) =>
    createHash(algorithm).update(content).update(suffix).digest()

describe('verifyOpenPGP over a digest', () => {
  it.each([
    ['ed25519.asc', 'ed25519.key.asc', ['sha256']],
    ['ed25519.sig', 'binary.key.gpg', ['sha256']],
    ['rsa3072.asc', 'concatenated.key.asc', ['sha512']],
    ['rsa3072-sha512.asc', 'rsa3072.key.asc', ['sha512']],
    ['nistp256.asc', 'nistp256.key.asc', ['sha256']],
    ['subkey.asc', 'subkey.key.asc', ['sha256']],
    ['two.asc', 'rsa3072.key.asc', ['sha256', 'sha512']],
    ['expired.asc', 'expired.key.asc', ['sha256']],
  ])('accepts %s by %s, for this data only', async (signature, key, hashes) => {
    const asked: string[] = []
    const digest: DigestOfSigned = (algorithm, suffix) => {
      asked.push(algorithm)
      return digestOf(data)(algorithm, suffix)
    }
    expect(await check(signature, key, { data: digest })).toEqual(await check(signature, key))
    expect(asked).toEqual(hashes.slice(-1))
    expect(await hashesOfOpenPGP(file(`openpgp/${signature}`))).toEqual(hashes)
    const other = digestOf(Uint8Array.from([...data, 0x0a]))
    await expect(check(signature, key, { data: other })).rejects.toMatchObject({ code: 'signature_mismatch' })
  })

  it.each([
    ['rsa1024.asc', 'rsa1024.key.asc', 'rejected_algorithm'],
    ['rsa3072-sha1.asc', 'rsa3072.key.asc', 'rejected_algorithm'],
    ['revoked.asc', 'revoked.key.asc', 'key_revoked'],
    ['future.asc', 'ed25519.key.asc', 'signature_from_future'],
    ['ed25519.asc', 'rsa3072.key.asc', 'unknown_signer'],
  ])('refuses %s by %s without asking for the data', async (signature, key, code) => {
    const unread: DigestOfSigned = () => expect.unreachable()
    await expect(check(signature, key, { data: unread })).rejects.toMatchObject({ code })
  })

  it('passes on that the data cannot be read', async () => {
    const problem = Object.assign(new Error('cut off'), { code: 'truncated' })
    const unreadable: DigestOfSigned = () => Promise.reject(problem)
    await expect(check('two.asc', 'ed25519.key.asc', { data: unreadable })).rejects.toBe(problem)
  })
})

describe('verifyOpenPGP as leniently as docker buildx', () => {
  const lenient = { validity: 'any' } as const
  it.each([
    ['ed25519.asc', 'ed25519.key.asc'],
    ['rsa3072.asc', 'binary.key.gpg'],
    ['subkey.asc', 'subkey.key.asc'],
    ['rsa1024.asc', 'rsa1024.key.asc'],
    ['dsa2048.asc', 'dsa2048.key.asc'],
    ['revoked.asc', 'revoked.key.asc'],
    ['expired.asc', 'expired.key.asc'],
    ['future.asc', 'ed25519.key.asc'],
  ])('accepts %s by %s, for this data only', async (signature, key) => {
    expect(await check(signature, key, lenient)).toMatchObject({ kind: 'openpgp' })
    expect(await check(signature, key, { ...lenient, data: digestOf(data) })).toMatchObject({ kind: 'openpgp' })
    const other = { ...lenient, data: Uint8Array.from([...data, 0x0a]) }
    await expect(check(signature, key, other)).rejects.toMatchObject({ code: 'signature_mismatch' })
  })

  it.each([
    ['rsa3072-sha1.asc', 'rsa3072.key.asc', 'rejected_algorithm'],
    ['ed25519.asc', 'rsa3072.key.asc', 'signature_mismatch'],
    ['rsa3072.asc', 'rsa1024.key.asc', 'signature_mismatch'],
  ])('refuses %s by %s', async (signature, key, code) => {
    await expect(check(signature, key, lenient)).rejects.toMatchObject({ code })
  })

  it('believes nothing that a signature says of its issuer without having signed it', async () => {
    const signature = file('openpgp/ed25519.sig')
    const hashedAt = 2 + 4
    const unhashedAt = hashedAt + 2 + Buffer.from(signature).readUInt16BE(hashedAt)
    signature[unhashedAt + 2 + 2]! ^= 0xff
    const keys = file('openpgp/ed25519.key.asc')
    expect(await check('', '', { ...lenient, signature, keys })).toMatchObject({ kind: 'openpgp' })
  })
})

it.each(['signature', 'any'] as const)(
  'refuses a signature of a type that nobody knows, key valid: %s',
  async validity => {
    const signature = file('openpgp/ed25519.sig')
    // after two bytes of header and the version
    signature[3] = 0x21
    const keys = file('openpgp/ed25519.key.asc')
    await expect(check('', '', { signature, keys, validity })).rejects.toMatchObject({ code: 'malformed_signature' })
  },
)

it.each(['signature', 'now', 'any'] as const)(
  'what a key says of itself is no signature of data, key valid: %s',
  async validity => {
    const { data: packets } = decodeArmor(
      Buffer.from(file('openpgp/ed25519.key.asc')).toString().replaceAll('PUBLIC KEY BLOCK', 'SIGNATURE'),
    )
    // the packets of the file: key, user id, what binds them; each with a length of one byte
    let [at, length] = [0, 0]
    const lengthAt = (start: number) => packets[start + 1]! + 2
    while ((packets[at]! & 0x3c) >> 2 !== 2) at += lengthAt(at)
    length = lengthAt(at)
    const signature = packets.subarray(at, at + length)
    await expect(check('', '', { signature, keys: file('openpgp/ed25519.key.asc'), validity })).rejects.toMatchObject({
      code: 'malformed_signature',
    })
  },
)

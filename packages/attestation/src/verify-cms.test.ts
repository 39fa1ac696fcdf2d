import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createSigstore } from '@source-policy/testkit'
import { beforeAll, describe, expect, it } from 'vitest'
import { parseDER } from './asn1.ts'
import { parseTrustRoot, type TrustRoot } from './trust-root.ts'
import { fingerprintCMSSigner, verifyCMS } from './verify-cms.ts'

const data = Buffer.from('tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nfirst\n')
const now = new Date('2026-11-27T12:00:00Z')
const sigstore = createSigstore()
const other = createSigstore()
const ada = { subject: 'ada@example.test', issuer: 'https://accounts.example.test' }
const notBefore = new Date('2026-06-01T00:00:00Z')
const signer = sigstore.issue(ada, { notBefore })
let trust: TrustRoot
beforeAll(async () => {
  trust = await parseTrustRoot(sigstore.trustedRoot, { name: 'test' })
})
const verify = (signature: Uint8Array, content: Uint8Array = data) =>
  verifyCMS(signature, { data: content, trustRoots: [trust], now })
const codeOf = (signature: Uint8Array, content?: Uint8Array) =>
  verify(signature, content).then(
    () => 'verified',
    (error: unknown) => (error as { code?: unknown }).code,
  )

describe('verifyCMS', () => {
  it.each([
    ['the entry of a log', {}],
    ['an entry and a timestamp', { timestamp: true }],
    ['an entry of Rekor 1 and a timestamp', { log: 'rekor1', timestamp: true }],
  ] as const)('proves who signed by %s, long after the certificate ended', async (_name, options) => {
    const verified = await verify(signer.signMessage(data, options))
    expect(verified).toMatchObject({
      type: 'cms-v1',
      signer: { subjectAlternativeName: 'ada@example.test', issuer: ada.issuer },
      refused: [],
    })
    expect(verified.timestamps).toHaveLength('timestamp' in options ? 2 : 1)
    expect(verified.timestamps[0]?.timestamp).toEqual(new Date('2026-06-01T00:01:00Z'))
  })

  it.each([
    ['other data', () => signer.signMessage(Buffer.from('other')), 'signature_mismatch'],
    ['no log entry', () => signer.signMessage(data, { log: 'none', timestamp: false }), 'too_few_log_entries'],
    ['a timestamp alone', () => signer.signMessage(data, { log: 'none' }), 'too_few_log_entries'],
    ['another authority', () => other.issue(ada).signMessage(data), 'untrusted_certificate'],
    [
      'no promise of a certificate log',
      () => sigstore.issue(ada, { notBefore, scts: 0 }).signMessage(data),
      'too_few_scts',
    ],
    ['a certificate that had ended', () => signer.signMessage(data, { at: now }), 'not_valid_at_time'],
    [
      'a certificate for another purpose',
      () => sigstore.issue(ada, { notBefore, purpose: '1.3.6.1.5.5.7.3.1' }).signMessage(data),
      'untrusted_certificate',
    ],
    ['nothing', () => Buffer.alloc(0), 'invalid_signature'],
    ['something else', () => Buffer.from('30030201ff', 'hex'), 'invalid_signature'],
    ['too much', () => Buffer.alloc(64 * 1024, 0x30), 'too_large'],
  ])('refuses %s', async (_name, signature, code) => {
    expect(await codeOf(signature())).toBe(code)
  })

  it('refuses a second signer, whose certificate could be taken for that of the first', async () => {
    const message = parseDER(signer.signMessage(data))
    const borrowed = parseDER(other.issue(ada).signMessage(data))
    const signersOf = (root: typeof message) => root.subs[1]!.subs[0]!.subs.at(-1)!.subs
    signersOf(message).unshift(...signersOf(borrowed))
    expect(await codeOf(message.toDER())).toBe('invalid_signature')
    await expect(fingerprintCMSSigner(message.toDER())).rejects.toMatchObject({ code: 'invalid_signature' })
  })

  it('no byte of a signature can be changed so that it holds for other data, or is refused without a code', async () => {
    const signature = signer.signMessage(data)
    let refused = 0
    for (let offset = 0; offset < signature.length; offset += 2) {
      const tampered = Buffer.from(signature)
      tampered[offset]! ^= 0x04
      const outcome = await codeOf(tampered)
      if (outcome !== 'verified') refused++
      expect(outcome).toEqual(expect.stringMatching(/^[a-z_]+$/))
      expect(await codeOf(tampered, Buffer.from('other'))).not.toBe('verified')
    }
    // what is not signed is little: versions, and what is not read of the entry
    expect(refused).toBeGreaterThan(signature.length * 0.4)
  })

  it('is made and read as openssl does', async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'cms-'))
    const file = (name: string) => path.join(directory, name)
    try {
      writeFileSync(file('signature'), signer.signMessage(data))
      writeFileSync(file('data'), data)
      const args = ['cms', '-verify', '-binary', '-inform', 'DER', '-noverify', '-in', file('signature')]
      const read = (content: string) =>
        execFileSync('openssl', [...args, '-content', file(content)], { stdio: ['ignore', 'pipe', 'ignore'] })
      expect(read('data').equals(data)).toBe(true)
      writeFileSync(file('other'), 'other')
      expect(() => read('other')).toThrow()
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})

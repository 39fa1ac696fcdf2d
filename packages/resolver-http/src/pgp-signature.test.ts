import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Answer, createRun, type Path, type PolicyFiles, type Run } from '@source-policy/core'
import { type HTTPOrigin, startHTTPOrigin } from '@source-policy/testkit'
import { createTransport } from '@source-policy/transport'
import { config, createMessage, enums, generateKey, readPrivateKey, sign } from 'openpgp'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type HTTPResolverOptions, httpResolver } from './resolver.ts'

const fixtures = new URL('../../signature/src/testdata/', import.meta.url)
const fixture = (name: string) => Uint8Array.from(readFileSync(new URL(name, fixtures)))
const content = fixture('data.txt')
const time = BigInt(Date.parse('2026-01-01T00:00:00Z')) * 1_000_000n
const made = new Map<string, Uint8Array>()
const files: PolicyFiles = {
  async read(path, { maxBytes }) {
    if (path.startsWith('/')) throw new Error('lies outside')
    const found = made.get(path) ?? (path.includes('.') ? fixture(`openpgp/${path}`) : undefined)
    if (found !== undefined && found.length > maxBytes) throw new Error(`larger than ${maxBytes} bytes`)
    return found
  },
}
let origin: HTTPOrigin
let run: Run

beforeAll(async () => {
  origin = await startHTTPOrigin()
})
afterAll(() => origin.close())
beforeEach(() => {
  run = createRun({ time })
  origin.setFile('/file', content)
})
afterEach(() => {
  origin.clearLog()
  origin.faults.clear()
})

interface Asked {
  readonly attrs?: Record<string, string>
  readonly options?: Partial<HTTPResolverOptions>
  readonly path?: Path
}

function open({ attrs = {}, options = {}, path = ['http'] }: Asked = {}) {
  const transport = createTransport({ allowAddresses: [origin.host], retries: 0, headersTimeoutMs: 200 })
  const resolver = httpResolver({ transport, ...options })
  const source = resolver.parse(`${origin.url}/file`, { attrs })
  const context = { run, signal: run.signal, anonymous: false }
  return {
    verify: (...args: unknown[]): Promise<Answer> =>
      resolver.functions!.verify_http_pgp_signature!([{}, ...args], { ...context, source, path, files }),
    resolve: () => resolver.resolve(source, [['http', 'checksum']], context),
  }
}
const verify = (signature: unknown, keys: unknown, asked?: Asked) => open(asked).verify(signature, keys)
const reason = expect.stringMatching(/^verify_http_pgp_signature: /)

describe('verify_http_pgp_signature', () => {
  it.each([
    ['ed25519.asc', 'ed25519.key.asc'],
    ['ed25519.sig', 'binary.key.gpg'],
    ['rsa3072.asc', 'concatenated.key.asc'],
    ['rsa3072-sha512.asc', 'rsa3072.key.asc'],
    ['nistp256.asc', 'nistp256.key.asc'],
    ['subkey.asc', 'subkey.key.asc'],
    ['two.asc', 'rsa3072.key.asc'],
    ['expired.asc', 'expired.key.asc'],
  ])('is true for %s by %s, and false with the reason once the content changed', async (signature, keys) => {
    expect(await verify(signature, keys)).toEqual({ value: true })
    expect(origin.log).toHaveLength(1)
    run = createRun({ time })
    origin.setFile('/file', Buffer.concat([content, Buffer.from(' ')]))
    expect(await verify(signature, keys)).toEqual({ value: false, reason })
  })

  it.each([
    ['of another key', 'ed25519.asc', 'rsa3072.key.asc'],
    ['of a small key', 'rsa1024.asc', 'rsa1024.key.asc'],
    ['of a revoked key', 'revoked.asc', 'revoked.key.asc'],
    ['from the future', 'future.asc', 'ed25519.key.asc'],
    ['by a weak hash', 'rsa3072-sha1.asc', 'rsa3072.key.asc'],
    ['by DSA', 'dsa2048.asc', 'dsa2048.key.asc'],
  ])('is false with the reason for a signature %s, and nothing is downloaded', async (_name, signature, keys) => {
    expect(await verify(signature, keys)).toEqual({ value: false, reason })
    expect(origin.log).toEqual([])
  })

  it.each([
    ['revoked.asc', 'revoked.key.asc'],
    ['rsa1024.asc', 'rsa1024.key.asc'],
    ['dsa2048.asc', 'dsa2048.key.asc'],
    ['future.asc', 'ed25519.key.asc'],
  ])('checks no more than docker buildx where it is told so: %s', async (signature, keys) => {
    const options = { keyValidity: 'any' } as const
    expect(await verify(signature, keys, { options })).toEqual({ value: true })
    run = createRun({ time })
    origin.setFile('/file', 'other')
    expect(await verify(signature, keys, { options })).toEqual({ value: false, reason })
  })

  it('refuses keys that expired since where they must be valid still', async () => {
    const options = { keyValidity: 'now' } as const
    expect(await verify('expired.asc', 'expired.key.asc', { options })).toEqual({ value: false, reason })
    expect(await verify('ed25519.asc', 'ed25519.key.asc', { options })).toEqual({ value: true })
  })

  it.each([
    ['a signature that is none', 'ed25519.key.asc', 'ed25519.key.asc'],
    ['keys that are none', 'ed25519.asc', 'ed25519.asc'],
    ['no such file', 'gone', 'ed25519.key.asc'],
    ['no such keys', 'ed25519.asc', 'gone'],
    ['a file elsewhere', '/etc/passwd', 'ed25519.key.asc'],
    ['a name that is none', 'ed25519.asc', 42],
    ['a file that is too large', 'large', 'ed25519.key.asc'],
  ])('is undefined, with the reason: %s', async (_name, signature, keys) => {
    made.set('large', new Uint8Array(512 * 1024 + 1))
    expect(await verify(signature, keys)).toEqual({ undefined: reason })
  })

  it('is undefined for a part of the input', async () => {
    for (const path of [['http', 'checksum'], [], ['image']]) {
      expect(await verify('ed25519.asc', 'ed25519.key.asc', { path })).toEqual({ undefined: reason })
    }
  })

  it.each([
    ['status', { kind: 'status', status: 404 }, 'not_found'],
    ['cut', { kind: 'truncate' }, 'truncated'],
    ['stall', { kind: 'stall' }, 'timeout'],
  ] as const)('is unavailable where the content cannot be had: %s', async (_name, fault, code) => {
    origin.setFile('/file', { body: content, etag: false })
    origin.faults.add({ fault })
    expect(await verify('ed25519.asc', 'ed25519.key.asc')).toMatchObject({ unavailable: { code } })
  })

  it('is unavailable where the content is not what the source names', async () => {
    const attrs = { 'http.checksum': `sha256:${'0'.repeat(64)}` }
    expect(await verify('ed25519.asc', 'ed25519.key.asc', { attrs })).toMatchObject({
      unavailable: { code: 'checksum_mismatch' },
    })
  })

  it('takes its digest from the download that the checksum is of', async () => {
    const attrs = { 'http.checksum': `sha384:${createHash('sha384').update(content).digest('hex')}` }
    const asked = open({ attrs })
    const [facts, ...answers] = await Promise.all([
      asked.resolve(),
      asked.verify('ed25519.asc', 'ed25519.key.asc'),
      asked.verify('rsa3072.asc', 'rsa3072.key.asc'),
    ])
    expect(facts.known).toMatchObject([{ value: attrs['http.checksum'], basis: 'digest' }])
    expect(answers).toEqual([{ value: true }, { value: true }])
    expect(origin.log).toHaveLength(1)
  })
})

it.each([enums.hash.sha256, enums.hash.sha384, enums.hash.sha512] as const)(
  'verifies signatures of other makers, by hash %i',
  async preferredHashAlgorithm => {
    const date = new Date('2025-06-01T00:00:00Z')
    const userIDs = [{ name: 'Ada', email: 'ada@example.test' }]
    const { privateKey, publicKey } = await generateKey({ type: 'ecc', curve: 'nistP384', userIDs, date })
    const signingKeys = await readPrivateKey({ armoredKey: privateKey })
    const message = await createMessage({ binary: content })
    const signature = await sign({
      message,
      signingKeys,
      detached: true,
      date,
      config: { ...config, preferredHashAlgorithm, nonDeterministicSignaturesViaNotation: false },
    })
    made.set('made', Buffer.from(signature)).set('made key', Buffer.from(publicKey))
    expect(await verify('made', 'made key')).toEqual({ value: true })
    run = createRun({ time })
    origin.setFile('/file', 'other')
    expect(await verify('made', 'made key')).toEqual({ value: false, reason })
  },
)

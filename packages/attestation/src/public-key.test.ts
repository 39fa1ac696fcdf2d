import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { ed25519ph } from '@noble/curves/ed25519.js'
import { createSigstore } from '@source-policy/testkit'
import { describe, expect, it } from 'vitest'
import { isArtifactSignature, isSignature } from './check-signature.ts'
import { preAuthEncoding } from './envelope.ts'
import { dockerHardenedImagesKey, type HashAlgorithm, type PublicKey, parsePublicKey } from './public-key.ts'
import { artifactOf, signedEnvelope } from './signed-content.ts'
import { artifact, now, sha256Of } from './testing/scene.ts'
import { verifyBundle } from './verify-bundle.ts'
import { verifySimpleSigning } from './verify-cosign.ts'

interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

const ec = (namedCurve: string): KeyPair => generateKeyPairSync('ec', { namedCurve })
const p256 = ec('P-256')
const p384 = ec('P-384')
const p521 = ec('P-521')
const rsa: KeyPair = generateKeyPairSync('rsa', { modulusLength: 2048 })
const oddRSA: KeyPair = generateKeyPairSync('rsa', { modulusLength: 2049 })
const pss: KeyPair = generateKeyPairSync('rsa-pss', { modulusLength: 2048 })
const pss384: KeyPair = generateKeyPairSync('rsa-pss', {
  modulusLength: 2048,
  hashAlgorithm: 'sha384',
  mgf1HashAlgorithm: 'sha384',
})
const ed25519: KeyPair = generateKeyPairSync('ed25519')

const pemOf = ({ publicKey }: KeyPair) => publicKey.export({ type: 'spki', format: 'pem' }).toString()
const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
const MAX_SALT = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_MAX_SIGN }

interface Case {
  readonly name: string
  readonly keys: KeyPair
  readonly kind: PublicKey['kind']
  readonly hash: HashAlgorithm
  readonly options?: object
}

const cases: readonly Case[] = [
  { name: 'P-256 with SHA-256', keys: p256, kind: 'ecdsa-p256', hash: 'sha256' },
  { name: 'P-384 with SHA-384', keys: p384, kind: 'ecdsa-p384', hash: 'sha384' },
  { name: 'P-384 with SHA-256, as cosign signs', keys: p384, kind: 'ecdsa-p384', hash: 'sha256' },
  { name: 'P-521 with SHA-512', keys: p521, kind: 'ecdsa-p521', hash: 'sha512' },
  { name: 'P-521 with SHA-256, as cosign signs', keys: p521, kind: 'ecdsa-p521', hash: 'sha256' },
  { name: 'RSA by PKCS #1 v1.5 with SHA-256', keys: rsa, kind: 'rsa', hash: 'sha256' },
  { name: 'RSA by PKCS #1 v1.5 with SHA-512', keys: rsa, kind: 'rsa', hash: 'sha512' },
  { name: 'RSA by PSS with SHA-256', keys: rsa, kind: 'rsa', hash: 'sha256', options: PSS },
  { name: 'RSA by PSS with SHA-384 and the longest salt', keys: rsa, kind: 'rsa', hash: 'sha384', options: MAX_SALT },
  { name: 'RSA of 2049 bits by PSS', keys: oddRSA, kind: 'rsa', hash: 'sha256', options: PSS },
  { name: 'RSA of 2049 bits by PKCS #1 v1.5', keys: oddRSA, kind: 'rsa', hash: 'sha256' },
  { name: 'a key for PSS alone', keys: pss, kind: 'rsa-pss', hash: 'sha256', options: PSS },
  { name: 'a key for PSS with SHA-384 alone', keys: pss384, kind: 'rsa-pss', hash: 'sha384' },
]

const flipped = (signature: Buffer) => {
  const copy = Buffer.from(signature)
  copy[copy.length - 5]! ^= 1
  return copy
}
const other = Buffer.from('another artifact')

describe.each(cases)('$name', ({ keys, kind, hash, options }) => {
  const key = parsePublicKey(pemOf(keys))
  const signature = sign(hash, artifact, { key: keys.privateKey, ...options })

  it('is read', () => {
    expect(key.kind).toBe(kind)
    expect(key.fingerprint).toBe(sha256Of(keys.publicKey.export({ type: 'spki', format: 'der' })))
  })

  it('holds over the bytes, and over them alone', () => {
    expect(isSignature(key, artifact, signature)).toBe(true)
    expect(isSignature(key, other, signature)).toBe(false)
    expect(isSignature(key, artifact, flipped(signature))).toBe(false)
    expect(isSignature(key, artifact, Buffer.of())).toBe(false)
  })

  it('holds over the digest, and over that alone', async () => {
    const { digests } = artifactOf(artifact)
    expect(await isArtifactSignature(key, { digests }, signature)).toBe(true)
    expect(await isArtifactSignature(key, { digests: { [hash]: digests[hash]! } }, signature)).toBe(true)
    expect(await isArtifactSignature(key, { digests: artifactOf(other).digests }, signature)).toBe(false)
    expect(await isArtifactSignature(key, { digests }, flipped(signature))).toBe(false)
    expect(await isArtifactSignature(key, { digests }, Buffer.of())).toBe(false)
  })
})

describe('Ed25519', () => {
  const key = parsePublicKey(pemOf(ed25519))
  const signature = sign(null, artifact, ed25519.privateKey)

  it('holds over the bytes; by a digest nobody can tell', async () => {
    expect(isSignature(key, artifact, signature)).toBe(true)
    expect(isSignature(key, other, signature)).toBe(false)
    const { sha256 } = artifactOf(artifact).digests
    await expect(isArtifactSignature(key, { digests: { sha256: sha256! } }, signature)).rejects.toMatchObject({
      code: 'digest_unavailable',
    })
  })

  it('over the SHA-512 of an artifact (Ed25519ph) holds by that digest', async () => {
    // RFC 8032, section 7.3
    const raw = Buffer.from('ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf', 'hex')
    const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]).toString('base64')
    const known = parsePublicKey(`-----BEGIN PUBLIC KEY-----\n${spki}\n-----END PUBLIC KEY-----`)
    const made = Buffer.from(
      '98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae4131f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406',
      'hex',
    )
    const { bytes, digests } = artifactOf(Buffer.from('abc'))
    expect(await isArtifactSignature(known, { digests: { sha512: digests.sha512! } }, made)).toBe(true)
    expect(await isArtifactSignature(known, { bytes: bytes!, digests }, made)).toBe(true)
    expect(await isArtifactSignature(known, { digests: artifactOf(other).digests }, made)).toBe(false)
  })
})

describe('Ed25519 in an envelope', () => {
  const key = parsePublicKey(pemOf(ed25519))
  const envelope = { payloadType: 'application/vnd.in-toto+json', payload: Buffer.from('{}'), signatures: [] }
  const encoded = preAuthEncoding(envelope)
  const secret = Buffer.from(ed25519.privateKey.export({ format: 'jwk' }).d!, 'base64url')

  it.each([
    ['over the bytes', sign(null, encoded, ed25519.privateKey), true],
    ['over their SHA-512 (Ed25519ph), as cosign makes it', Buffer.from(ed25519ph.sign(encoded, secret)), true],
    ['over something else', sign(null, Buffer.from('x'), ed25519.privateKey), false],
    ['over the SHA-512 of something else', Buffer.from(ed25519ph.sign(Buffer.from('x'), secret)), false],
  ])('%s', async (_, signature, isRight) => {
    expect(await signedEnvelope(signature, envelope).isSignedBy(key)).toBe(isRight)
  })
})

describe('every kind of key signs', () => {
  const sigstore = createSigstore()
  const none = { log: 'none', timestamp: false } as const
  const options = { trustRoots: [], thresholds: { tlog: 0, timestamp: 0 }, now }
  it.each(Object.entries({ p256, p384, p521, rsa, ed25519 }))('bundles and images: %s', async (_, keys) => {
    const byKey = sigstore.withKey(keys)
    const key = parsePublicKey(byKey.publicKey)
    await expect(verifyBundle(byKey.signArtifact(artifact, none), { artifact, key, ...options })).resolves.toBeTruthy()
    const imageDigest = `sha256:${sha256Of(artifact)}`
    const { bytes: payload, annotations } = byKey.signImage(imageDigest, none)
    await expect(verifySimpleSigning({ payload, annotations, imageDigest, key, ...options })).resolves.toBeTruthy()
  })
})

describe('a key file', () => {
  it('may hold the key of Docker Hardened Images, which this package brings along', () => {
    expect(dockerHardenedImagesKey()).toMatchObject({ kind: 'ecdsa-p256', validFrom: new Date('2025-04-02T00:00:00Z') })
  })

  it('may hold an RSA key in the older form', () => {
    const pem = rsa.publicKey.export({ type: 'pkcs1', format: 'pem' })
    expect(parsePublicKey(Buffer.from(pem)).kind).toBe('rsa')
  })

  it('may be for one hash alone', () => {
    const key = parsePublicKey(pemOf(p384), { hash: 'sha384' })
    expect(isSignature(key, artifact, sign('sha384', artifact, p384.privateKey))).toBe(true)
    expect(isSignature(key, artifact, sign('sha256', artifact, p384.privateKey))).toBe(false)
  })

  const pkcs8 = p256.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 })
  it.each([
    ['nothing', '', 'invalid_key'],
    ['no PEM', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5', 'invalid_key'],
    ['a private key', pkcs8, 'invalid_key'],
    ['two keys', pemOf(p256) + pemOf(p384), 'invalid_key'],
    ['a certificate', createSigstore().issue({ subject: 'a@example.com', issuer: 'x' }).certificate!, 'invalid_key'],
    ['garbage', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----', 'invalid_key'],
    ['secp256k1', pemOf(ec('secp256k1')), 'unsupported_key'],
    ['Ed448', pemOf(generateKeyPairSync('ed448')), 'unsupported_key'],
    ['X25519', pemOf(generateKeyPairSync('x25519')), 'unsupported_key'],
    ['DSA', pemOf(generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 })), 'unsupported_key'],
    ['RSA of 1024 bits', pemOf(small), 'unsupported_key'],
    [
      'RSA for PSS with SHA-1',
      pemOf(generateKeyPairSync('rsa-pss', { modulusLength: 2048, hashAlgorithm: 'sha1' })),
      'unsupported_key',
    ],
    ['too much', 'x'.repeat(65 * 1024), 'too_large'],
  ])('is refused where it holds %s', (_, pem, code) => {
    expect(() => parsePublicKey(pem)).toThrow(expect.objectContaining({ code }))
  })
})

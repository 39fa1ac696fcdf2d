import { constants, createHash, createPublicKey, type KeyObject, publicDecrypt } from 'node:crypto'
import { eddsa } from '@noble/curves/abstract/edwards.js'
import type { ECDSA } from '@noble/curves/abstract/weierstrass.js'
import { ed25519 } from '@noble/curves/ed25519.js'
import { p256, p384, p521 } from '@noble/curves/nist.js'
import { parseDER } from './asn1.ts'
import type { HashAlgorithm, PublicKey } from './public-key.ts'

/*
 * Signatures of which only the digest of the message is known. node:crypto hashes whatever it is given, so these are checked
 * here: ECDSA and Ed25519ph by @noble/curves, RSA by its raw operation.
 */

type Check = (keyObject: KeyObject, hash: HashAlgorithm, digest: Buffer, signature: Uint8Array) => boolean

const checks: Readonly<Record<PublicKey['kind'], Check>> = {
  'ecdsa-p256': ecdsa(p256),
  'ecdsa-p384': ecdsa(p384),
  'ecdsa-p521': ecdsa(p521),
  ed25519: (keyObject, _hash, digest, signature) =>
    ed25519ph.verify(signature, digest, rawKey(keyObject, 'x'), { zip215: false }),
  rsa: (...args) => isPKCS1(...args) || isPSS(...args),
  'rsa-pss': isPSS,
}

/** Whether the key made the signature over the message of this digest. May throw for malformed signatures. */
export function isPrehashSignature(
  key: PublicKey,
  hash: HashAlgorithm,
  digest: Buffer,
  signature: Uint8Array,
): boolean {
  return checks[key.kind](key.keyObject, hash, digest, signature)
}

function ecdsa(curve: ECDSA): Check {
  return (keyObject, _hash, digest, signature) => {
    const point = Buffer.concat([Buffer.of(4), rawKey(keyObject, 'x'), rawKey(keyObject, 'y')])
    return curve.verify(signature, digest, point, { prehash: false, lowS: false, format: 'der' })
  }
}

function rawKey(keyObject: KeyObject, coordinate: 'x' | 'y'): Buffer {
  return Buffer.from(keyObject.export({ format: 'jwk' })[coordinate]!, 'base64url')
}

const sha512 = (message: Uint8Array) => createHash('sha512').update(message).digest()
const DOM2 = Buffer.from('SigEd25519 no Ed25519 collisions')

/** Ed25519ph whose message is hashed already. @see https://www.rfc-editor.org/rfc/rfc8032#section-5.1 */
const ed25519ph = eddsa(
  ed25519.Point,
  Object.assign(sha512, { outputLen: 64, blockLen: 128, create: notUsed }) as never,
  {
    domain: (data: Uint8Array, context: Uint8Array, phflag: boolean) =>
      Buffer.concat([DOM2, Buffer.of(phflag ? 1 : 0, context.length), context, data]) as never,
    prehash: ((digest: Uint8Array) => digest) as never,
  },
)

function notUsed(): never {
  throw new Error('hashes in one go')
}

/** What stands before a digest in a PKCS #1 v1.5 signature. @see https://www.rfc-editor.org/rfc/rfc8017#section-9.2 */
const digestInfos: Readonly<Record<HashAlgorithm, string>> = {
  sha224: '302d300d06096086480165030402040500041c',
  sha256: '3031300d060960864801650304020105000420',
  sha384: '3041300d060960864801650304020205000430',
  sha512: '3051300d060960864801650304020305000440',
}

function isPKCS1(key: KeyObject, hash: HashAlgorithm, digest: Buffer, signature: Uint8Array): boolean {
  const expected = Buffer.concat([Buffer.from(digestInfos[hash], 'hex'), digest])
  const length = modulusBytes(key)
  const padding = Buffer.alloc(length - expected.length - 3, 0xff)
  const encoded = Buffer.concat([Buffer.of(0, 1), padding, Buffer.of(0), expected])
  return encodedMessage(key, signature).equals(encoded)
}

/** @see https://www.rfc-editor.org/rfc/rfc8017#section-9.1.2 */
function isPSS(key: KeyObject, hash: HashAlgorithm, digest: Buffer, signature: Uint8Array): boolean {
  const bits = (key.asymmetricKeyDetails?.modulusLength ?? 0) - 1
  const encoded = encodedMessage(key, signature)
  const leading = encoded.length - Math.ceil(bits / 8)
  const message = encoded.subarray(leading)
  if (encoded.subarray(0, leading).some(byte => byte !== 0) || message.at(-1) !== 0xbc) return false
  const masked = message.subarray(0, message.length - digest.length - 1)
  const salted = message.subarray(masked.length, -1)
  const unusedBits = 8 * message.length - bits
  if (masked[0]! >> (8 - unusedBits) !== 0) return false
  const mask = maskOf(salted, masked.length, hash)
  const block = masked.map((byte, n) => byte ^ mask[n]!)
  block[0]! &= 0xff >> unusedBits
  const separator = block.findIndex(byte => byte !== 0)
  if (block[separator] !== 1) return false
  const salt = block.subarray(separator + 1)
  return createHash(hash).update(Buffer.alloc(8)).update(digest).update(salt).digest().equals(salted)
}

/** MGF1. @see https://www.rfc-editor.org/rfc/rfc8017#appendix-B.2.1 */
function maskOf(seed: Buffer, length: number, hash: HashAlgorithm): Buffer {
  const blocks: Buffer[] = []
  for (let counter = 0, size = 0; size < length; counter++) {
    const number = Buffer.alloc(4)
    number.writeUInt32BE(counter)
    const block = createHash(hash).update(seed).update(number).digest()
    blocks.push(block)
    size += block.length
  }
  return Buffer.concat(blocks).subarray(0, length)
}

/** The signature raised to the public exponent. */
function encodedMessage(key: KeyObject, signature: Uint8Array): Buffer {
  return publicDecrypt({ key: rawRSA(key), padding: constants.RSA_NO_PADDING }, signature)
}

/** A key for PSS alone refuses the raw operation; what it holds is a key of type rsa. */
function rawRSA(key: KeyObject): KeyObject {
  if (key.asymmetricKeyType === 'rsa') return key
  const [, bits] = parseDER(key.export({ type: 'spki', format: 'der' })).subs
  return createPublicKey({ key: bits!.value.subarray(1), format: 'der', type: 'pkcs1' })
}

function modulusBytes(key: KeyObject): number {
  return Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8)
}

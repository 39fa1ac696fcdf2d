import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { AttestationError } from './error.ts'
import { MAX_KEY_BYTES, MAX_RSA_BITS, MIN_RSA_BITS } from './limits.ts'

/** The hashes that signatures may be over. */
export type HashAlgorithm = 'sha224' | 'sha256' | 'sha384' | 'sha512'

/** A key that signatures are checked with. */
export interface PublicKey {
  readonly kind: 'ecdsa-p256' | 'ecdsa-p384' | 'ecdsa-p521' | 'rsa' | 'rsa-pss' | 'ed25519'
  readonly keyObject: KeyObject
  /** SHA-256 of its SubjectPublicKeyInfo, in hexadecimal. */
  readonly fingerprint: string
  /** The hashes that are tried, in order; empty for Ed25519, which takes the message as it is. */
  readonly hashes: readonly HashAlgorithm[]
  /** It speaks only for signatures of this time. */
  readonly validFrom?: Date
  readonly validUntil?: Date
}

export interface ParsePublicKeyOptions {
  /** The only hash that is accepted; default: that of the curve's size, and SHA-256, as cosign takes for all keys. */
  readonly hash?: HashAlgorithm
  readonly validFrom?: Date
  readonly validUntil?: Date
}

const PEM_BLOCKS = /-----BEGIN ([A-Z0-9 ]+)-----[^-]+-----END \1-----/g
const labels: Readonly<Record<string, 'spki' | 'pkcs1'>> = { 'PUBLIC KEY': 'spki', 'RSA PUBLIC KEY': 'pkcs1' }

const curves: Readonly<Record<string, Pick<PublicKey, 'kind' | 'hashes'>>> = {
  prime256v1: { kind: 'ecdsa-p256', hashes: ['sha256'] },
  secp384r1: { kind: 'ecdsa-p384', hashes: ['sha384', 'sha256'] },
  secp521r1: { kind: 'ecdsa-p521', hashes: ['sha512', 'sha256'] },
}

/**
 * The key in a PEM file: ECDSA over P-256, P-384 or P-521, RSA of 2048 to 16384 bits, Ed25519. Throws `too_large`, `invalid_key`
 * where there is not exactly one public key, and `unsupported_key` for any other kind.
 */
export function parsePublicKey(pem: string | Uint8Array, options: ParsePublicKeyOptions = {}): PublicKey {
  if (pem.length > MAX_KEY_BYTES) {
    throw new AttestationError(
      'too_large',
      `parsing public key: ${pem.length} bytes, at most ${MAX_KEY_BYTES} are allowed`,
    )
  }
  const text = typeof pem === 'string' ? pem : Buffer.from(pem).toString('latin1')
  const blocks = [...text.matchAll(PEM_BLOCKS)]
  const [block] = blocks
  if (block === undefined || blocks.length > 1) {
    throw new AttestationError('invalid_key', `parsing public key: expected one PEM block, got ${blocks.length}`)
  }
  // node would take the public half of a private key, too: what lies there must not go unnoticed
  const type = Object.hasOwn(labels, block[1]!) ? labels[block[1]!] : undefined
  if (type === undefined) {
    throw new AttestationError(
      'invalid_key',
      `parsing public key: expected ${Object.keys(labels).join(' or ')}, got ${block[1]}`,
    )
  }
  try {
    return publicKeyOf(createPublicKey({ key: block[0], format: 'pem', type }), options)
  } catch (cause) {
    if (cause instanceof AttestationError) throw cause
    throw new AttestationError('invalid_key', 'parsing public key: malformed', { cause })
  }
}

/** The same for a key that was read already. Throws `unsupported_key`. */
export function publicKeyOf(keyObject: KeyObject, options: ParsePublicKeyOptions = {}): PublicKey {
  const { hash, validFrom, validUntil } = options
  const known = kindOf(keyObject)
  const spki = keyObject.export({ type: 'spki', format: 'der' })
  return {
    ...known,
    ...(hash !== undefined && known.kind !== 'ed25519' && { hashes: [hash] }),
    keyObject,
    fingerprint: createHash('sha256').update(spki).digest('hex'),
    ...(validFrom && { validFrom }),
    ...(validUntil && { validUntil }),
  }
}

function kindOf(keyObject: KeyObject): Pick<PublicKey, 'kind' | 'hashes'> {
  const { asymmetricKeyType: type = 'unknown', asymmetricKeyDetails: details = {} } = keyObject
  switch (type) {
    case 'ec': {
      const curve = details.namedCurve ?? 'unnamed'
      const known = Object.hasOwn(curves, curve) ? curves[curve] : undefined
      return known ?? unsupported(`curve ${curve}`)
    }
    case 'rsa':
    case 'rsa-pss': {
      const bits = details.modulusLength ?? 0
      if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS) {
        return unsupported(`RSA of ${bits} bits, ${MIN_RSA_BITS} to ${MAX_RSA_BITS} are allowed`)
      }
      const hashes: readonly HashAlgorithm[] = ['sha256', 'sha384', 'sha512']
      const only = details.hashAlgorithm
      if (only === undefined) return { kind: type, hashes }
      const allowed = hashes.filter(hash => hash === only)
      return allowed.length > 0 ? { kind: type, hashes: allowed } : unsupported(`RSA with ${only}`)
    }
    case 'ed25519':
      return { kind: 'ed25519', hashes: [] }
    default:
      return unsupported(type)
  }
}

function unsupported(what: string): never {
  throw new AttestationError('unsupported_key', `parsing public key: ${what} is not supported`)
}

/** What Docker signs its Hardened Images with, since 2 April 2025. */
export function dockerHardenedImagesKey(): PublicKey {
  return parsePublicKey(DHI_KEY, { validFrom: new Date('2025-04-02T00:00:00Z') })
}

const DHI_KEY = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEKdROmntRJFBrOJOQF5ww6gDBJqGm
Fxa4333s1KsL9ISjtmRzGNih9lNRsqfRVjgFgJIdL6EQ9dohdanvn7r2cg==
-----END PUBLIC KEY-----
`

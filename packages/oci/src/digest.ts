import { createHash, type Hash, hash } from 'node:crypto'
import { OciError, quote } from './error.ts'

declare const brand: unique symbol

/** A checked digest: `sha256:` and 64 lower-case hexadecimal digits, likewise sha384 and sha512. */
export type Digest = string & { readonly [brand]: 'digest' }

/** Hexadecimal digits of each algorithm. */
const hexDigits: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 }

/** The algorithms of digests that are understood. */
export const DIGEST_ALGORITHMS: readonly string[] = Object.keys(hexDigits)

const grammar = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/

/**
 * The digest in a text. Throws `digest_invalid`, `digest_unsupported` or `digest_length`.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests
 */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text
  if (!grammar.test(text)) throw new OciError('digest_invalid', `parsing digest ${quote(text)}: expected algorithm:hex`)
  const colon = text.indexOf(':')
  const algorithm = text.slice(0, colon)
  const hex = text.slice(colon + 1)
  const digits = Object.hasOwn(hexDigits, algorithm) ? hexDigits[algorithm] : undefined
  if (digits === undefined) {
    throw new OciError('digest_unsupported', `parsing digest ${quote(text)}: unsupported algorithm ${quote(algorithm)}`)
  }
  if (hex.length !== digits) {
    throw new OciError('digest_length', `parsing digest ${quote(text)}: expected ${digits} digits, got ${hex.length}`)
  }
  throw new OciError('digest_invalid', `parsing digest ${quote(text)}: expected lower-case hexadecimal digits`)
}

const digests = new RegExp(
  `^(?:${Object.entries(hexDigits)
    .map(([algorithm, digits]) => `${algorithm}:[0-9a-f]{${digits}}`)
    .join('|')})$`,
)

/** Whether the text is a digest. */
export function isDigest(text: string): text is Digest {
  return digests.test(text)
}

/** `sha256` of `sha256:...`. */
export function digestAlgorithm(digest: Digest): string {
  return digest.slice(0, digest.indexOf(':'))
}

/** The digits of a digest. */
export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1)
}

/** A running hash of the digest's algorithm: `digestHasher(expected).update(chunk)`. */
export function digestHasher(digest: Digest): Hash {
  return createHash(digestAlgorithm(digest))
}

/** The digest of bytes; `algorithm` defaults to `sha256`. */
export function digestOf(bytes: Uint8Array, algorithm: 'sha256' | 'sha384' | 'sha512' = 'sha256'): Digest {
  return `${algorithm}:${hash(algorithm, bytes, 'hex')}` as Digest
}

/** Throws `digest_mismatch` unless the bytes have the digest; `what` names them in the error. */
export function verifyDigest(bytes: Uint8Array, digest: Digest, what: string): void {
  const algorithm = digestAlgorithm(digest)
  const got = `${algorithm}:${hash(algorithm, bytes, 'hex')}`
  if (got !== digest) throw new OciError('digest_mismatch', `checking ${what}: expected ${digest}, got ${got}`)
}

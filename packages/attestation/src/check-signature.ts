import { constants, createHash, verify } from 'node:crypto'
import { AttestationError } from './error.ts'
import type { HashAlgorithm, PublicKey } from './public-key.ts'
import type { Digests } from './verified-signature.ts'

const paddings: Readonly<Partial<Record<PublicKey['kind'], readonly number[]>>> = {
  // the key does not tell which of the two it was used with
  rsa: [constants.RSA_PKCS1_PADDING, constants.RSA_PKCS1_PSS_PADDING],
}

/** Whether the key made the signature over the bytes, with any of its hashes. */
export function isSignature(key: PublicKey, bytes: Uint8Array, signature: Uint8Array): boolean {
  const { keyObject, kind, hashes } = key
  if (kind === 'ed25519') return holds(() => verify(null, bytes, keyObject, signature))
  return hashes.some(hash =>
    (paddings[kind] ?? [undefined]).some(padding => {
      const options = padding === undefined ? {} : { padding, saltLength: constants.RSA_PSS_SALTLEN_AUTO }
      return holds(() => verify(hash, bytes, { key: keyObject, ...options }, signature))
    }),
  )
}

/**
 * Whether the key made the signature over what has these digests, or over the artifact itself where it is there. Throws
 * `digest_unavailable` where no digest that the key signs is known.
 */
export async function isArtifactSignature(
  key: PublicKey,
  artifact: { readonly bytes?: Uint8Array; readonly digests: Digests },
  signature: Uint8Array,
): Promise<boolean> {
  const { bytes, digests } = artifact
  if (bytes !== undefined && isSignature(key, bytes, signature)) return true
  // Ed25519 is also used over the SHA-512 of an artifact (Ed25519ph)
  const hashes: readonly HashAlgorithm[] = key.kind === 'ed25519' ? ['sha512'] : bytes === undefined ? key.hashes : []
  const known = hashes.flatMap(hash => (Object.hasOwn(digests, hash) ? [[hash, digests[hash]!] as const] : []))
  if (hashes.length > 0 && known.length === 0) {
    throw new AttestationError(
      'digest_unavailable',
      `checking signature: needs the ${hashes.join(' or ')} of the artifact, got ${Object.keys(digests).join(', ')}`,
    )
  }
  const { isPrehashSignature } = await import('./prehash.ts')
  return known.some(([hash, hex]) => holds(() => isPrehashSignature(key, hash, Buffer.from(hex, 'hex'), signature)))
}

/** Malformed signatures make some implementations throw: they do not hold. */
function holds(check: () => boolean): boolean {
  try {
    return check()
  } catch {
    return false
  }
}

export function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}

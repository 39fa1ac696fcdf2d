import { createHash } from 'node:crypto'
import type { SignaturePacket } from 'openpgp'
import { SignatureError } from './error.ts'

/** The hashes that are accepted. */
export type HashName = 'sha256' | 'sha384' | 'sha512'

/** The digest of data followed by a suffix: what an OpenPGP signature of version 4 is over. */
export type DigestOfSigned = (algorithm: HashName, suffix: Uint8Array) => Uint8Array | Promise<Uint8Array>

/** RFC 9580 section 9.5. */
const hashNames: Readonly<Record<number, HashName>> = { 8: 'sha256', 9: 'sha384', 10: 'sha512' }

/** The hash that a signature is made with; undefined where it is none of those that are accepted. */
export function hashNameOf({ hashAlgorithm }: SignaturePacket): HashName | undefined {
  return hashAlgorithm === null ? undefined : hashNames[hashAlgorithm]
}

export function digestOfBytes(data: Uint8Array): DigestOfSigned {
  return (algorithm, suffix) => createHash(algorithm).update(data).update(suffix).digest()
}

/**
 * Gives a signature the digest that it is to be verified over, in place of the data. Throws `rejected_algorithm` where the
 * digest would have to begin before the data, or be over lines with other ends.
 */
export async function withDigest(packet: SignaturePacket, digest: DigestOfSigned): Promise<void> {
  const { version } = packet
  if (version !== 4) {
    throw new SignatureError(
      'rejected_algorithm',
      `verifying an OpenPGP signature over a digest: expected version 4, got ${version}`,
    )
  }
  const name = hashNameOf(packet)
  if (name === undefined) throw new TypeError('the hash of the signature was to be checked before')
  // openpgp.js verifies over it instead of hashing the message, as it does where a signature comes after its data
  Object.assign(packet, { hashed: await digest(name, suffixOf(packet)) })
}

/**
 * What is hashed after the data.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9580#section-5.2.4
 */
function suffixOf({ version, signatureData }: SignaturePacket): Uint8Array {
  if (signatureData === null) throw new TypeError('a signature that was read holds what it signed of itself')
  const trailer = Buffer.alloc(6)
  trailer.writeUInt8(version)
  trailer.writeUInt8(0xff, 1)
  trailer.writeUInt32BE(signatureData.length, 2)
  return Buffer.concat([signatureData, trailer])
}

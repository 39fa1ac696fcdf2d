import type { PublicKey, Signature, SignaturePacket } from 'openpgp'
import { decodeArmor } from './armor.ts'
import { SignatureError } from './error.ts'
import { MAX_CLOCK_SKEW_MS, MAX_SIGNATURE_BYTES, MAX_SIGNATURES, MIN_RSA_BITS } from './limits.ts'
import { type DigestOfSigned, digestOfBytes, type HashName, hashNameOf, withDigest } from './openpgp-digest.ts'
import { readOpenPGPKeys } from './openpgp-keys.ts'
import type { Signer } from './signer.ts'

export interface VerifyOpenPGPOptions {
  /** The bytes, or what digests them where nobody keeps them. */
  readonly data: Uint8Array | DigestOfSigned
  /** Detached, armored or binary. */
  readonly signature: string | Uint8Array
  /** A file of keys, armored or binary. */
  readonly keys: Uint8Array
  /** For the clock rules. */
  readonly now: Date
  /** Default: `signature`. */
  readonly validity?: OpenPGPValidity
}

/**
 * When a key must be valid. `signature`: when it signed, unless it was revoked since. `now`: still. `any`: never mind, nor its
 * algorithm and size, nor when it signed, nor what the signature says of its issuer; so docker buildx checks HTTP sources.
 */
export type OpenPGPValidity = 'signature' | 'now' | 'any'

/** RFC 9580 section 9.1: RSA (two numbers), ECDSA, EdDSA. */
const acceptedAlgorithms: ReadonlySet<number> = new Set([1, 3, 19, 22])

/**
 * Proves that one of the keys signed the data, by the rules that buildx has for git: strong hash, known algorithm, RSA of
 * 2048 bits, not revoked, not from the future. Any number of signatures may be given; one that passes is enough.
 * Throws what is wrong with the last of them, and what digesting throws.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9580#section-5.2.4
 */
export async function verifyOpenPGP(options: VerifyOpenPGPOptions): Promise<Signer> {
  const { packets } = await readSignature(options.signature)
  const keys = await readOpenPGPKeys(options.keys)
  const verify = options.validity === 'any' ? verifyLeniently : verifyPacket
  let failure = failed('malformed_signature', 'there is none')
  for (const packet of packets) {
    try {
      return await verify(packet, keys, options)
    } catch (error) {
      if (!(error instanceof SignatureError)) throw error
      failure = error
    }
  }
  throw failure
}

/** The hash algorithms of a detached signature, so that its data can be digested by all of them at once. Throws as `verifyOpenPGP`. */
export async function hashesOfOpenPGP(signature: string | Uint8Array): Promise<HashName[]> {
  const { packets } = await readSignature(signature)
  return [...new Set(packets.map(hashNameOf))].filter(name => name !== undefined)
}

async function readSignature(signature: string | Uint8Array): Promise<Signature> {
  const isBinary = typeof signature !== 'string' && ((signature[0] ?? 0) & 0x80) !== 0
  const text = typeof signature === 'string' ? signature : Buffer.from(signature).toString('latin1')
  const binarySignature = isBinary ? signature : armored(text)
  if (binarySignature.length > MAX_SIGNATURE_BYTES) {
    throw new SignatureError('too_large', `reading an OpenPGP signature: at most ${MAX_SIGNATURE_BYTES} bytes are read`)
  }
  const openpgp = await import('openpgp')
  let read: Signature
  try {
    read = await openpgp.readSignature({ binarySignature })
  } catch (cause) {
    throw new SignatureError('malformed_signature', 'reading an OpenPGP signature: no signature packet', { cause })
  }
  if (read.packets.length > MAX_SIGNATURES) {
    throw new SignatureError('too_large', `reading an OpenPGP signature: at most ${MAX_SIGNATURES} are tried`)
  }
  return read
}

function armored(text: string): Uint8Array {
  const { type, data } = decodeArmor(text)
  if (type === 'PGP SIGNATURE') return data
  throw new SignatureError('malformed_signature', `reading an OpenPGP signature: expected PGP SIGNATURE, got ${type}`)
}

async function verifyPacket(
  packet: SignaturePacket,
  keys: readonly PublicKey[],
  options: VerifyOpenPGPOptions,
): Promise<Signer> {
  const { now, validity = 'signature' } = options
  signatureTypeOf(packet)
  refuseAlgorithms(packet)
  const signedAt = packet.created
  if (!(signedAt instanceof Date)) throw failed('malformed_signature', 'it does not say when it was made')
  if (signedAt.getTime() > now.getTime() + MAX_CLOCK_SKEW_MS) {
    throw failed('signature_from_future', `it was made at ${signedAt.toISOString()}`)
  }
  const keyID = packet.issuerKeyID
  const key = keys.find(candidate => candidate.getKeys(keyID).length > 0)
  const signingKey = key?.getKeys(keyID)[0]
  if (key === undefined || signingKey === undefined) {
    throw failed('unknown_signer', `no key ${keyID.toHex()} in the file`)
  }
  refuseSmallKeys(key, signingKey)
  if (await key.isRevoked(undefined, undefined, now))
    throw failed('key_revoked', `key ${key.getFingerprint()} was revoked`)
  await verifyWithKey(packet, key, options)
  if (validity === 'now') await refuseExpired(key, now)
  return signerOf(packet, key, signingKey.getFingerprint())
}

function signerOf({ created }: SignaturePacket, key: PublicKey, fingerprint: string): Signer {
  return {
    kind: 'openpgp',
    key: fingerprint,
    primaryKey: key.getFingerprint(),
    names: key.getUserIDs(),
    ...(created && { signedAt: created }),
  }
}

/** RFC 9580 section 5.2.1: over bytes, over text. */
const TYPES_FOR_DATA: readonly (number | null)[] = [0, 1]

function signatureTypeOf({ signatureType }: SignaturePacket): NonNullable<SignaturePacket['signatureType']> {
  // hostile: what a key says of itself is signed, too, and anybody can serve those bytes as a file
  if (signatureType !== null && TYPES_FOR_DATA.includes(signatureType)) return signatureType
  throw failed('malformed_signature', 'it is not for data')
}

function refuseAlgorithms(packet: SignaturePacket): void {
  const { publicKeyAlgorithm } = packet
  refuseHash(packet)
  if (publicKeyAlgorithm === null || !acceptedAlgorithms.has(publicKeyAlgorithm)) {
    throw failed('rejected_algorithm', `public key algorithm ${publicKeyAlgorithm} is none of RSA, ECDSA, EdDSA`)
  }
}

function refuseHash(packet: SignaturePacket): HashName {
  const name = hashNameOf(packet)
  if (name !== undefined) return name
  throw failed('rejected_algorithm', `hash algorithm ${packet.hashAlgorithm} is none of SHA-256, SHA-384, SHA-512`)
}

function refuseSmallKeys(...keys: readonly { getAlgorithmInfo(): { algorithm: string; bits?: number } }[]): void {
  for (const key of keys) {
    const { algorithm, bits } = key.getAlgorithmInfo()
    if (algorithm.startsWith('rsa') && (bits ?? 0) < MIN_RSA_BITS) {
      throw failed('rejected_algorithm', `an RSA key of ${bits} bits, at least ${MIN_RSA_BITS} are needed`)
    }
  }
}

async function verifyWithKey(
  packet: SignaturePacket,
  key: PublicKey,
  { data, now }: VerifyOpenPGPOptions,
): Promise<void> {
  const openpgp = await import('openpgp')
  // the packet's own bytes: the signature of a list that holds several must not lend its validity to another
  const signature = new openpgp.Signature(packetList(openpgp, packet))
  const isDigested = typeof data === 'function'
  if (isDigested) await withDigest(packet, data)
  const message = await openpgp.createMessage({ binary: isDigested ? new Uint8Array() : data })
  const { signatures } = await openpgp.verify({
    message,
    signature,
    verificationKeys: key,
    // signers' clocks may be a little ahead; openpgp.js compares with the second
    date: new Date(now.getTime() + MAX_CLOCK_SKEW_MS),
    format: 'binary',
  })
  const [result] = signatures
  if (result === undefined) throw failed('malformed_signature', 'it is not for data')
  try {
    await result.verified
  } catch (cause) {
    const expires = await key.getExpirationTime().catch(() => null)
    const wasExpired = expires instanceof Date && packet.created !== null && expires <= packet.created
    const text = cause instanceof Error ? cause.message : String(cause)
    if (wasExpired || /expired/i.test(text))
      throw failed('key_expired', 'the key was not valid when it was made', cause)
    if (/revoked/i.test(text)) throw failed('key_revoked', 'the key was revoked', cause)
    if (/(?:curve|eckey)/i.test(text)) throw failed('rejected_algorithm', 'its curve is not accepted', cause)
    throw failed('signature_mismatch', `it does not hold for the data (${text.slice(0, 200)})`, cause)
  }
}

/** Whether any key of the file made it, by its numbers alone: what the signature says of its issuer is not signed. */
async function verifyLeniently(
  packet: SignaturePacket,
  keys: readonly PublicKey[],
  { data }: VerifyOpenPGPOptions,
): Promise<Signer> {
  refuseHash(packet)
  const type = signatureTypeOf(packet)
  await withDigest(packet, typeof data === 'function' ? data : digestOfBytes(data))
  let failure: unknown
  for (const key of keys) {
    for (const { keyPacket } of key.getKeys()) {
      if (keyPacket.algorithm !== packet.publicKeyAlgorithm) continue
      packet.issuerKeyID = keyPacket.getKeyID()
      try {
        await packet.verify(keyPacket, type, new Uint8Array(), ANY_TIME, true)
      } catch (error) {
        failure = error
        continue
      }
      return signerOf(packet, key, keyPacket.getFingerprint())
    }
  }
  throw failed('signature_mismatch', 'no key of the file made it for this data', failure)
}

/** openpgp.js takes no date at all for any time, which its types do not say. */
const ANY_TIME = null as unknown as Date

function packetList(openpgp: typeof import('openpgp'), packet: SignaturePacket) {
  const list = new openpgp.PacketList<SignaturePacket>()
  list.push(packet)
  return list
}

async function refuseExpired(key: PublicKey, now: Date): Promise<void> {
  const expires = await key.getExpirationTime()
  if (expires instanceof Date && expires <= now)
    throw failed('key_expired', `the key expired at ${expires.toISOString()}`)
}

function failed(code: SignatureError['code'], problem: string, cause?: unknown): SignatureError {
  return new SignatureError(code, `verifying an OpenPGP signature: ${problem}`, cause === undefined ? {} : { cause })
}

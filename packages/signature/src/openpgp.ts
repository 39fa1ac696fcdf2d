import type { PublicKey, Signature, SignaturePacket } from 'openpgp'
import { decodeArmor } from './armor.ts'
import { SignatureError } from './error.ts'
import { MAX_CLOCK_SKEW_MS, MAX_SIGNATURE_BYTES, MAX_SIGNATURES, MIN_RSA_BITS } from './limits.ts'
import { readOpenPGPKeys } from './openpgp-keys.ts'
import type { Signer } from './signer.ts'

export interface VerifyOpenPGPOptions {
  readonly data: Uint8Array
  /** Detached, armored or binary. */
  readonly signature: string | Uint8Array
  /** A file of keys, armored or binary. */
  readonly keys: Uint8Array
  /** For the clock rules. */
  readonly now: Date
  /**
   * `signature`: the key must have been valid when it signed, whatever became of it. `now`: it must be valid still.
   * Default: `signature`.
   */
  readonly validity?: 'signature' | 'now'
}

/** RFC 9580 section 9.1: RSA (two numbers), ECDSA, EdDSA. */
const acceptedAlgorithms: ReadonlySet<number> = new Set([1, 3, 19, 22])
/** RFC 9580 section 9.5: SHA-256, SHA-384, SHA-512. */
const acceptedHashes: ReadonlySet<number> = new Set([8, 9, 10])

/**
 * Proves that one of the keys signed the data, by the rules that buildx has for git: strong hash, known algorithm, RSA of
 * 2048 bits, not revoked, not from the future. Any number of signatures may be given; one that passes is enough.
 * Throws what is wrong with the last of them.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9580#section-5.2.4
 */
export async function verifyOpenPGP(options: VerifyOpenPGPOptions): Promise<Signer> {
  const signature = await readSignature(options.signature)
  const keys = await readOpenPGPKeys(options.keys)
  if (signature.packets.length > MAX_SIGNATURES) {
    throw new SignatureError('too_large', `verifying an OpenPGP signature: at most ${MAX_SIGNATURES} are tried`)
  }
  let failure: unknown = new SignatureError('malformed_signature', 'verifying an OpenPGP signature: there is none')
  for (const packet of signature.packets) {
    try {
      return await verifyPacket(packet, keys, options)
    } catch (error) {
      failure = error
    }
  }
  throw failure
}

async function readSignature(signature: string | Uint8Array): Promise<Signature> {
  const isBinary = typeof signature !== 'string' && ((signature[0] ?? 0) & 0x80) !== 0
  const text = typeof signature === 'string' ? signature : Buffer.from(signature).toString('latin1')
  const binarySignature = isBinary ? signature : armored(text)
  if (binarySignature.length > MAX_SIGNATURE_BYTES) {
    throw new SignatureError('too_large', `reading an OpenPGP signature: at most ${MAX_SIGNATURE_BYTES} bytes are read`)
  }
  const openpgp = await import('openpgp')
  try {
    return await openpgp.readSignature({ binarySignature })
  } catch (cause) {
    throw new SignatureError('malformed_signature', 'reading an OpenPGP signature: no signature packet', { cause })
  }
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
  return {
    kind: 'openpgp',
    key: signingKey.getFingerprint(),
    primaryKey: key.getFingerprint(),
    names: key.getUserIDs(),
    signedAt,
  }
}

function refuseAlgorithms({ hashAlgorithm, publicKeyAlgorithm }: SignaturePacket): void {
  if (hashAlgorithm === null || !acceptedHashes.has(hashAlgorithm)) {
    throw failed('rejected_algorithm', `hash algorithm ${hashAlgorithm} is none of SHA-256, SHA-384, SHA-512`)
  }
  if (publicKeyAlgorithm === null || !acceptedAlgorithms.has(publicKeyAlgorithm)) {
    throw failed('rejected_algorithm', `public key algorithm ${publicKeyAlgorithm} is none of RSA, ECDSA, EdDSA`)
  }
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
  const message = await openpgp.createMessage({ binary: data })
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

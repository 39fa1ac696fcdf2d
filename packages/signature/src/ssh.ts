import { createHash, verify } from 'node:crypto'
import { decodeArmor } from './armor.ts'
import { createByteCursor } from './byte-cursor.ts'
import { SignatureError } from './error.ts'
import type { Signer } from './signer.ts'
import { readSSHKey, type SSHKey, unsigned } from './ssh-key.ts'
import { matchesPatterns, readSSHKeyFile, type SSHKeyEntry } from './ssh-key-file.ts'
import { fingerprintSSHKey, readSSHSignature, type SSHSignature } from './ssh-signature.ts'

export interface VerifySSHOptions {
  readonly data: Uint8Array
  /** In its armor. */
  readonly signature: string
  /** A file of keys: `authorized_keys` or `allowed_signers`. */
  readonly keys: Uint8Array
  /** What the signature must be for: `git`, `file`. */
  readonly namespace: string
  /** When it was made, for keys with a validity: SSH signatures do not say. */
  readonly signedAt: Date
  /** Who must have made it, as the key file names them. Default: anybody in the file. */
  readonly principal?: string
}

/** A security key says in its flags that somebody touched it. */
const USER_PRESENT = 0x01

/**
 * Proves that a key of the file signed the data for the namespace. Throws `unknown_signer`, `wrong_namespace`,
 * `key_expired`, `rejected_algorithm`, `signature_mismatch`, `malformed_signature`, `malformed_key` or `too_large`.
 *
 * @see https://github.com/openssh/openssh-portable/blob/V_9_9_P1/PROTOCOL.sshsig
 */
export function verifySSH({ data, signature: text, keys, namespace, signedAt, principal }: VerifySSHOptions): Signer {
  const { type, data: blob } = decodeArmor(text)
  if (type !== 'SSH SIGNATURE') throw failed('malformed_signature', `expected SSH SIGNATURE, got ${type}`)
  const signature = readSSHSignature(blob)
  if (signature.namespace !== namespace) {
    throw failed('wrong_namespace', `expected ${namespace}, got ${JSON.stringify(signature.namespace.slice(0, 60))}`)
  }
  const entry = allowedEntry(signature, readSSHKeyFile(keys), { namespace, signedAt, principal })
  verifyBlob(readSSHKey(signature.publicKey), signature, data)
  const names = entry.principals ?? (entry.comment === '' ? [] : [entry.comment])
  return {
    kind: 'ssh',
    key: fingerprintSSHKey(signature.publicKey),
    names: principal === undefined ? names : [principal],
  }
}

interface Claim {
  readonly namespace: string
  readonly signedAt: Date
  readonly principal: string | undefined
}

/** The line of the file that lets the key sign. Lines are alternatives; of those that do not, the last says why. */
function allowedEntry({ publicKey }: SSHSignature, entries: readonly SSHKeyEntry[], claim: Claim): SSHKeyEntry {
  let failure = failed('unknown_signer', `no key ${fingerprintSSHKey(publicKey)} in the file`)
  for (const entry of entries) {
    if (!Buffer.from(entry.wire).equals(publicKey)) continue
    const problem = whyNot(entry, claim)
    if (problem === undefined) return entry
    failure = problem
  }
  throw failure
}

function whyNot(entry: SSHKeyEntry, { namespace, signedAt, principal }: Claim): SignatureError | undefined {
  if (entry.isAuthority) return failed('rejected_algorithm', 'the key is an authority for certificates')
  if (entry.namespaces !== undefined && !matchesPatterns(entry.namespaces, namespace)) {
    return failed('wrong_namespace', `the key may not sign for ${namespace}`)
  }
  if (principal !== undefined && (entry.principals === undefined || !matchesPatterns(entry.principals, principal))) {
    return failed('unknown_signer', `the key is not that of ${JSON.stringify(principal)}`)
  }
  const isBefore = entry.validAfter !== undefined && signedAt < entry.validAfter
  if (isBefore || (entry.validBefore !== undefined && signedAt >= entry.validBefore)) {
    return failed('key_expired', `the key was not valid at ${signedAt.toISOString()}`)
  }
  return undefined
}

function verifyBlob(key: SSHKey, signature: SSHSignature, data: Uint8Array): void {
  const { namespace, hashAlgorithm } = signature
  if (hashAlgorithm !== 'sha256' && hashAlgorithm !== 'sha512') {
    throw failed('rejected_algorithm', `hash ${JSON.stringify(hashAlgorithm.slice(0, 40))} is none of sha256, sha512`)
  }
  const digest = createHash(hashAlgorithm).update(data).digest()
  const message = Buffer.concat([
    Buffer.from('SSHSIG'),
    ...[Buffer.from(namespace), Buffer.of(), Buffer.from(hashAlgorithm), digest].map(wireString),
  ])

  const cursor = createByteCursor(signature.signature, 'an SSH signature')
  const algorithm = Buffer.from(cursor.string()).toString('latin1')
  const hash = Object.hasOwn(key.algorithms, algorithm) ? key.algorithms[algorithm] : undefined
  if (hash === undefined) {
    throw failed('rejected_algorithm', `a ${key.type} key does not sign by ${JSON.stringify(algorithm.slice(0, 60))}`)
  }
  const raw = cursor.string()
  const signed = key.application === undefined ? message : securityKeyMessage(key.application, message, cursor.bytes(5))
  if (cursor.left > 0) throw failed('malformed_signature', `${cursor.left} bytes after its end`)
  const isValid =
    key.fieldBytes === undefined
      ? verify(hash, signed, key.key, raw)
      : verify(hash, signed, { key: key.key, dsaEncoding: 'ieee-p1363' }, toP1363(raw, key.fieldBytes))
  if (!isValid) throw failed('signature_mismatch', 'it does not hold for the data')
}

/** PROTOCOL.u2f: a security key signs a hash of what it signs for, its flags and a counter. */
function securityKeyMessage(application: Uint8Array, message: Uint8Array, flagsAndCounter: Uint8Array): Buffer {
  if (((flagsAndCounter[0] ?? 0) & USER_PRESENT) === 0)
    throw failed('rejected_algorithm', 'nobody touched the security key')
  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest()
  return Buffer.concat([sha256(application), flagsAndCounter, sha256(message)])
}

/** The two numbers of an ECDSA signature, each in so many bytes. */
function toP1363(raw: Uint8Array, fieldBytes: number): Buffer {
  const cursor = createByteCursor(raw, 'an ECDSA signature')
  const numbers = [unsigned(cursor.string()), unsigned(cursor.string())]
  if (cursor.left > 0 || numbers.some(number => number.length > fieldBytes))
    throw failed('malformed_signature', 'its numbers are none of its curve')
  return Buffer.concat(numbers.map(number => Buffer.concat([Buffer.alloc(fieldBytes - number.length), number])))
}

function wireString(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

function failed(code: SignatureError['code'], problem: string): SignatureError {
  return new SignatureError(code, `verifying an SSH signature: ${problem}`)
}

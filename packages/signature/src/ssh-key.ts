import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { type ByteCursor, createByteCursor } from './byte-cursor.ts'
import { SignatureError } from './error.ts'
import { MIN_RSA_BITS } from './limits.ts'

/** A public key in SSH's wire format, ready to verify with. */
export interface SSHKey {
  /** `ssh-ed25519`, `sk-ecdsa-sha2-nistp256@openssh.com` */
  readonly type: string
  readonly key: KeyObject
  /** What a security key signs for (`ssh:`); absent for other keys. */
  readonly application?: Uint8Array
  /** Algorithms of signatures that it makes, with the hash that node:crypto is given. */
  readonly algorithms: Readonly<Record<string, string | null>>
  /** Bytes of each of the two numbers of an ECDSA signature. */
  readonly fieldBytes?: number
}

interface KeyType {
  readonly algorithms: SSHKey['algorithms']
  readonly fieldBytes?: number
  readonly isSecurityKey?: boolean
  read(cursor: ByteCursor): JsonWebKey
}

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

const readEd25519 = (cursor: ByteCursor): JsonWebKey => {
  return { kty: 'OKP', crv: 'Ed25519', x: base64url(expectLength(cursor.string(), 32)) }
}
const readECDSA =
  (curve: string, crv: string, fieldBytes: number) =>
  (cursor: ByteCursor): JsonWebKey => {
    const name = Buffer.from(cursor.string()).toString('latin1')
    const point = expectLength(cursor.string(), 1 + 2 * fieldBytes)
    if (name !== curve || point[0] !== 4) throw malformed(`expected an uncompressed point of ${curve}`)
    return {
      kty: 'EC',
      crv,
      x: base64url(point.subarray(1, 1 + fieldBytes)),
      y: base64url(point.subarray(1 + fieldBytes)),
    }
  }

/** RFC 8709, RFC 5656, RFC 8332, and PROTOCOL.u2f of OpenSSH. */
const keyTypes: Readonly<Record<string, KeyType>> = {
  'ssh-ed25519': { algorithms: { 'ssh-ed25519': null }, read: readEd25519 },
  'ssh-rsa': {
    // the algorithm ssh-rsa itself hashes by SHA-1
    algorithms: { 'rsa-sha2-256': 'sha256', 'rsa-sha2-512': 'sha512' },
    read(cursor) {
      const e = unsigned(cursor.string())
      const n = unsigned(cursor.string())
      const bits = n.length === 0 ? 0 : n.length * 8 - Math.clz32(n[0]!) + 24
      if (bits < MIN_RSA_BITS) {
        throw new SignatureError(
          'rejected_algorithm',
          `an RSA key of ${bits} bits, at least ${MIN_RSA_BITS} are needed`,
        )
      }
      return { kty: 'RSA', e: base64url(e), n: base64url(n) }
    },
  },
  'ecdsa-sha2-nistp256': {
    algorithms: { 'ecdsa-sha2-nistp256': 'sha256' },
    fieldBytes: 32,
    read: readECDSA('nistp256', 'P-256', 32),
  },
  'ecdsa-sha2-nistp384': {
    algorithms: { 'ecdsa-sha2-nistp384': 'sha384' },
    fieldBytes: 48,
    read: readECDSA('nistp384', 'P-384', 48),
  },
  'ecdsa-sha2-nistp521': {
    algorithms: { 'ecdsa-sha2-nistp521': 'sha512' },
    fieldBytes: 66,
    read: readECDSA('nistp521', 'P-521', 66),
  },
  'sk-ssh-ed25519@openssh.com': {
    algorithms: { 'sk-ssh-ed25519@openssh.com': null },
    isSecurityKey: true,
    read: readEd25519,
  },
  'sk-ecdsa-sha2-nistp256@openssh.com': {
    algorithms: { 'sk-ecdsa-sha2-nistp256@openssh.com': 'sha256' },
    fieldBytes: 32,
    isSecurityKey: true,
    read: readECDSA('nistp256', 'P-256', 32),
  },
}

/** Whether a word names a type of key that signatures can be made by. */
export function isSSHKeyType(word: string): boolean {
  return Object.hasOwn(keyTypes, word) || /^(?:sk-)?(?:ssh|ecdsa)-[a-z0-9-]+(?:@openssh\.com)?$/.test(word)
}

/** Reads a public key. Throws `malformed_key`, or `rejected_algorithm` for types (certificates, DSA) and sizes that are not accepted. */
export function readSSHKey(wire: Uint8Array): SSHKey {
  const cursor = createByteCursor(wire, 'an SSH key', 'malformed_key')
  const type = Buffer.from(cursor.string()).toString('latin1')
  const keyType = Object.hasOwn(keyTypes, type) ? keyTypes[type] : undefined
  if (keyType === undefined) {
    throw new SignatureError(
      'rejected_algorithm',
      `SSH keys of type ${JSON.stringify(type.slice(0, 60))} are not accepted`,
    )
  }
  const jwk = keyType.read(cursor)
  const application = keyType.isSecurityKey === true ? cursor.string() : undefined
  if (cursor.left > 0) throw malformed(`${cursor.left} bytes after its end`)
  return {
    type,
    key: importKey(jwk),
    algorithms: keyType.algorithms,
    ...(application === undefined ? {} : { application }),
    ...(keyType.fieldBytes === undefined ? {} : { fieldBytes: keyType.fieldBytes }),
  }
}

function importKey(key: JsonWebKey): KeyObject {
  try {
    return createPublicKey({ key, format: 'jwk' })
  } catch (cause) {
    throw new SignatureError('malformed_key', 'reading an SSH key: its numbers are no key', { cause })
  }
}

/** SSH's mpint without the zero that keeps it positive. Throws `malformed_key` for negative ones. */
export function unsigned(mpint: Uint8Array): Uint8Array {
  if (((mpint[0] ?? 0) & 0x80) !== 0) throw malformed('a number is negative')
  const start = mpint.findIndex(byte => byte !== 0)
  return start === -1 ? new Uint8Array() : mpint.subarray(start)
}

function expectLength(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length !== length) throw malformed(`expected ${length} bytes, got ${bytes.length}`)
  return bytes
}

function malformed(problem: string): SignatureError {
  return new SignatureError('malformed_key', `reading an SSH key: ${problem}`)
}

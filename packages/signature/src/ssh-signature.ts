import { createHash } from 'node:crypto'
import { createByteCursor } from './byte-cursor.ts'
import { SignatureError } from './error.ts'

/** What an SSH signature says of itself; nothing of it is proved. */
export interface SSHSignature {
  readonly version: number
  /** In SSH's wire format. */
  readonly publicKey: Uint8Array
  /** What the signature is for: `git`, `file`. */
  readonly namespace: string
  /** `sha256` or `sha512`. */
  readonly hashAlgorithm: string
  /** In SSH's wire format. */
  readonly signature: Uint8Array
}

const magic = Buffer.from('SSHSIG')

/**
 * The parts of a signature blob. Throws `malformed_signature`.
 *
 * @see https://github.com/openssh/openssh-portable/blob/V_9_9_P1/PROTOCOL.sshsig
 */
export function readSSHSignature(data: Uint8Array): SSHSignature {
  const cursor = createByteCursor(data, 'an SSH signature')
  if (!magic.equals(cursor.bytes(magic.length))) throw malformed('does not begin with SSHSIG')
  const version = cursor.number(4)
  if (version !== 1) throw malformed(`expected version 1, got ${version}`)
  const publicKey = cursor.string()
  const namespace = Buffer.from(cursor.string()).toString('utf8')
  cursor.string()
  const hashAlgorithm = Buffer.from(cursor.string()).toString('latin1')
  const signature = cursor.string()
  if (cursor.left > 0) throw malformed(`${cursor.left} bytes after its end`)
  return { version, publicKey, namespace, hashAlgorithm, signature }
}

/** `SHA256:...`, as ssh-keygen prints it. */
export function fingerprintSSHKey(publicKey: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(publicKey).digest('base64').replace(/=+$/, '')}`
}

function malformed(problem: string): SignatureError {
  return new SignatureError('malformed_signature', `reading an SSH signature: ${problem}`)
}

import { createHash } from 'node:crypto'
import { isArtifactSignature } from './check-signature.ts'
import { type Envelope, preAuthEncoding } from './envelope.ts'
import { AttestationError } from './error.ts'
import type { PublicKey } from './public-key.ts'
import type { Statement } from './statement.ts'
import type { Digests } from './verified-signature.ts'

/** What a signature is over. */
export interface SignedContent {
  readonly signature: Buffer
  isSignedBy(key: PublicKey): Promise<boolean>
  /** Whether a log entry of the kind that gives this digest of what was signed is about this content. */
  isLoggedAs(kind: string, digest: Buffer): boolean
  /** What a timestamp authority was shown. */
  readonly timestamped: Buffer
  /** The envelope as it was shown to a log, where that is known. */
  readonly document?: Buffer
}

/** An artifact: its bytes where they are known, and its digests. */
export interface Artifact {
  readonly bytes?: Uint8Array
  readonly digests: Digests
}

/** Algorithms that tie a statement or signature to an artifact; SHA-1 does not. */
const ALGORITHMS = ['sha256', 'sha384', 'sha512']

/** The artifact with all its digests; of those that were given, only those that can be relied on. Throws `digest_unavailable`. */
export function artifactOf(given: Uint8Array | Digests): Artifact {
  if (given instanceof Uint8Array) return { bytes: given, digests: digestsOf(given) }
  const digests = Object.entries(given).filter(([name]) => ALGORITHMS.includes(name))
  for (const [name, hex] of digests) {
    if (!/^[0-9a-f]+$/.test(hex) || hex.length !== createHash(name).digest('hex').length) {
      throw new AttestationError('digest_unavailable', `reading artifact: ${JSON.stringify(hex)} is no ${name} digest`)
    }
  }
  if (digests.length === 0) {
    throw new AttestationError('digest_unavailable', `reading artifact: expected a digest by ${ALGORITHMS.join(', ')}`)
  }
  return { digests: Object.fromEntries(digests) }
}

/** Each is made when it is asked for: mostly one is needed, and artifacts are large. */
function digestsOf(bytes: Uint8Array): Digests {
  const digests = {}
  for (const name of ALGORITHMS) {
    let hex: string | undefined
    const get = () => (hex ??= createHash(name).update(bytes).digest('hex'))
    Object.defineProperty(digests, name, { enumerable: true, get })
  }
  return digests
}

/** Whether all digests that both have are the same, and there is one such. */
export function isSameArtifact({ digests }: Artifact, others: Digests): boolean {
  const common = Object.keys(digests).filter(name => Object.hasOwn(others, name))
  return common.length > 0 && common.every(name => digests[name] === others[name]!.toLowerCase())
}

/** Whether a subject of the statement is the artifact. */
export function hasSubject({ subjects }: Statement, artifact: Artifact): boolean {
  return subjects.some(({ digest }) => isSameArtifact(artifact, digest))
}

/**
 * Whether the statement is about an artifact: bytes, or digests by SHA-256, SHA-384 or SHA-512 in hexadecimal. Digests by the same
 * algorithm must all be equal, and there must be one. Says nothing of who made the statement. Throws `digest_unavailable`.
 */
export function isAbout(statement: Statement, artifact: Uint8Array | Digests): boolean {
  return hasSubject(statement, artifactOf(artifact))
}

/** An artifact that was signed as it is. */
export function signedArtifact(signature: Buffer, artifact: Artifact): SignedContent {
  return {
    signature,
    timestamped: signature,
    isSignedBy: key => isArtifactSignature(key, artifact, signature),
    isLoggedAs(kind, digest) {
      const algorithm = algorithmOf(digest)
      if (kind !== 'hashedrekord' || algorithm === undefined) return false
      return artifact.digests[algorithm] === digest.toString('hex')
    },
  }
}

/** An envelope, and one of its signatures; `document` where cosign kept it as it is, and had that logged and timestamped. */
export function signedEnvelope(signature: Buffer, envelope: Envelope, document?: Buffer): SignedContent {
  const encoded = preAuthEncoding(envelope)
  return {
    signature,
    timestamped: document ?? signature,
    ...(document && { document }),
    // cosign signs envelopes by Ed25519ph, too
    isSignedBy: key => isArtifactSignature(key, artifactOf(encoded), signature),
    // a hashedrekord is of what was signed, the other kinds are of the payload
    isLoggedAs: (kind, digest) => isDigestOf(kind === 'hashedrekord' ? encoded : envelope.payload, digest),
  }
}

function isDigestOf(bytes: Uint8Array, digest: Buffer): boolean {
  const algorithm = algorithmOf(digest)
  return algorithm !== undefined && createHash(algorithm).update(bytes).digest().equals(digest)
}

function algorithmOf(digest: Buffer): string | undefined {
  return ALGORITHMS.find(name => Number(name.slice('sha'.length)) === digest.length * 8)
}

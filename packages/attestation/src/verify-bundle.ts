import type { Envelope } from './envelope.ts'
import { AttestationError } from './error.ts'
import {
  type Artifact,
  artifactOf,
  hasSubject,
  isSameArtifact,
  signedArtifact,
  signedEnvelope,
} from './signed-content.ts'
import type { Statement } from './statement.ts'
import { decodeStatement, IN_TOTO_MEDIA_TYPE } from './statement.ts'
import type { Digests, VerifiedSignature, VerifyOptions } from './verified-signature.ts'

export interface VerifyBundleOptions extends VerifyOptions {
  /** What the bundle must be about: bytes, or digests by SHA-256, SHA-384 or SHA-512 in hexadecimal. */
  readonly artifact: Uint8Array | Digests
}

/**
 * Proves who signed an artifact, or a statement about it, and when: Sigstore bundles 0.1 to 0.3, by certificate or key, with
 * entries of Rekor 1 and 2 and RFC 3161 timestamps. Log entries and timestamps that do not hold are not counted; duplicates count
 * once. Any signer is proved: whether it is the right one is asked of `matchesIdentity`. Throws an `AttestationError` for whatever does not hold.
 *
 * @see https://github.com/sigstore/architecture-docs/blob/main/client-spec.md#4-verification
 */
export async function verifyBundle(
  source: Uint8Array | string,
  { artifact: given, ...options }: VerifyBundleOptions,
): Promise<VerifiedSignature> {
  const [{ decodeBundle }, { verifySignature }] = await Promise.all([
    import('./bundle.ts'),
    import('./verify-signature.ts'),
  ])
  const artifact = artifactOf(given)
  const { type, content, evidence } = decodeBundle(source)
  if (content.kind === 'message') {
    const claimed = Object.keys(content.digest).filter(algorithm => Object.hasOwn(artifact.digests, algorithm))
    if (claimed.length > 0 && !isSameArtifact(artifact, content.digest))
      throw mismatch('the digest in the bundle is of')
    return { type, ...(await verifySignature(signedArtifact(content.signature, artifact), evidence, options)) }
  }
  const proof = await verifySignature(signedEnvelope(content.signature, content.envelope), evidence, options)
  return { type, ...proof, statement: statementAbout(artifact, content.envelope) }
}

/** The statement in an envelope, where it names the artifact. Throws `unsupported_payload`, `subject_mismatch` and what decoding throws. */
export function statementAbout(artifact: Artifact, { payloadType, payload }: Envelope): Statement {
  if (payloadType !== IN_TOTO_MEDIA_TYPE) {
    throw new AttestationError(
      'unsupported_payload',
      `reading payload: expected ${IN_TOTO_MEDIA_TYPE}, got ${JSON.stringify(payloadType)}`,
    )
  }
  const statement = decodeStatement(payload)
  if (!hasSubject(statement, artifact)) {
    throw mismatch(`none of the ${statement.subjects.length} subjects of the statement is`)
  }
  return statement
}

function mismatch(what: string): AttestationError {
  return new AttestationError('subject_mismatch', `checking signature: ${what} another artifact`)
}

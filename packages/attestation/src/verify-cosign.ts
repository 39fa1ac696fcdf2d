import { decodeEnvelope, type Envelope } from './envelope.ts'
import { AttestationError } from './error.ts'
import { artifactOf, signedArtifact, signedEnvelope } from './signed-content.ts'
import { decodeSimpleSigning } from './simple-signing.ts'
import type { Digests, VerifiedSignature, VerifyOptions } from './verified-signature.ts'
import { statementAbout } from './verify-bundle.ts'

/** A layer of a manifest that cosign wrote before bundles. */
export interface CosignLayer extends VerifyOptions {
  /** Its annotations: signature, certificate, chain, log entry, timestamp. */
  readonly annotations: Readonly<Record<string, string>>
}

export interface VerifySimpleSigningOptions extends CosignLayer {
  /** Content of the layer. */
  readonly payload: Uint8Array
  /** What must have been signed: `sha256:...` of a manifest or index. */
  readonly imageDigest: string
}

/**
 * Proves who signed an image, by a layer of a `.sig` manifest: a simple signing payload that names the digest of the image.
 * The name in the payload is not checked. Throws an `AttestationError` for whatever does not hold.
 */
export async function verifySimpleSigning(options: VerifySimpleSigningOptions): Promise<VerifiedSignature> {
  const { payload: bytes, annotations, imageDigest } = options
  const [{ evidenceIn, signatureIn }, { verifySignature }] = await loadCosign()
  const signature = signatureIn(annotations)
  if (signature === undefined)
    throw new AttestationError('invalid_signature', 'reading cosign annotations: no signature')
  const payload = decodeSimpleSigning(bytes)
  const proof = await verifySignature(signedArtifact(signature, artifactOf(bytes)), evidenceIn(annotations), options)
  if (payload.manifestDigest !== imageDigest) {
    throw new AttestationError(
      'subject_mismatch',
      `checking signature: expected one of ${imageDigest}, got ${JSON.stringify(payload.manifestDigest)}`,
    )
  }
  return { type: 'simplesigning-v1', ...proof, payload }
}

export interface VerifyEnvelopeOptions extends CosignLayer {
  /** Content of the layer: a DSSE envelope. */
  readonly envelope: Uint8Array
  /** What the statement in it must be about: bytes, or digests by SHA-256, SHA-384 or SHA-512 in hexadecimal. */
  readonly artifact: Uint8Array | Digests
}

/**
 * Proves who made a statement about an artifact, by a layer of an `.att` manifest: an in-toto statement in a DSSE envelope. Of
 * several signatures one that holds is enough. Throws an `AttestationError` for whatever does not hold.
 */
export async function verifyEnvelope(options: VerifyEnvelopeOptions): Promise<VerifiedSignature> {
  const { envelope: bytes, annotations, artifact } = options
  const [{ evidenceIn }, { verifySignature }] = await loadCosign()
  const envelope = decodeEnvelope(bytes)
  const evidence = evidenceIn(annotations)
  const proof = await firstOf(envelope, signature =>
    // what cosign had timestamped is the layer, not the signature in it
    verifySignature(signedEnvelope(signature, envelope, Buffer.from(bytes)), evidence, options),
  )
  return { type: 'dsse-v1', ...proof, statement: statementAbout(artifactOf(artifact), envelope) }
}

async function firstOf<T>({ signatures }: Envelope, verify: (signature: Buffer) => Promise<T>): Promise<T> {
  let reason: unknown
  for (const { signature } of signatures) {
    try {
      return await verify(Buffer.from(signature))
    } catch (error) {
      reason ??= error
    }
  }
  throw reason
}

function loadCosign() {
  return Promise.all([import('./cosign-annotations.ts'), import('./verify-signature.ts')])
}

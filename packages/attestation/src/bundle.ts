import { assertBundleLatest, assertBundleV01, assertBundleV02, type Bundle } from '@sigstore/bundle'
import { Bundle as BundleMessage, type MessageSignature } from '@sigstore/protobuf-specs'
import type { Envelope } from './envelope.ts'
import { AttestationError } from './error.ts'
import { decodeBounded } from './json.ts'
import { MAX_BUNDLE_BYTES } from './limits.ts'
import { decodeMessage } from './protobuf-json.ts'
import type { Digests, VerifiedSignature } from './verified-signature.ts'
import type { Evidence } from './verify-signature.ts'

/** A Sigstore bundle, taken apart. By itself it proves nothing. */
export interface SigstoreBundle {
  readonly type: VerifiedSignature['type']
  readonly content:
    | { readonly kind: 'message'; readonly signature: Buffer; readonly digest: Digests }
    | { readonly kind: 'envelope'; readonly signature: Buffer; readonly envelope: Envelope }
  readonly evidence: Evidence
}

interface Version {
  readonly type: SigstoreBundle['type']
  /** Throws where the bundle lacks what this version has. */
  readonly check: (bundle: BundleMessage) => void
}

const versions: Readonly<Record<string, Version>> = {
  'application/vnd.dev.sigstore.bundle+json;version=0.1': { type: 'bundle-v0.1', check: assertBundleV01 },
  'application/vnd.dev.sigstore.bundle+json;version=0.2': { type: 'bundle-v0.2', check: assertBundleV02 },
  'application/vnd.dev.sigstore.bundle+json;version=0.3': { type: 'bundle-v0.3', check: assertBundleLatest },
  'application/vnd.dev.sigstore.bundle.v0.3+json': { type: 'bundle-v0.3', check: assertBundleLatest },
}

/** By their number in the protobuf; SHA-256 where none is told. */
const hashes: Readonly<Record<number, string>> = { 0: 'sha256', 1: 'sha256', 2: 'sha384', 3: 'sha512' }

/**
 * The bundle that JSON says. Throws `too_large`, `invalid_json` and `invalid_bundle`.
 *
 * @see https://github.com/sigstore/protobuf-specs/blob/v0.5.0/protos/sigstore_bundle.proto
 */
export function decodeBundle(source: Uint8Array | string): SigstoreBundle {
  const document = decodeBounded(source, { what: 'Sigstore bundle', maxBytes: MAX_BUNDLE_BYTES })
  try {
    const message = decodeMessage(document, BundleMessage, fail)
    const version = Object.hasOwn(versions, message.mediaType) ? versions[message.mediaType] : undefined
    if (version === undefined) return fail(`unknown version ${JSON.stringify(message.mediaType)}`)
    version.check(withDigest(message))
    const bundle = message as Bundle
    return { type: version.type, content: contentOf(bundle), evidence: evidenceOf(bundle) }
  } catch (cause) {
    if (cause instanceof AttestationError) throw cause
    return fail(cause instanceof Error ? cause.message : 'malformed', cause)
  }
}

/** The digest is a hint, which cosign leaves out where Ed25519 signed the artifact itself; @sigstore/bundle insists on it. */
function withDigest(message: BundleMessage): BundleMessage {
  const { content } = message
  if (content?.$case !== 'messageSignature' || hintIn(content.messageSignature) !== undefined) return message
  const messageDigest = { algorithm: 0, digest: Buffer.of(0) }
  return { ...message, content: { ...content, messageSignature: { ...content.messageSignature, messageDigest } } }
}

function hintIn({ messageDigest }: MessageSignature): Digests | undefined {
  if (messageDigest === undefined || messageDigest.digest.length === 0) return undefined
  const algorithm = hashes[messageDigest.algorithm] ?? fail('unknown algorithm of the message digest')
  return { [algorithm]: messageDigest.digest.toString('hex') }
}

function contentOf({ content }: Bundle): SigstoreBundle['content'] {
  if (content.$case === 'messageSignature') {
    const { signature } = content.messageSignature
    return { kind: 'message', signature, digest: hintIn(content.messageSignature) ?? {} }
  }
  const { payloadType, payload, signatures } = content.dsseEnvelope
  const signature = signatures[0]!.sig
  return { kind: 'envelope', signature, envelope: { payloadType, payload, signatures: [{ signature }] } }
}

function evidenceOf({ verificationMaterial }: Bundle): Evidence {
  const { content, tlogEntries, timestampVerificationData } = verificationMaterial
  const chain =
    content.$case === 'x509CertificateChain'
      ? content.x509CertificateChain.certificates
      : content.$case === 'certificate'
        ? [content.certificate]
        : []
  const [certificate, ...intermediates] = chain.map(({ rawBytes }) => rawBytes)
  return {
    ...(certificate && { certificate }),
    intermediates,
    logEntries: tlogEntries,
    timestamps: timestampVerificationData?.rfc3161Timestamps.map(({ signedTimestamp }) => signedTimestamp) ?? [],
  }
}

function fail(problem: string, cause?: unknown): never {
  throw new AttestationError('invalid_bundle', `reading Sigstore bundle: ${problem}`, { cause })
}

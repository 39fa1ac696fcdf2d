import { type Bundle, bundleFromJSON, bundleToJSON } from '@sigstore/bundle'
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

const types: Readonly<Record<string, SigstoreBundle['type']>> = {
  'application/vnd.dev.sigstore.bundle+json;version=0.1': 'bundle-v0.1',
  'application/vnd.dev.sigstore.bundle+json;version=0.2': 'bundle-v0.2',
  'application/vnd.dev.sigstore.bundle+json;version=0.3': 'bundle-v0.3',
  'application/vnd.dev.sigstore.bundle.v0.3+json': 'bundle-v0.3',
}

/** By their number in the protobuf; SHA-256 where none is told. */
const hashes: Readonly<Record<number, string>> = { 0: 'sha256', 1: 'sha256', 2: 'sha384', 3: 'sha512' }

/**
 * The bundle that JSON says. Throws `too_large`, `invalid_json` and `invalid_bundle`.
 *
 * @see https://github.com/sigstore/protobuf-specs/blob/v0.5.0/protos/sigstore_bundle.proto
 */
export function decodeBundle(source: Uint8Array | string): SigstoreBundle {
  const bundle = parse(decodeBounded(source, { what: 'Sigstore bundle', maxBytes: MAX_BUNDLE_BYTES }))
  const type = Object.hasOwn(types, bundle.mediaType) ? types[bundle.mediaType] : undefined
  if (type === undefined) return fail(`unknown version ${JSON.stringify(bundle.mediaType)}`)
  return { type, content: contentOf(bundle), evidence: evidenceOf(bundle) }
}

function parse(document: unknown): Bundle {
  try {
    return decodeMessage(document, { fromJSON: bundleFromJSON, toJSON: bundleToJSON }, fail)
  } catch (cause) {
    if (cause instanceof AttestationError) throw cause
    return fail(cause instanceof Error ? cause.message : 'malformed', cause)
  }
}

function contentOf({ content }: Bundle): SigstoreBundle['content'] {
  if (content.$case === 'messageSignature') {
    const { messageDigest, signature } = content.messageSignature
    const algorithm = hashes[messageDigest.algorithm] ?? fail('unknown algorithm of the message digest')
    return { kind: 'message', signature, digest: { [algorithm]: messageDigest.digest.toString('hex') } }
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

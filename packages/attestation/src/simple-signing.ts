import { createReader, decodeBounded } from './json.ts'
import { MAX_PAYLOAD_BYTES } from './limits.ts'

/** What a simple signing signature is over. By itself it proves nothing. */
export interface SimpleSigningPayload {
  /** Digest of the image: `sha256:...`. */
  readonly manifestDigest: string
  /** Under which name it was signed; empty where it does not say. Nobody checks it. */
  readonly dockerReference: string
  /** What the signer added. */
  readonly optional: Readonly<Record<string, unknown>>
}

/** The media type of such payloads, as layers of a cosign signature manifest. */
export const SIMPLE_SIGNING_MEDIA_TYPE = 'application/vnd.dev.cosign.simplesigning.v1+json'

const PAYLOAD_TYPE = 'cosign container image signature'
const reader = createReader('invalid_signature', 'simple signing payload')

/**
 * The payload that JSON says. Throws `too_large`, `invalid_json` and `invalid_signature`, also for a payload of another type.
 *
 * @see https://github.com/sigstore/cosign/blob/v3.0.5/specs/SIGNATURE_SPEC.md#payload
 */
export function decodeSimpleSigning(source: Uint8Array): SimpleSigningPayload {
  const document = reader.object(
    decodeBounded(source, { what: 'simple signing payload', maxBytes: MAX_PAYLOAD_BYTES }),
    'the document',
  )
  const critical = reader.object(document.critical, 'critical')
  if (critical.type !== PAYLOAD_TYPE) reader.fail(`expected critical.type ${JSON.stringify(PAYLOAD_TYPE)}`)
  const identity = reader.object(critical.identity ?? {}, 'critical.identity')
  const image = reader.object(critical.image, 'critical.image')
  return {
    manifestDigest: reader.string(image['docker-manifest-digest'], 'critical.image.docker-manifest-digest'),
    dockerReference: reader.string(identity['docker-reference'] ?? '', 'critical.identity.docker-reference'),
    optional: { ...reader.object(document.optional ?? {}, 'optional') },
  }
}

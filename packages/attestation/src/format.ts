import { decodeBounded, isObject } from './json.ts'
import { MAX_BUNDLE_BYTES } from './limits.ts'

/** What an attestation file is. */
export type AttestationFormat = 'statement' | 'envelope' | 'bundle'

/** The member that only documents of this format have. */
const marks: readonly (readonly [member: string, format: AttestationFormat])[] = [
  ['_type', 'statement'],
  ['payloadType', 'envelope'],
  ['verificationMaterial', 'bundle'],
]

/**
 * What a JSON document gives itself out to be: an in-toto statement, a DSSE envelope, a Sigstore bundle; undefined where it is
 * something else. Proves nothing. Throws `too_large` and `invalid_json`.
 */
export function attestationFormat(source: Uint8Array | string): AttestationFormat | undefined {
  const document = decodeBounded(source, { what: 'attestation', maxBytes: MAX_BUNDLE_BYTES })
  return isObject(document) ? marks.find(([member]) => member in document)?.[1] : undefined
}

import { RFC3161Timestamp, X509Certificate } from '@sigstore/core'
import { parseDER } from './asn1.ts'
import { EXTENSIONS } from './certificate.ts'
import { AttestationError } from './error.ts'
import { MAX_TIMESTAMP_BYTES } from './limits.ts'
import { checkEvidence } from './log-entry.ts'
import type { SignedContent } from './signed-content.ts'
import type { TimestampAuthority, TrustMaterial } from './trust-material.ts'
import type { VerifiedTimestamp } from './verified-signature.ts'

const TIME_STAMPING = '1.3.6.1.5.5.7.3.8'

/**
 * Proves that a timestamp authority of the trust root saw the signature, and when. Throws `untrusted_timestamp`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc3161#section-2.4.2
 */
export function verifyTimestamp(
  der: Uint8Array,
  content: SignedContent,
  { timestampAuthorities }: TrustMaterial,
): VerifiedTimestamp {
  const fail = (problem: string, cause?: unknown): never => {
    throw new AttestationError('untrusted_timestamp', `checking timestamp: ${problem}`, { cause })
  }
  if (der.length > MAX_TIMESTAMP_BYTES) fail(`${der.length} bytes, at most ${MAX_TIMESTAMP_BYTES} are allowed`)
  const timestamp = parse(der, fail)
  let reason: unknown
  for (const authority of timestampAuthorities.flatMap(known => withSigner(known, der))) {
    try {
      checkEvidence(
        { timestampAuthorities: [authority] },
        {
          timestamps: [{ $case: 'timestamp-authority', timestamp }],
          signature: {
            signature: content.timestamped,
            compareDigest: () => false,
            compareSignature: () => false,
            verifySignature: () => true,
          },
        },
      )
      return { type: 'TimestampAuthority', uri: authority.uri, timestamp: timestamp.signingTime }
    } catch (cause) {
      reason = cause
    }
  }
  return fail('no authority of the trust root vouches for it', reason)
}

function parse(der: Uint8Array, fail: (problem: string, cause?: unknown) => never): RFC3161Timestamp {
  let timestamp: RFC3161Timestamp
  try {
    timestamp = RFC3161Timestamp.parse(Buffer.from(der))
    // granted, or granted with modifications
    if (timestamp.status === 0n || timestamp.status === 1n) return timestamp
  } catch (cause) {
    return fail('malformed', cause)
  }
  return fail(`the request was not granted (status ${timestamp.status})`)
}

/** An authority with the certificate that it signs with: the trust root may leave that to the timestamp. */
function withSigner(authority: TimestampAuthority, der: Uint8Array): TimestampAuthority[] {
  const [first] = authority.certChain
  if (first === undefined) return []
  if (!first.isCA) return [authority]
  return embeddedCertificates(der)
    .filter(certificate => !certificate.isCA && isForTimestamps(certificate))
    .map(certificate => ({ ...authority, certChain: [certificate, ...authority.certChain] }))
}

function isForTimestamps(certificate: X509Certificate): boolean {
  const usage = certificate.extension(EXTENSIONS.extendedKeyUsage)
  const purposes = usage?.critical === true ? (usage.valueObj.subs[0]?.subs ?? []) : []
  return purposes.length === 1 && purposes[0]!.toOID() === TIME_STAMPING
}

/** The certificates field of the signed data. @see https://www.rfc-editor.org/rfc/rfc5652#section-5.1 */
function embeddedCertificates(der: Uint8Array): X509Certificate[] {
  const token = parseDER(der).subs[1]
  const signedData = token?.subs.find(({ tag }) => tag.isContextSpecific(0))?.subs[0]
  const certificates = signedData?.subs.find(({ tag }) => tag.isContextSpecific(0))?.subs ?? []
  return certificates.map(certificate => X509Certificate.parse(Buffer.from(certificate.toDER())))
}

import { RFC3161Timestamp } from '@sigstore/core'
import { parseDER } from './asn1.ts'
import { type Certificate, isValidAt, parseCertificate } from './certificate.ts'
import { certificatePath, PURPOSES } from './certificate-chain.ts'
import { AttestationError } from './error.ts'
import { MAX_CHAIN_CERTIFICATES, MAX_TIMESTAMP_BYTES } from './limits.ts'
import type { SignedContent } from './signed-content.ts'
import type { TimestampAuthority, TrustMaterial } from './trust-material.ts'
import type { VerifiedTimestamp } from './verified-signature.ts'

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
  let problem = 'no authority of the trust root vouches for it'
  try {
    const timestamp = RFC3161Timestamp.parse(Buffer.from(der))
    // granted, or granted with modifications
    if (timestamp.status !== 0n && timestamp.status !== 1n) fail(`not granted (status ${timestamp.status})`)
    const at = timestamp.signingTime
    for (const authority of timestampAuthorities) {
      const path = signerPath(authority, timestamp, der)
      if (path === undefined) continue
      if (!isWithin(at, authority) || !path.every(certificate => isValidAt(certificate, at))) {
        problem = `its authority was not valid at ${at.toISOString()}`
        continue
      }
      timestamp.verify(content.timestamped, path[0]!.keyObject)
      return { type: 'TimestampAuthority', uri: authority.uri, timestamp: at }
    }
  } catch (cause) {
    if (cause instanceof AttestationError) throw cause
    return fail(cause instanceof Error ? cause.message : String(cause), cause)
  }
  return fail(problem)
}

const isWithin = (at: Date, { validFor }: TimestampAuthority) => validFor.start <= at && at <= validFor.end

/** From the certificate that signed the timestamp to the anchor of the authority; undefined where it was not this authority. */
function signerPath(
  authority: TimestampAuthority,
  timestamp: RFC3161Timestamp,
  der: Uint8Array,
): readonly Certificate[] | undefined {
  const isSigner = ({ x509 }: Certificate) =>
    x509.serialNumber.equals(timestamp.signerSerialNumber) && x509.issuer.equals(timestamp.signerIssuer)
  const { signer } = authority
  if (signer !== undefined) return signer[0] !== undefined && isSigner(signer[0]) ? signer : undefined
  // the trust root leaves it to the timestamp to bring the certificate
  const certificate = embeddedCertificates(der).find(isSigner)
  return certificate && certificatePath(certificate, [], authority, PURPOSES.timeStamping)
}

/** The certificates field of the signed data. @see https://www.rfc-editor.org/rfc/rfc5652#section-5.1 */
function embeddedCertificates(der: Uint8Array): Certificate[] {
  const token = parseDER(der).subs[1]
  const signedData = token?.subs.find(({ tag }) => tag.isContextSpecific(0))?.subs[0]
  const certificates = signedData?.subs.find(({ tag }) => tag.isContextSpecific(0))?.subs ?? []
  return certificates.slice(0, MAX_CHAIN_CERTIFICATES).map(certificate => parseCertificate(certificate.toDER()))
}

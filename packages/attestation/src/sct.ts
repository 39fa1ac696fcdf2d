import { ByteStream, EXTENSION_OID_SCT, X509SCTExtension } from '@sigstore/core'
import type { Certificate } from './certificate.ts'
import { sha256 } from './check-signature.ts'
import type { LogAuthority } from './trust-material.ts'

/**
 * The certificate transparency logs of the trust root that vouch for the certificate, each once. Promises of others, and ones
 * that do not hold, are left out.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6962#section-3.2
 */
export function certificateLogs(
  certificate: Certificate,
  issuer: Certificate,
  ctLogs: readonly LogAuthority[],
): Set<LogAuthority> {
  const { extensions, tbsCertificate } = certificate.x509
  const index = extensions.findIndex(({ subs }) => subs[0]?.toOID() === EXTENSION_OID_SCT)
  if (index < 0) return new Set()
  // what the logs signed is the certificate without their promises
  const [extension] = extensions.splice(index, 1)
  const preCertificate = tbsCertificate.toDER()
  extensions.splice(index, 0, extension!)
  const signed = new ByteStream()
  signed.appendView(sha256(issuer.x509.publicKey))
  signed.appendUint24(preCertificate.length)
  signed.appendView(preCertificate)
  const logs = promisesOf(new X509SCTExtension(extension!)).map(promise =>
    ctLogs.find(
      ({ logID, validFor, publicKey }) =>
        logID.equals(promise.logID) &&
        validFor.start <= promise.datetime &&
        promise.datetime <= validFor.end &&
        promise.verify(signed.buffer, publicKey),
    ),
  )
  return new Set(logs.filter(log => log !== undefined))
}

function promisesOf(extension: X509SCTExtension): X509SCTExtension['signedCertificateTimestamps'] {
  try {
    return extension.signedCertificateTimestamps
  } catch {
    // a list that cannot be read promises nothing
    return []
  }
}

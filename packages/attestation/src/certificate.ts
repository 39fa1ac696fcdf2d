import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { X509Certificate } from '@sigstore/core'
import { AttestationError } from './error.ts'
import { MAX_CERTIFICATE_BYTES } from './limits.ts'

/** A certificate with all that chains need, read once: `@sigstore/core` derives it anew whenever it is asked. */
export interface Certificate {
  readonly x509: X509Certificate
  readonly der: Buffer
  readonly subject: Buffer
  readonly issuer: Buffer
  readonly keyObject: KeyObject
  readonly notBefore: Date
  readonly notAfter: Date
  readonly isCA: boolean
  /** How many certificates of authorities may stand between it and the signer's. */
  readonly pathLength?: number
  readonly extensions: ReadonlyMap<string, Extension>
}

export interface Extension {
  readonly critical: boolean
  /** What the octet string of the extension holds. */
  readonly value: Buffer
}

export const EXTENSIONS = {
  subjectKeyID: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  certificatePolicies: '2.5.29.32',
  authorityKeyID: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  sctList: '1.3.6.1.4.1.11129.2.4.2',
} as const

/** The certificate in DER. Throws `too_large`, and an error of whatever kind where it is malformed. */
export function parseCertificate(der: Uint8Array): Certificate {
  if (der.length > MAX_CERTIFICATE_BYTES) {
    throw new AttestationError(
      'too_large',
      `parsing certificate: ${der.length} bytes, at most ${MAX_CERTIFICATE_BYTES} are allowed`,
    )
  }
  return read(X509Certificate.parse(Buffer.from(der)), Buffer.from(der))
}

function read(x509: X509Certificate, der: Buffer): Certificate {
  // signatures are checked over what is encoded again, so that has to be what came
  if (!x509.root.toDER().equals(der)) throw new Error('not in distinguished encoding')
  const [, algorithm] = x509.root.subs
  if (!algorithm!.toDER().equals(x509.tbsCertificate.subs[2]!.toDER())) throw new Error('two signature algorithms')
  const extensions = new Map<string, Extension>()
  for (const extension of x509.extensions) {
    const oid = extension.subs[0]!.toOID()
    if (extensions.has(oid)) throw new Error(`extension ${oid} stands twice`)
    const critical = extension.subs.length === 3 && extension.subs[1]!.toBoolean()
    extensions.set(oid, { critical, value: extension.subs.at(-1)!.value })
  }
  const pathLength = x509.extBasicConstraints?.pathLenConstraint
  return {
    x509,
    der,
    subject: x509.subject,
    issuer: x509.issuer,
    keyObject: createPublicKey({ key: x509.publicKey, format: 'der', type: 'spki' }),
    notBefore: x509.notBefore,
    notAfter: x509.notAfter,
    isCA: x509.isCA,
    ...(pathLength !== undefined && { pathLength: Number(pathLength) }),
    extensions,
  }
}

export function isValidAt({ notBefore, notAfter }: Certificate, at: Date): boolean {
  return notBefore <= at && at <= notAfter
}

/** Whether the key of `issuer` signed the certificate. */
export function isSignedBy({ x509 }: Certificate, issuer: Certificate): boolean {
  try {
    return verify(x509.signatureAlgorithm, x509.tbsCertificate.toDER(), issuer.keyObject, x509.signatureValue)
  } catch {
    // the key is of a kind that the algorithm is not for
    return false
  }
}

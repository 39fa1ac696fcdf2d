import { parseDER } from './asn1.ts'
import { type Certificate, EXTENSIONS, isSignedBy } from './certificate.ts'
import type { CertificateAuthority } from './trust-material.ts'

/** Extended key usages. */
export const PURPOSES = { codeSigning: '1.3.6.1.5.5.7.3.3', timeStamping: '1.3.6.1.5.5.7.3.8' } as const
const ANY_PURPOSE = '2.5.29.37.0'

/** What a certificate may hold that it insists on being understood. */
const understood: readonly string[] = [
  EXTENSIONS.subjectKeyID,
  EXTENSIONS.keyUsage,
  EXTENSIONS.subjectAltName,
  EXTENSIONS.basicConstraints,
  EXTENSIONS.certificatePolicies,
  EXTENSIONS.authorityKeyID,
  EXTENSIONS.extendedKeyUsage,
]

/**
 * The certificates from the signer's to the anchor of the authority, each signed by the next; undefined where there is no such
 * path. At what time they are valid is not asked. `intermediates` are certificates that came with the signature: they may
 * stand between, and prove nothing by themselves.
 *
 * @see https://www.rfc-editor.org/rfc/rfc5280#section-6
 */
export function certificatePath(
  leaf: Certificate,
  intermediates: readonly Certificate[],
  authority: Pick<CertificateAuthority, 'certificates'>,
  purpose: string,
): readonly Certificate[] | undefined {
  const anchor = authority.certificates.at(-1)
  if (anchor === undefined || !maySign(leaf, purpose)) return undefined
  const left = new Set([
    ...authority.certificates,
    ...intermediates.filter(({ subject, issuer }) => !subject.equals(issuer)),
  ])
  // the shortest first, and each certificate once: whoever sends many that could have signed each other gains nothing
  const paths: (readonly Certificate[])[] = [[leaf]]
  for (const path of paths) {
    const last = path.at(-1)!
    if (last === anchor) return path
    for (const issuer of left) {
      if (!mayIssue(issuer, path, purpose) || !isIssuer(issuer, last)) continue
      left.delete(issuer)
      paths.push([...path, issuer])
    }
  }
  return undefined
}

function isIssuer(issuer: Certificate, certificate: Certificate): boolean {
  return issuer.subject.equals(certificate.issuer) && isSignedBy(certificate, issuer)
}

/** Whether a signer may have the certificate: for signatures of this purpose, and not an authority's. */
function maySign(leaf: Certificate, purpose: string): boolean {
  const usage = leaf.x509.extKeyUsage
  return (
    leaf.x509.extBasicConstraints?.isCA !== true &&
    isUnderstood(leaf) &&
    usage?.digitalSignature !== false &&
    isFor(purpose, leaf, false)
  )
}

function mayIssue(issuer: Certificate, path: readonly Certificate[], purpose: string): boolean {
  const below = path.length - 1
  return issuer.isCA && isUnderstood(issuer) && isFor(purpose, issuer, true) && below <= (issuer.pathLength ?? below)
}

function isUnderstood({ extensions }: Certificate): boolean {
  return [...extensions].every(([oid, { critical }]) => !critical || understood.includes(oid))
}

function isFor(purpose: string, { extensions }: Certificate, isForAll: boolean): boolean {
  const usage = extensions.get(EXTENSIONS.extendedKeyUsage)
  if (usage === undefined) return isForAll
  const purposes = parseDER(usage.value).subs.map(oid => oid.toOID())
  return purposes.includes(purpose) || (isForAll && purposes.includes(ANY_PURPOSE))
}

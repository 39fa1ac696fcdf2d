import { type CertificateAuthority as ProtoAuthority, TrustedRoot } from '@sigstore/protobuf-specs'
import { toTrustMaterial, type TrustMaterial as VerifierMaterial } from '@sigstore/verify'
import { type Certificate, parseCertificate } from './certificate.ts'
import { certificatePath, PURPOSES } from './certificate-chain.ts'
import { AttestationError } from './error.ts'
import { knownMembers } from './known-members.ts'
import { decodeMessage } from './protobuf-json.ts'
import type { VerifiedCertificate } from './verify-signature.ts'

/** The old form `application/vnd.dev.sigstore.trustedroot+json;version=0.1`, or `application/vnd.dev.sigstore.trustedroot.v0.2+json`. */
const MEDIA_TYPE = /^application\/vnd\.dev\.sigstore\.trustedroot[.+]/

type Fail = (problem: string, cause?: unknown) => never

/** An authority of certificates and what it issues with: the anchor last. */
export interface CertificateAuthority {
  readonly certificates: readonly Certificate[]
  readonly validFor: { readonly start: Date; readonly end: Date }
}

export type LogAuthority = VerifierMaterial['tlogs'][number]

export interface TimestampAuthority extends CertificateAuthority {
  readonly uri: string
  /** From the certificate that it signs with to the anchor: empty where it does not lead there, none where timestamps bring it. */
  readonly signer?: readonly Certificate[]
}

/** What a trust root holds, parsed. */
export interface TrustMaterial {
  readonly certificateAuthorities: readonly CertificateAuthority[]
  readonly timestampAuthorities: readonly TimestampAuthority[]
  readonly logs: readonly LogAuthority[]
  readonly ctLogs: readonly LogAuthority[]
  /** Certificates of signers that were verified by these authorities, by what came with them. */
  readonly remembered: Map<string, VerifiedCertificate>
}

/** The authorities of a decoded trusted_root.json. */
export function readTrustMaterial(document: unknown, fail: Fail): TrustMaterial {
  const root = decodeRoot(document, fail)
  // with unknown members left out, any other document would be a root that trusts nobody
  if (!MEDIA_TYPE.test(root.mediaType)) fail(`its media type is ${JSON.stringify(root.mediaType.slice(0, 100))}`)
  for (const [kind, logs] of Object.entries({ tlogs: root.tlogs, ctlogs: root.ctlogs })) {
    for (const [n, { publicKey, logId, checkpointKeyId }] of logs.entries()) {
      // without it a stolen key of a retired log could date signatures back at will
      if (publicKey?.validFor?.start === undefined) fail(`${kind}[${n}] does not say since when its key is valid`)
      if ((checkpointKeyId ?? logId) === undefined) fail(`${kind}[${n}] has no log id`)
    }
  }
  try {
    // certificates are read here, once: @sigstore/verify would read them, and derive from them, anew
    const { tlogs, ctlogs } = toTrustMaterial({ ...root, certificateAuthorities: [], timestampAuthorities: [] })
    return {
      logs: tlogs,
      ctLogs: ctlogs,
      certificateAuthorities: root.certificateAuthorities.map(authorityOf),
      timestampAuthorities: root.timestampAuthorities.map(authority => {
        const { certificates, validFor } = authorityOf(authority)
        return { uri: authority.uri, certificates, validFor, ...signerOf(certificates) }
      }),
      remembered: new Map(),
    }
  } catch (cause) {
    return fail('malformed certificate or key', cause)
  }
}

function authorityOf({ certChain, validFor }: ProtoAuthority): CertificateAuthority {
  return {
    certificates: (certChain?.certificates ?? []).map(({ rawBytes }) => parseCertificate(rawBytes)),
    validFor: { start: validFor?.start ?? FIRST_DAY, end: validFor?.end ?? LAST_DAY },
  }
}

const FIRST_DAY = new Date(0)
const LAST_DAY = new Date(8.64e15)

function signerOf(certificates: readonly Certificate[]): Pick<TimestampAuthority, 'signer'> {
  const [signer, ...above] = certificates
  if (signer === undefined || signer.isCA) return {}
  return { signer: certificatePath(signer, [], { certificates: above }, PURPOSES.timeStamping) ?? [] }
}

function decodeRoot(document: unknown, fail: Fail): TrustedRoot {
  try {
    // it may have members that are newer than this: readers that refuse those would be held to an old trust root for ever
    return decodeMessage(knownMembers(document, TrustedRoot, fail), TrustedRoot, fail)
  } catch (cause) {
    if (cause instanceof AttestationError) throw cause
    return fail('malformed', cause)
  }
}

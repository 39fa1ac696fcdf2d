import { TrustedRoot } from '@sigstore/protobuf-specs'
import { toTrustMaterial, type TrustMaterial as VerifierMaterial } from '@sigstore/verify'
import { type Certificate, parseCertificate } from './certificate.ts'
import { AttestationError } from './error.ts'
import { decodeMessage } from './protobuf-json.ts'
import type { VerifiedCertificate } from './verify-signature.ts'

type Fail = (problem: string, cause?: unknown) => never

/** An authority of certificates and what it issues with, leaf first. */
export interface CertificateAuthority {
  readonly certificates: readonly Certificate[]
  readonly validFor: { readonly start: Date; readonly end: Date }
}

export type LogAuthority = VerifierMaterial['tlogs'][number]
export type TimestampAuthority = VerifierMaterial['timestampAuthorities'][number] & { readonly uri: string }

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
  for (const [kind, logs] of Object.entries({ tlogs: root.tlogs, ctlogs: root.ctlogs })) {
    for (const [n, { publicKey, logId, checkpointKeyId }] of logs.entries()) {
      // without it a stolen key of a retired log could date signatures back at will
      if (publicKey?.validFor?.start === undefined) fail(`${kind}[${n}] does not say since when its key is valid`)
      if ((checkpointKeyId ?? logId) === undefined) fail(`${kind}[${n}] has no log id`)
    }
  }
  try {
    const material = toTrustMaterial(root)
    return {
      remembered: new Map(),
      logs: material.tlogs,
      ctLogs: material.ctlogs,
      certificateAuthorities: root.certificateAuthorities.map(({ certChain }, n) => ({
        certificates: (certChain?.certificates ?? []).map(({ rawBytes }) => parseCertificate(rawBytes)),
        validFor: material.certificateAuthorities[n]!.validFor,
      })),
      timestampAuthorities: material.timestampAuthorities.map((authority, n) => ({
        ...authority,
        uri: root.timestampAuthorities[n]!.uri,
      })),
    }
  } catch (cause) {
    return fail('malformed certificate or key', cause)
  }
}

function decodeRoot(document: unknown, fail: Fail): TrustedRoot {
  try {
    return decodeMessage(document, TrustedRoot, fail)
  } catch (cause) {
    if (cause instanceof AttestationError) throw cause
    return fail('malformed', cause)
  }
}

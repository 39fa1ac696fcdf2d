import {
  type PublicKey,
  type TrustRoot,
  thresholdsOf,
  type VerifiedSignature,
  type VerifyOptions,
  verifyBundle,
  verifyEnvelope,
  verifySimpleSigning,
} from '@source-policy/attestation'
import { digestAlgorithm, digestHex } from '@source-policy/oci'
import type { Candidate } from './candidates.ts'

/** Who has to have signed: anybody whom one of the trust roots certifies, or the holder of a key. */
export type Authority = { readonly trustRoots: readonly TrustRoot[] } | { readonly key: PublicKey }

/** Nothing but the signature itself: whoever names a key trusts it. */
const NO_WITNESS = { tlog: 0, sct: 0, timestamp: 0 }
const COSIGN_LOG_ENTRY = 'dev.sigstore.cosign/bundle'

/** Proves who signed the place that the candidate is about. Throws an `AttestationError` for whatever does not hold. */
export async function verifyCandidate(
  candidate: Candidate,
  authority: Authority,
  now: Date,
): Promise<VerifiedSignature> {
  return 'key' in authority
    ? verify(candidate, { trustRoots: [], key: authority.key, thresholds: NO_WITNESS, now })
    : verify(candidate, { trustRoots: authority.trustRoots, thresholds: thresholdsOf, now })
}

/**
 * The same by the key of Docker Hardened Images. A log entry is not needed, but where one is annotated it has to hold.
 *
 * @see https://github.com/moby/policy-helpers
 */
export async function verifyHardened(
  candidate: Candidate,
  key: PublicKey,
  trustRoots: readonly TrustRoot[],
  now: Date,
): Promise<VerifiedSignature> {
  const isLogged = Boolean(candidate.annotations[COSIGN_LOG_ENTRY])
  return verify(candidate, {
    key,
    trustRoots: isLogged ? trustRoots : [],
    thresholds: isLogged ? { tlog: 1, sct: 0, timestamp: 1 } : NO_WITNESS,
    now,
  })
}

async function verify(
  { kind, place, bytes, annotations }: Candidate,
  options: VerifyOptions,
): Promise<VerifiedSignature> {
  const { digest } = place.subject
  const artifact = { [digestAlgorithm(digest)]: digestHex(digest) }
  switch (kind) {
    case 'bundle':
      return verifyBundle(bytes, { ...options, artifact })
    case 'simple-signing':
      return verifySimpleSigning({ ...options, annotations, payload: bytes, imageDigest: digest })
    case 'envelope':
      return verifyEnvelope({ ...options, annotations, envelope: bytes, artifact })
  }
}

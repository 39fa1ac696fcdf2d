import {
  dockerHardenedImagesKey,
  isProvenance,
  signatureInput,
  type VerifiedSignature,
} from '@source-policy/attestation'
import type { SignatureErrorInput, SignatureInput } from '@source-policy/core'
import type { Descriptor } from '@source-policy/oci'
import type { AttestedImage } from './attestation-facts.ts'
import {
  type AttestationManifest,
  type FoundImage,
  findAttestation,
  isHardened,
  readAttestation,
} from './attestation-manifest.ts'
import { type Candidate, isRefusal, oneByOne, referringCandidates, refusalOf } from './candidates.ts'
import { ImageSourceError } from './error.ts'
import { statementLayers } from './statements.ts'
import { timeOf } from './trust.ts'
import { verifyCandidate, verifyHardened } from './verify-candidate.ts'

/** What there is of signatures on the attestation manifest of an image. */
export interface FoundSignatures {
  readonly accepted: readonly AcceptedSignature[]
  /** Why the others were not. */
  readonly errors: readonly SignatureErrorInput[]
}

export interface AcceptedSignature {
  readonly verified: VerifiedSignature
  readonly input: SignatureInput
}

/**
 * The signatures that docker buildx looks at, all of them: on the attestation manifest of the image, which in its turn has to be about the
 * image. Each stands for itself; where the list or one of them cannot be had, it throws.
 */
export async function signaturesOf(image: AttestedImage): Promise<FoundSignatures> {
  const descriptor = await findAttestation(image)
  if (descriptor === undefined) return { accepted: [], errors: [] }
  const place = { name: 'attestation', subject: descriptor } as const
  const [unbound, { candidates, refused, failed }] = await Promise.all([
    whyUnbound(image, descriptor),
    referringCandidates(image, place),
  ])
  const isSigned = candidates.length + refused.length + failed.length > 0
  if (unbound !== undefined) return { accepted: [], errors: isSigned ? [unbound] : [] }
  if (failed.length > 0) throw failed[0]
  const hardened = isHardened(image.chosen)
  const roots = candidates.length === 0 ? [] : await image.trustRoots(image.context)
  const now = timeOf(image.context)
  const verify = (item: Candidate) =>
    hardened
      ? verifyHardened(item, image.hardenedImagesKey ?? dockerHardenedImagesKey(), roots, now)
      : verifyCandidate(item, { trustRoots: roots }, now)

  const accepted: AcceptedSignature[] = []
  const errors = [...refused]
  for await (const item of oneByOne(candidates, image.context)) {
    try {
      const verified = await verify(item)
      accepted.push({ verified, input: signatureInput(verified, { isDHI: hardened }) })
    } catch (error) {
      errors.push(refusalOf(item, error))
    }
  }
  return { accepted, errors }
}

/** Why a signature on the attestation manifest is none of the image; undefined where it is one. Throws where that cannot be told. */
async function whyUnbound(image: FoundImage, descriptor: Descriptor): Promise<SignatureErrorInput | undefined> {
  try {
    checkBound(image, await readAttestation(image, descriptor))
    return undefined
  } catch (error) {
    if (!isRefusal(error)) throw error
    const { digest } = descriptor
    return refusalOf({ place: { name: 'attestation', subject: descriptor }, digest }, error)
  }
}

/**
 * Throws unless the attestation manifest refers to the image and holds a provenance. What its statements are about does not do: a
 * frontend may have written one of them, about whatever image it liked.
 */
export function checkBound({ chosen }: FoundImage, manifest: AttestationManifest): void {
  const { digest } = manifest.descriptor
  if (manifest.document.subject === undefined) {
    throw new ImageSourceError('subject_mismatch', `${digest} does not refer to ${chosen.descriptor.digest}`)
  }
  if (!statementLayers(manifest).some(({ predicateType }) => isProvenance(predicateType))) {
    throw new ImageSourceError('invalid_attestation', `${digest} has no SLSA provenance layer`)
  }
}

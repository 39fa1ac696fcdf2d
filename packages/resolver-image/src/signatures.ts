import {
  dockerHardenedImagesKey,
  isProvenance,
  signatureInput,
  type VerifiedSignature,
} from '@source-policy/attestation'
import type { SignatureErrorInput, SignatureInput } from '@source-policy/core'
import type { Digest } from '@source-policy/oci'
import type { AttestedImage } from './attestation-facts.ts'
import {
  type AttestationManifest,
  type FoundImage,
  findAttestation,
  isHardened,
  readAttestation,
} from './attestation-manifest.ts'
import { ImageSourceError } from './error.ts'
import { type Evidence, isRefusal, referringEvidence, refusalOf } from './evidence.ts'
import { firstStatement, statementLayers } from './statements.ts'
import { timeOf } from './trust.ts'
import { verifyEvidence, verifyHardened } from './verify-evidence.ts'

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
  const [bound, { evidence, refused, failed }] = await Promise.all([
    isBound(image, () => readAttestation(image, descriptor), descriptor.digest),
    referringEvidence(image, place),
  ])
  if (bound !== true) return { accepted: [], errors: [bound] }
  if (failed.length > 0) throw failed[0]
  const hardened = isHardened(image.chosen)
  const roots = evidence.length === 0 ? [] : await image.trustRoots(image.context)
  const now = timeOf(image.context)
  const verify = (item: Evidence) =>
    hardened
      ? verifyHardened(item, image.hardenedImagesKey ?? dockerHardenedImagesKey(), roots, now)
      : verifyEvidence(item, { trustRoots: roots }, now)

  const accepted: AcceptedSignature[] = []
  const errors = [...refused]
  for (const item of evidence) {
    try {
      const verified = await verify(item)
      accepted.push({ verified, input: signatureInput(verified, { isDHI: hardened }) })
    } catch (error) {
      errors.push(refusalOf(item, error))
    }
  }
  return { accepted, errors }
}

/**
 * Whether a signature on the attestation manifest is one of the image: the manifest holds a provenance, and refers to the image or has
 * a provenance that is about it. Else why not; throws where that cannot be told.
 */
async function isBound(
  image: FoundImage,
  read: () => Promise<AttestationManifest>,
  digest: Digest,
): Promise<true | SignatureErrorInput> {
  try {
    await checkBound(image, await read())
    return true
  } catch (error) {
    if (!isRefusal(error)) throw error
    return refusalOf({ place: { name: 'attestation', subject: image.chosen.descriptor }, digest }, error)
  }
}

/** Throws unless the attestation manifest is about the image and holds a provenance. */
export async function checkBound(image: FoundImage, manifest: AttestationManifest): Promise<void> {
  const layers = statementLayers(manifest).filter(({ predicateType }) => isProvenance(predicateType))
  if (layers.length === 0) {
    throw new ImageSourceError('invalid_attestation', `${manifest.descriptor.digest} has no SLSA provenance layer`)
  }
  // the manifest itself does not say which image it is about, as older versions of BuildKit write it
  if (manifest.document.subject === undefined) await firstStatement(image, layers)
}

import type { VerifiedSignature } from '@source-policy/attestation'
import { signatureInput } from '@source-policy/attestation'
import type { AttestationInput, SignatureErrorInput, SignerInput } from '@source-policy/core'
import type { Digest } from '@source-policy/oci'
import type { AttestedImage } from './attestation-facts.ts'
import { findAttestations, readAttestation } from './attestation-manifest.ts'
import {
  isRefusal,
  mergeFindings,
  oneByOne,
  type Place,
  referringCandidates,
  refusalOf,
  taggedCandidates,
} from './candidates.ts'
import { ImageSourceError } from './error.ts'
import { MAX_CANDIDATE_BYTES } from './limits.ts'
import { placesOf } from './places.ts'
import { signaturesOf } from './signatures.ts'
import { readStatement, statementLayers } from './statements.ts'
import { timeOf } from './trust.ts'
import { verifyCandidate } from './verify-candidate.ts'

/** A statement about the image. */
export interface FoundAttestation {
  readonly input: AttestationInput
  readonly predicate: unknown
}

/** What cosign signs where it signs an image: that is a signature, not an attestation. */
export const COSIGN_SIGNATURE = 'https://sigstore.dev/cosign/sign/v1'

/**
 * All statements about the image: those of BuildKit, and signed ones that refer to the manifest or the index or stand under a tag of cosign.
 * What is refused is told in the warnings. Throws where one of the places, or something there, cannot be had.
 */
export async function attestationsOf(
  image: AttestedImage,
): Promise<{ readonly attestations: readonly FoundAttestation[]; readonly warnings: readonly string[] }> {
  const places = placesOf(image)
  const [built, signed] = await Promise.all([builtAttestations(image), signedAttestations(image, places)])
  const refused = [...built.refused, ...signed.refused]
  return {
    attestations: [...built.attestations, ...signed.attestations],
    warnings: refused.map(
      ({ place, digest, message }) => `an attestation of the ${place} is left out: ${digest}: ${message}`,
    ),
  }
}

interface Listed {
  readonly attestations: FoundAttestation[]
  readonly refused: SignatureErrorInput[]
}

/** Those that stand in attestation manifests; who signed the manifest signed them. */
async function builtAttestations(image: AttestedImage): Promise<Listed> {
  const listed: Listed = { attestations: [], refused: [] }
  const descriptors = await findAttestations(image, () => true)
  if (descriptors.length === 0) return listed
  const { accepted } = await signaturesOf(image)
  const signer = accepted.find(({ input }) => input.signer !== undefined)?.input.signer
  let bytes = 0
  for (const descriptor of descriptors) {
    const place: Place = { name: 'attestation', subject: descriptor }
    try {
      const layers = statementLayers(await readAttestation(image, descriptor))
      bytes += layers.reduce((sum, layer) => sum + layer.descriptor.size, 0)
      if (bytes > MAX_CANDIDATE_BYTES) {
        throw new ImageSourceError(
          'content_too_large',
          `reading attestations of ${image.chosen.descriptor.digest}: ${bytes} bytes, at most ${MAX_CANDIDATE_BYTES} are read`,
        )
      }
      const read = await Promise.allSettled(layers.map(layer => readStatement(image, layer)))
      for (const [index, result] of read.entries()) {
        const { digest } = layers[index]!.descriptor
        if (result.status === 'fulfilled') {
          listed.attestations.push(attestationOf(place, digest, result.value, signer))
        } else if (isRefusal(result.reason)) listed.refused.push(refusalOf({ place, digest }, result.reason))
        else throw result.reason
      }
    } catch (error) {
      if (!isRefusal(error)) throw error
      listed.refused.push(refusalOf({ place, digest: descriptor.digest }, error))
    }
  }
  return listed
}

async function signedAttestations(image: AttestedImage, places: readonly Place[]): Promise<Listed> {
  const found = mergeFindings(
    await Promise.all(
      places.flatMap(place => [referringCandidates(image, place), taggedCandidates(image, place, 'att')]),
    ),
  )
  if (found.failed.length > 0) throw found.failed[0]
  const listed: Listed = { attestations: [], refused: [...found.refused] }
  const statements = found.candidates.filter(({ kind }) => kind !== 'simple-signing')
  const trustRoots = statements.length === 0 ? [] : await image.trustRoots(image.context)
  for await (const item of oneByOne(statements, image.context)) {
    try {
      const verified = await verifyCandidate(item, { trustRoots }, timeOf(image.context))
      const { statement } = verified
      if (statement === undefined || statement.predicateType === COSIGN_SIGNATURE) continue
      listed.attestations.push(attestationOf(item.place, item.digest, statement, signatureInput(verified).signer))
    } catch (error) {
      // by a key, of which only a policy can say whose it is
      if ((error as { code?: unknown }).code !== 'wrong_signer_kind') listed.refused.push(refusalOf(item, error))
    }
  }
  return listed
}

function attestationOf(
  { name }: Place,
  digest: Digest,
  { predicateType, predicate }: NonNullable<VerifiedSignature['statement']>,
  signer: SignerInput | undefined,
): FoundAttestation {
  return { input: { predicateType, digest, place: name, ...(signer && { signer }) }, predicate }
}

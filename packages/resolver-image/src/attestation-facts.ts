import type { PublicKey } from '@source-policy/attestation'
import type { Basis, Path } from '@source-policy/core'
import type { ContentSource } from '@source-policy/oci'
import { type FoundImage, findAttestation, isHardened } from './attestation-manifest.ts'
import { attestationsOf } from './attestations.ts'
import { factOf, mergeFacts, type PartialFacts } from './facts.ts'
import { pathOf, predicatePath, verifiedPath } from './image-source.ts'
import { provenanceOf, sbomOf } from './provenance.ts'
import { type FoundSignatures, signaturesOf } from './signatures.ts'
import type { TrustRoots } from './trust.ts'

/** What facts about attestations are worked out from. */
export interface AttestedImage extends FoundImage {
  /** That of the image itself. */
  readonly basis: Basis
  readonly trustRoots: TrustRoots
  /** Where repositories are that a policy names, which an image of a layout is not in. */
  readonly registry: ContentSource
  readonly hardenedImagesKey: PublicKey | undefined
}

/** What a digest does not lead to, only a server says: the referrers of a hardened image. */
const basisOf = ({ chosen, basis }: AttestedImage): Basis => (isHardened(chosen) ? 'server' : basis)

async function attestedFacts(image: AttestedImage): Promise<PartialFacts> {
  const basis = basisOf(image)
  const found = await findAttestation(image)
  if (found !== undefined) return factOf(pathOf('hasProvenance'), true, basis)
  // what would hang from the attestation manifest is not there either
  const fields = ['hasProvenance', 'provenance', 'signatures', 'signatureErrors'] as const
  return { absent: fields.map(field => ({ path: pathOf(field), basis })) }
}

async function provenanceFacts(image: AttestedImage): Promise<PartialFacts> {
  const basis = basisOf(image)
  const [attested, found] = await Promise.all([attestedFacts(image), provenanceOf(image)])
  if (found === undefined) return mergeFacts([attested, factOf(pathOf('provenance'), undefined, basis)])
  const { value, children, warnings } = found
  return mergeFacts([
    attested,
    factOf(pathOf('provenance'), value, basis),
    // a field of its own: it takes more requests
    { children, warnings, holes: [verifiedPath] },
  ])
}

async function sbomFacts(image: AttestedImage): Promise<PartialFacts> {
  return factOf(pathOf('sbom'), await sbomOf(image), basisOf(image))
}

async function signatureFacts(image: AttestedImage): Promise<PartialFacts> {
  const [attested, found] = await Promise.all([attestedFacts(image), signaturesOf(image)])
  const { accepted, errors } = found
  const listed = <T>(list: readonly T[]) => (list.length > 0 ? list : undefined)
  return mergeFacts([
    attested,
    factOf(pathOf('signatures'), listed(accepted.map(({ input }) => input)), signedBasis(found)),
    factOf(pathOf('signatureErrors'), listed(errors), 'server'),
  ])
}

/** Whether an accepted signature covers the provenance: it stands in the manifest that is signed. */
async function verifiedFacts(image: AttestedImage): Promise<PartialFacts> {
  const [provenance, found] = await Promise.all([provenanceFacts(image), signaturesOf(image)])
  const verified = factOf(verifiedPath, found.accepted.length > 0 ? true : undefined, signedBasis(found))
  return mergeFacts([provenance, verified])
}

async function attestationFacts(image: AttestedImage): Promise<PartialFacts> {
  const { attestations, warnings } = await attestationsOf(image)
  const items = attestations.map(({ input }) => input)
  const holes = items.map((_, index) => predicatePath(index))
  const value = items.length > 0 ? items : undefined
  return mergeFacts([factOf(pathOf('attestations'), value, 'server'), { holes, warnings }])
}

/** The predicates of attestations by their places in the list. */
async function predicateFacts(image: AttestedImage, paths: readonly Path[]): Promise<PartialFacts> {
  const { attestations } = await attestationsOf(image)
  return mergeFacts(
    paths.map(path => {
      const found = attestations[Number(path[2])]
      if (found === undefined) return {}
      return factOf(path, found.predicate, found.input.signer === undefined ? basisOf(image) : 'signature')
    }),
  )
}

/** What answers for each topic; the paths are those that were asked for. */
export const attestationTopics = {
  attested: attestedFacts,
  provenance: provenanceFacts,
  sbom: sbomFacts,
  signatures: signatureFacts,
  verified: verifiedFacts,
  attestations: attestationFacts,
  predicates: predicateFacts,
} satisfies Readonly<Record<string, (image: AttestedImage, paths: readonly Path[]) => Promise<PartialFacts>>>

export type AttestationTopics = typeof attestationTopics

/** That there is no signature, a server says; one that was accepted proves itself. */
function signedBasis({ accepted }: FoundSignatures): Basis {
  return accepted.length > 0 ? 'signature' : 'server'
}

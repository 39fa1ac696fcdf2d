import type { Basis, Path } from '@source-policy/core'
import { type FoundImage, findAttestation, isHardened } from './attestation-manifest.ts'
import { factOf, mergeFacts, type PartialFacts } from './facts.ts'
import { pathOf } from './image-source.ts'
import { provenanceOf, sbomOf } from './provenance.ts'

/** Whether the provenance is signed: a field of its own beneath it, since that takes more requests. */
export const VERIFIED: Path = [...pathOf('provenance'), 'verified']

/** What a digest does not lead to, only a server says: the referrers of a hardened image. */
const basisOf = ({ chosen }: FoundImage, basis: Basis): Basis => (isHardened(chosen) ? 'server' : basis)

export async function attestedFacts(image: FoundImage, rootBasis: Basis): Promise<PartialFacts> {
  const basis = basisOf(image, rootBasis)
  const found = await findAttestation(image)
  if (found !== undefined) return factOf(pathOf('hasProvenance'), true, basis)
  // what would hang from the attestation manifest is not there either
  const fields = ['hasProvenance', 'provenance', 'signatures', 'signatureErrors'] as const
  return { absent: fields.map(field => ({ path: pathOf(field), basis })) }
}

export async function provenanceFacts(image: FoundImage, rootBasis: Basis): Promise<PartialFacts> {
  const basis = basisOf(image, rootBasis)
  const [attested, found] = await Promise.all([attestedFacts(image, basis), provenanceOf(image)])
  if (found === undefined) return mergeFacts([attested, factOf(pathOf('provenance'), undefined, basis)])
  const { value, children, warnings } = found
  return mergeFacts([attested, factOf(pathOf('provenance'), value, basis), { children, warnings, holes: [VERIFIED] }])
}

export async function sbomFacts(image: FoundImage, basis: Basis): Promise<PartialFacts> {
  return factOf(pathOf('sbom'), await sbomOf(image), basisOf(image, basis))
}

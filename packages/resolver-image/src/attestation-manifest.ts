import { isProvenance } from '@source-policy/attestation'
import {
  artifactTypeOf,
  attestationOf,
  type ChosenManifest,
  type ContentSource,
  checkSubject,
  type Descriptor,
  documentKind,
  type FetchedDocument,
  type ImageManifest,
  MEDIA_TYPES,
  type Reference,
  type RegistryContext,
  tellsItsType,
} from '@source-policy/oci'
import { ImageSourceError } from './error.ts'
import { MAX_OPENED_REFERRERS } from './limits.ts'

/** An image of one platform where it was found, and what asking further needs. */
export interface FoundImage {
  readonly images: ContentSource
  readonly repository: Reference
  /** What the reference points to. */
  readonly root: FetchedDocument
  readonly chosen: ChosenManifest
  readonly context: RegistryContext
}

/** A manifest that holds statements about an image, one a layer. */
export interface AttestationManifest {
  readonly descriptor: Descriptor
  readonly document: ImageManifest
}

/** The annotation by which layers, and referrers, say what their statement is about. By itself it proves nothing. */
export const PREDICATE_TYPE = 'in-toto.io/predicate-type'

/**
 * Whether the index is that of a Docker Hardened Image: its attestations are referrers of the image, signed by Docker's key.
 *
 * @see https://docs.docker.com/dhi/core-concepts/attestations/
 */
export function isHardened({ index }: ChosenManifest): boolean {
  if (index === undefined) return false
  const { annotations, manifests } = index.document
  if (annotations?.['org.opencontainers.image.title']?.startsWith('dhi/') !== true) return false
  return manifests.every(entry => Boolean(entry.annotations?.['com.docker.dhi.build.id']))
}

/** The first manifest that holds wanted statements of the image; undefined where there is none, which is an answer. */
export async function findAttestation(
  image: FoundImage,
  isWanted: (predicateType: string) => boolean = isProvenance,
): Promise<Descriptor | undefined> {
  const [first] = await findAttestations(image, isWanted)
  return first
}

/** All such manifests: one, but for hardened images. */
export async function findAttestations(
  image: FoundImage,
  isWanted: (predicateType: string) => boolean,
): Promise<readonly Descriptor[]> {
  const { chosen } = image
  // as in buildx, only an OCI index lists attestations
  if (chosen.index?.document.mediaType !== MEDIA_TYPES.ociIndex) return []
  if (isHardened(chosen)) return findReferrers(image, isWanted)
  const found = attestationOf(chosen)
  return found === undefined ? [] : [found]
}

/**
 * The manifest behind a descriptor, which has to be about this image where it says what it is about: else whoever writes the
 * index could put the statements of another image there. Throws `subject_mismatch`, and what fetching throws.
 */
export async function readAttestation(image: FoundImage, descriptor: Descriptor): Promise<AttestationManifest> {
  const { images, repository, chosen, context } = image
  const fetched = await images.document(repository, descriptor, context)
  const { document } = fetched
  if (document.kind !== 'manifest') {
    throw new ImageSourceError(
      'invalid_attestation',
      `reading attestations: ${descriptor.digest} is an index, not a manifest`,
    )
  }
  if (document.subject !== undefined) checkSubject(fetched, chosen.descriptor)
  return { descriptor, document }
}

/** The referrers that hold a statement of a wanted type, in the order of the registry's list; by their manifests where it tells of none. */
async function findReferrers(
  { images, repository, chosen, context }: FoundImage,
  isWanted: (predicateType: string) => boolean,
): Promise<readonly Descriptor[]> {
  const artifactType = MEDIA_TYPES.inToto
  const listed = await images.referrers(repository, chosen.descriptor.digest, { artifactType }, context)
  const manifests = listed.filter(({ mediaType }) => documentKind(mediaType) === 'manifest')
  const holds = ({ annotations }: Pick<Descriptor, 'annotations'>) => isWanted(annotations?.[PREDICATE_TYPE] ?? '')
  const told = manifests.filter(entry => entry.artifactType === artifactType && holds(entry))
  if (told.length > 0) return told
  const silent = manifests.filter(entry => !tellsItsType(entry.artifactType))
  if (silent.length > MAX_OPENED_REFERRERS) {
    throw new ImageSourceError(
      'too_many_referrers',
      `looking for attestations of ${chosen.descriptor.digest}: more than ${MAX_OPENED_REFERRERS} referrers do not tell their type`,
    )
  }
  const opened = await Promise.all(
    silent.map(async entry => ({ entry, ...(await images.document(repository, entry, context)) })),
  )
  return opened.flatMap(({ entry, document }) => {
    return document.kind === 'manifest' && artifactTypeOf(document) === artifactType && holds(document) ? [entry] : []
  })
}

import type { Description, ImageInput, Path, Platform, Source } from '@source-policy/core'
import {
  type Digest,
  familiarName,
  formatPlatform,
  formatReference,
  normalizePlatform,
  parseDigest,
  parseReference,
  type Reference,
  repositoryName,
  withDigest,
} from '@source-policy/oci'
import { ImageSourceError } from './error.ts'

const SCHEME = 'docker-image'
/** Images of a layout that the client of the build has, by the name of a store and a digest. */
export const LAYOUT_SCHEME = 'oci-layout'

/** BuildKit's attribute for the name of the layout. */
export const STORE_ATTRIBUTE = 'oci.store'

/** BuildKit's attribute for the digest that a reference has to resolve to. */
export const CHECKSUM_ATTRIBUTE = 'image.checksum'

/** Fields of `input.image` that are fetched, in the order in which buildx lists them; `createdTime` and the last three are ours. */
export const FIELDS = [
  'checksum',
  'labels',
  'user',
  'volumes',
  'workingDir',
  'env',
  'createdTime',
  'hasProvenance',
  'provenance',
  'signatures',
  'signatureErrors',
  'sbom',
  'attestations',
] as const

export type Field = (typeof FIELDS)[number]

const paths = Object.fromEntries(FIELDS.map((field): [Field, Path] => [field, ['image', field]])) as Record<Field, Path>

export const pathOf = (field: Field): Path => paths[field]

const fetchedPaths = FIELDS.map(pathOf)
const fetchedPathsOfDigest = FIELDS.filter(field => field !== 'checksum').map(pathOf)
/** Whether the provenance is signed, a field beneath it. */
export const verifiedPath: Path = [...pathOf('provenance'), 'verified']

/** The predicate of an attestation, a field beneath the list of them. */
export const predicatePath = (index: number): Path => [...pathOf('attestations'), index, 'predicate']

/** The reference and platform of a source, checked, and the digest that it has to have, if it names one. */
export interface ImageSource {
  readonly scheme: string
  readonly reference: Reference
  readonly platform: Platform
  /** From the reference, or from the attribute `image.checksum`. */
  readonly digest?: Digest
}

/** The source that an identifier names, its reference in full. Throws `invalid_reference`. */
export function parseImageSource(
  identifier: string,
  { attrs, platform }: { readonly attrs: Readonly<Record<string, string>>; readonly platform?: Platform },
): Source {
  const named = readReference(identifier)
  const source: Source = { kind: 'image', identifier: identifierOf(named), attrs, ...(platform && { platform }) }
  references.set(source, named)
  return source
}

/** What was parsed already. */
const references = new WeakMap<Source, NamedReference>()

/** What the source asks for. Throws `invalid_reference`, `platform_required`, `invalid_checksum`, `checksum_mismatch`. */
export function readImageSource(source: Source): ImageSource {
  const { identifier, attrs, platform } = source
  const { scheme, reference } = references.get(source) ?? readReference(identifier)
  if (platform === undefined) {
    throw new ImageSourceError('platform_required', `platform required for image source ${formatReference(reference)}`)
  }
  const named = attrs[CHECKSUM_ATTRIBUTE]
  const checksum = named === undefined ? undefined : readChecksum(named)
  if (checksum !== undefined && reference.digest !== undefined && checksum !== reference.digest) {
    throw new ImageSourceError(
      'checksum_mismatch',
      `${formatReference(reference)}: ${CHECKSUM_ATTRIBUTE} says ${checksum}, the reference says otherwise`,
    )
  }
  const digest = reference.digest ?? checksum
  return { scheme, reference, platform: normalizePlatform(platform), ...(digest && { digest }) }
}

/** What is known of the image from its reference and platform alone. */
export function describeImageSource(source: Source): Description {
  const { scheme, reference, platform } = readImageSource(source)
  const image: { -readonly [Name in keyof ImageInput]: ImageInput[Name] } = {
    ref: scheme === SCHEME ? formatReference(reference) : identifierOf({ scheme, reference }),
  }
  // whoever names a layout chooses the name: it must not pass for an image of the registry
  if (scheme === SCHEME) {
    image.host = reference.domain
    image.repo = familiarName(reference)
    image.fullRepo = repositoryName(reference)
  }
  if (reference.tag !== undefined) image.tag = reference.tag
  if (reference.digest !== undefined) {
    image.isCanonical = true
    image.checksum = reference.digest
  }
  image.platform = formatPlatform(platform)
  image.os = platform.os
  image.arch = platform.architecture
  if (platform.variant !== undefined) image.variant = platform.variant
  return { input: { image }, unknown: reference.digest === undefined ? fetchedPaths : fetchedPathsOfDigest }
}

/** The source with the digest in its reference, in place of another one, and as the attribute `image.checksum`. */
export function pinImageSource(source: Source, digest: string): Source {
  const checksum = readChecksum(digest)
  const { scheme, reference } = readReference(source.identifier)
  return {
    ...source,
    identifier: identifierOf({ scheme, reference: withDigest(reference, checksum) }),
    attrs: { ...source.attrs, [CHECKSUM_ATTRIBUTE]: checksum },
  }
}

interface NamedReference {
  readonly scheme: string
  readonly reference: Reference
}

function readReference(identifier: string): NamedReference {
  const scheme = identifier.startsWith(`${LAYOUT_SCHEME}://`) ? LAYOUT_SCHEME : SCHEME
  try {
    const prefix = `${scheme}://`
    const reference = parseReference(identifier.startsWith(prefix) ? identifier.slice(prefix.length) : identifier)
    if (scheme === LAYOUT_SCHEME && reference.digest === undefined)
      throw new Error('an image of a layout needs a digest')
    return { scheme, reference }
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause)
    throw new ImageSourceError('invalid_reference', `failed to parse image source reference: ${problem}`, { cause })
  }
}

function readChecksum(text: string): Digest {
  try {
    return parseDigest(text)
  } catch (cause) {
    throw new ImageSourceError('invalid_checksum', `invalid digest ${JSON.stringify(text.slice(0, 200))}`, { cause })
  }
}

function identifierOf({ scheme, reference }: NamedReference): string {
  return `${scheme}://${formatReference(reference)}`
}

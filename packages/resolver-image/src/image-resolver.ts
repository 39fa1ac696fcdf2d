import {
  type AbsentFact,
  type CodedError,
  type Facts,
  formatPath,
  type KnownFact,
  type Path,
  pathKey,
  type ResolveContext,
  type Resolver,
  type Source,
  toCodedError,
  type UnavailableFact,
} from '@source-policy/core'
import {
  attestationOf,
  type ChosenManifest,
  type ContentSource,
  chooseManifest,
  formatReference,
  MEDIA_TYPES,
  readImageConfig,
} from '@source-policy/oci'
import { configFacts, isConfigField } from './config-facts.ts'
import { ImageSourceError } from './error.ts'
import {
  describeImageSource,
  FIELDS,
  type Field,
  type ImageSource,
  LAYOUT_SCHEME,
  parseImageSource,
  pathOf,
  pinImageSource,
  readImageSource,
  STORE_ATTRIBUTE,
} from './image-source.ts'

export interface ImageResolverOptions {
  /** Where images come from: `createRegistryClient` of @source-policy/oci. */
  readonly registry: ContentSource
  /**
   * The OCI layout of a store name (attribute `oci.store`), undefined where there is none: `openImageLayout` of
   * @source-policy/oci. Without it, `oci-layout://` is no scheme of this resolver.
   */
  readonly layout?: (store: string) => ContentSource | undefined
}

/**
 * Facts about `docker-image://` (and `oci-layout://`) sources. Their basis is `digest` where the source names one (in its reference or as
 * `image.checksum`), else `server`: everything hangs from what the registry says the tag is.
 */
export function imageResolver({ registry, layout }: ImageResolverOptions): Resolver {
  return {
    kind: 'image',
    schemes: ['docker-image', ...(layout === undefined ? [] : [LAYOUT_SCHEME])],
    parse: parseImageSource,
    describe: describeImageSource,
    pin: pinImageSource,
    resolve: (source, paths, context) => resolveImage({ registry, ...(layout && { layout }) }, source, paths, context),
  }
}

const fields = new Map<string, Field>(FIELDS.map(field => [pathKey(pathOf(field)), field]))

async function resolveImage(
  options: ImageResolverOptions,
  source: Source,
  paths: readonly Path[],
  context: ResolveContext,
): Promise<Facts> {
  const known: KnownFact[] = []
  const absent: AbsentFact[] = []
  const unavailable: UnavailableFact[] = []
  const image = readImageSource(source)
  const basis = image.digest === undefined ? 'server' : 'digest'
  const asked = new Set<Field>()
  for (const path of paths) {
    const field = fields.get(pathKey(path))
    if (field === undefined) unavailable.push({ path, error: unknownField(path) })
    else asked.add(field)
  }

  /** Runs one step; where it fails, what of `needed` was asked for is unavailable. */
  const attempt = async <T>(needed: (field: Field) => boolean, step: () => Promise<T>): Promise<T | undefined> => {
    const wanted = [...asked].filter(needed)
    if (wanted.length === 0) return undefined
    try {
      return await step()
    } catch (thrown) {
      context.signal.throwIfAborted()
      context.run.signal.throwIfAborted()
      const error = toCodedError(thrown)
      for (const field of wanted) {
        asked.delete(field)
        unavailable.push({ path: pathOf(field), error })
      }
      return undefined
    }
  }

  const registry = await attempt(isFetched, async () => contentOf(options, source, image))
  const root = registry && (await attempt(isFetched, () => readRoot(registry, image, context)))
  if (registry !== undefined && root !== undefined) {
    const { reference, platform } = image
    known.push({ path: pathOf('checksum'), value: root.digest, basis })
    const needsManifest = (field: Field) => field !== 'checksum' && isFetched(field)
    const chosen = await attempt(needsManifest, () => chooseManifest(registry, { reference, root, platform }, context))
    if (chosen !== undefined) {
      const attested = await attempt(isAttestationField, async () => hasAttestation(chosen))
      if (attested === true) known.push({ path: pathOf('hasProvenance'), value: true, basis })
      if (attested === false) {
        absent.push({ path: pathOf('hasProvenance'), basis }, { path: pathOf('provenance'), basis })
        asked.delete('provenance')
      }
      const config = await attempt(isConfigField, () =>
        readImageConfig(registry, { reference, descriptor: chosen.descriptor }, context),
      )
      if (config !== undefined) {
        const facts = configFacts(config, basis)
        known.push(...facts.known)
        absent.push(...facts.absent)
      }
    }
  }
  for (const field of ['provenance', 'signatures'] as const) {
    if (asked.has(field)) unavailable.push({ path: pathOf(field), error: notSupported(field) })
  }
  return { known, absent, unavailable, children: [] }
}

function contentOf(
  { registry, layout }: ImageResolverOptions,
  { attrs }: Source,
  { scheme }: ImageSource,
): ContentSource {
  if (scheme !== LAYOUT_SCHEME) return registry
  const store = attrs[STORE_ATTRIBUTE] ?? ''
  const found = layout?.(store)
  if (found !== undefined) return found
  throw new ImageSourceError('unknown_layout', `there is no OCI layout called ${JSON.stringify(store.slice(0, 200))}`)
}

/** What the reference points to; it has to be what the source says. */
async function readRoot(registry: ContentSource, { reference, digest }: ImageSource, context: ResolveContext) {
  const root = await registry.root(reference, context)
  if (digest !== undefined && root.digest !== digest) {
    throw new ImageSourceError(
      'checksum_mismatch',
      `resolving ${formatReference(reference)}: expected ${digest}, got ${root.digest}`,
    )
  }
  return root
}

const isFetched = (field: Field): boolean => field !== 'signatures'
const isAttestationField = (field: Field): boolean => field === 'hasProvenance' || field === 'provenance'

/** As in buildx, only an OCI index lists attestations; anything else has none, which is an answer. */
function hasAttestation(chosen: ChosenManifest): boolean {
  const index = chosen.index?.document
  if (index?.mediaType !== MEDIA_TYPES.ociIndex) return false
  const isHardened = index.annotations?.['org.opencontainers.image.title']?.startsWith('dhi/')
  const named = index.manifests.every(({ annotations }) => Boolean(annotations?.['com.docker.dhi.build.id']))
  if (isHardened && named) {
    throw new ImageSourceError(
      'not_supported',
      `${chosen.descriptor.digest}: attestations of Docker Hardened Images, which are referrers, are not read yet`,
    )
  }
  return attestationOf(chosen) !== undefined
}

function notSupported(field: Field): CodedError {
  return { code: 'not_supported', message: `${formatPath(pathOf(field))}: this version does not read it` }
}

function unknownField(path: Path): CodedError {
  return { code: 'unknown_field', message: `${formatPath(path)}: images have no such field to fetch` }
}

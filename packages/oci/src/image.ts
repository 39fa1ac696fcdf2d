import { formatPlatform, type Platform } from '@source-policy/core'
import type { RegistryContext } from './authorizer.ts'
import type { Descriptor } from './descriptor.ts'
import type { ImageIndex } from './document.ts'
import { OciError } from './error.ts'
import { decodeImageConfig, type ImageConfig } from './image-config.ts'
import { MAX_CONFIG_BYTES, MAX_INDEX_DEPTH, MAX_PLATFORM_PROBES } from './limits.ts'
import { documentKind } from './media-type.ts'
import { platformMatcher } from './platform-match.ts'
import { formatReference, type Reference } from './reference.ts'
import type { ContentSource, FetchedDocument } from './registry-client.ts'

/** The manifest of one platform, found from what a reference points to. */
export interface ChosenManifest {
  readonly descriptor: Descriptor
  /** The index that lists it; undefined where the reference points to the manifest itself. */
  readonly index?: FetchedDocument & { readonly document: ImageIndex }
}

/**
 * The manifest of the platform. An entry that names its platform needs no request; nested indexes and entries without
 * a platform are opened. Throws `platform_not_found`, `platform_ambiguous`, `index_too_deep`, or what the source throws.
 */
export async function chooseManifest(
  source: ContentSource,
  { reference, root, platform }: { reference: Reference; root: FetchedDocument; platform: Platform },
  context: RegistryContext,
): Promise<ChosenManifest> {
  const { digest, bytes, document } = root
  if (document.kind === 'manifest') {
    return { descriptor: { mediaType: document.mediaType, digest, size: bytes.byteLength } }
  }
  const what = `choosing ${formatPlatform(platform)} of ${formatReference(reference)}`
  const match = platformMatcher(platform)
  let probes = 0
  const found = await search({ digest, bytes, document }, 1)
  if (found === undefined) throw new OciError('platform_not_found', `${what}: there is no such platform`)
  return found

  async function search(
    index: FetchedDocument & { document: ImageIndex },
    depth: number,
  ): Promise<ChosenManifest | undefined> {
    if (depth > MAX_INDEX_DEPTH) {
      throw new OciError('index_too_deep', `${what}: indexes are nested deeper than ${MAX_INDEX_DEPTH}`)
    }
    const entries = index.document.manifests.filter(isCandidate)
    const named = best(entries)
    if (named !== undefined) return open(named, index, depth)
    const unnamed: ChosenManifest[] = []
    for (const entry of entries.filter(({ platform: own }) => own === undefined)) {
      if (++probes > MAX_PLATFORM_PROBES) {
        throw new OciError('platform_not_found', `${what}: more than ${MAX_PLATFORM_PROBES} entries without a platform`)
      }
      const candidate = await open(entry, index, depth)
      const isNested = candidate?.descriptor.digest !== entry.digest
      if (candidate !== undefined && (isNested || (await runs(candidate.descriptor)))) unnamed.push(candidate)
    }
    if (new Set(unnamed.map(({ descriptor }) => descriptor.digest)).size > 1) ambiguous()
    return unnamed[0]
  }

  async function open(
    entry: Descriptor,
    index: FetchedDocument & { document: ImageIndex },
    depth: number,
  ): Promise<ChosenManifest | undefined> {
    if (documentKind(entry.mediaType) === 'manifest') return { descriptor: entry, index }
    const nested = await source.document(reference, entry, context)
    return nested.document.kind === 'index' ? search({ ...nested, document: nested.document }, depth + 1) : undefined
  }

  async function runs(descriptor: Descriptor): Promise<boolean> {
    const config = await readImageConfig(source, { reference, descriptor }, context)
    return match(config.platform) !== undefined
  }

  /** Of those that name their platform. */
  function best(entries: readonly Descriptor[]): Descriptor | undefined {
    let best: Descriptor | undefined
    let lowest = Number.POSITIVE_INFINITY
    let isAmbiguous = false
    for (const entry of entries) {
      const value = entry.platform && rank(match, entry.platform)
      if (value === undefined || value > lowest) continue
      isAmbiguous = value === lowest && (isAmbiguous || entry.digest !== best?.digest)
      if (value < lowest) best = entry
      lowest = value
    }
    // builders take the first, or another: nobody can say which image was meant
    if (isAmbiguous) ambiguous()
    return best
  }

  function ambiguous(): never {
    throw new OciError('platform_ambiguous', `${what}: two entries fit equally well`)
  }
}

/** The config of an image by the descriptor of its manifest. */
export async function readImageConfig(
  source: ContentSource,
  { reference, descriptor }: { reference: Reference; descriptor: Descriptor },
  context: RegistryContext,
): Promise<ImageConfig> {
  const { document } = await source.document(reference, descriptor, context)
  const what = `config of ${formatReference(reference)}`
  if (document.kind !== 'manifest') {
    throw new OciError('content_invalid', `reading ${what}: ${descriptor.digest} is an index, not a manifest`)
  }
  const bytes = await source.blob(reference, document.config, { maxBytes: MAX_CONFIG_BYTES }, context)
  // many sources of a build have one base
  return context.run.once(`image:config:${document.config.digest}`, async () => decodeImageConfig(bytes, { what }))
}

/**
 * The attestation manifest that BuildKit put beside an image: the first entry of the index that refers to it.
 *
 * @see https://github.com/moby/buildkit/blob/v0.26.0/docs/attestations/attestation-storage.md
 */
export function attestationOf({ descriptor, index }: ChosenManifest): Descriptor | undefined {
  return index?.document.manifests.find(
    ({ annotations }) =>
      annotations?.['vnd.docker.reference.type'] === 'attestation-manifest' &&
      annotations['vnd.docker.reference.digest'] === descriptor.digest,
  )
}

/**
 * Manifests and indexes. Annotations do not tell those that hold an image: builders look at the platform alone, and would use what
 * we had left out.
 */
function isCandidate({ mediaType }: Descriptor): boolean {
  const kind = documentKind(mediaType)
  return kind === 'manifest' || kind === 'index'
}

/** Better platforms first; among equal ones those that use more of the features of the wanted one. */
function rank(match: (offered: Platform) => number | undefined, offered: Platform): number | undefined {
  const value = match(offered)
  return value === undefined ? undefined : value - (offered.osFeatures?.length ?? 0) / 1000
}

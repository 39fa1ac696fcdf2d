import type { PublicKey } from '@source-policy/attestation'
import {
  type CodedError,
  type Facts,
  formatPath,
  type Path,
  type Platform,
  pathKey,
  type ResolveContext,
  type Resolver,
  type Source,
  toCodedError,
} from '@source-policy/core'
import { type ContentSource, chooseManifest, formatReference, readImageConfig } from '@source-policy/oci'
import type { AttestationTopics, AttestedImage } from './attestation-facts.ts'
import { configFacts } from './config-facts.ts'
import { ImageSourceError } from './error.ts'
import { coveredBySignature, factOf, mergeFacts, type PartialFacts } from './facts.ts'
import {
  describeImageSource,
  FIELDS,
  type Field,
  type ImageSource,
  LAYOUT_SCHEME,
  parseImageSource,
  pathOf,
  pinImageSource,
  predicatePath,
  readImageSource,
  STORE_ATTRIBUTE,
  verifiedPath,
} from './image-source.ts'
import { publicGoodOnly, type TrustRoots } from './trust.ts'

export interface ImageResolverOptions {
  /** Where images come from: `createRegistryClient` of @source-policy/oci. */
  readonly registry: ContentSource
  /**
   * The OCI layout of a store name (attribute `oci.store`), undefined where there is none: `openImageLayout` of
   * @source-policy/oci. Without it, `oci-layout://` is no scheme of this resolver.
   */
  readonly layout?: (store: string) => ContentSource | undefined
  /** Whom signatures are verified by, where a policy does not say. Default: the public Sigstore instance, as it was when this was published. */
  readonly trustRoots?: TrustRoots
  /** Who signs Docker Hardened Images. Default: Docker, by the key that is embedded in @source-policy/attestation. */
  readonly hardenedImagesKey?: PublicKey
}

/**
 * Facts about `docker-image://` (and `oci-layout://`) sources. Their basis is `digest` where the source names one (in its reference or as
 * `image.checksum`), else `server`: everything hangs from what the registry says the tag is.
 */
export function imageResolver(options: ImageResolverOptions): Resolver {
  return {
    kind: 'image',
    schemes: ['docker-image', ...(options.layout === undefined ? [] : [LAYOUT_SCHEME])],
    parse: parseImageSource,
    describe: describeImageSource,
    pin: pinImageSource,
    resolve: (source, paths, context) => resolveImage(options, source, paths, context),
    functions: {
      async verify_image(args, context) {
        // loaded when the first policy calls it
        const { readVerifyCall, verifyImage } = await import('./verify-image.ts')
        const wanted = readVerifyCall(args, context)
        const image = await chooseImage(options, await openImage(options, context.source, context))
        return verifyImage(image, wanted, context)
      },
    },
  }
}

/** What answers for a field; those of one topic are answered together, topics side by side. */
type Topic = 'checksum' | 'config' | keyof AttestationTopics

const topics: Readonly<Partial<Record<Field, Topic>>> = {
  checksum: 'checksum',
  hasProvenance: 'attested',
  provenance: 'provenance',
  signatures: 'signatures',
  signatureErrors: 'signatures',
  sbom: 'sbom',
  attestations: 'attestations',
}
const topicByPath = new Map<string, Topic>([
  ...FIELDS.map((field): [string, Topic] => [pathKey(pathOf(field)), topics[field] ?? 'config']),
  [pathKey(verifiedPath), 'verified'],
])

async function resolveImage(
  options: ImageResolverOptions,
  source: Source,
  paths: readonly Path[],
  context: ResolveContext,
): Promise<Facts> {
  const asked = new Map<Topic, Path[]>()
  const strange: Path[] = []
  for (const path of paths) {
    const topic = topicOf(path)
    if (topic === undefined) strange.push(path)
    else asked.set(topic, [...(asked.get(topic) ?? []), path])
  }

  const answers = asked.size === 0 ? [] : await answersOf(options, source, asked, context)
  for (const path of strange) answers.push({ unavailable: [{ path, error: unknownField(path) }] })
  return coveredBySignature(mergeFacts(answers))
}

/** Step by step; where one fails, what is still to be answered is unavailable. */
async function answersOf(
  options: ImageResolverOptions,
  source: Source,
  asked: Map<Topic, Path[]>,
  context: ResolveContext,
): Promise<PartialFacts[]> {
  const answers: PartialFacts[] = []
  try {
    const opened = await openImage(options, source, context)
    answers.push(factOf(pathOf('checksum'), opened.root.digest, opened.basis))
    asked.delete('checksum')
    if (asked.size === 0) return answers
    const image = await chooseImage(options, opened)
    const answering: Promise<PartialFacts>[] = []
    for (const [topic, paths] of asked) answering.push(answerOf(topic, image, paths, context))
    for (const answer of await Promise.all(answering)) answers.push(answer)
  } catch (thrown) {
    answers.push(failed(thrown, [...asked.values()].flat(), context))
  }
  return answers
}

async function answerOf(
  topic: Topic,
  image: AttestedImage,
  paths: readonly Path[],
  context: ResolveContext,
): Promise<PartialFacts> {
  try {
    return await factsOf(topic, image, paths)
  } catch (thrown) {
    return failed(thrown, paths, context)
  }
}

function failed(thrown: unknown, paths: readonly Path[], { signal, run }: ResolveContext): PartialFacts {
  signal.throwIfAborted()
  run.signal.throwIfAborted()
  const error = toCodedError(thrown)
  return { unavailable: paths.map(path => ({ path, error })) }
}

interface OpenedImage extends Omit<AttestedImage, 'chosen' | 'trustRoots' | 'registry' | 'hardenedImagesKey'> {
  readonly platform: Platform
}

/** What the source points to. */
async function openImage(options: ImageResolverOptions, source: Source, context: ResolveContext): Promise<OpenedImage> {
  const image = readImageSource(source)
  const { reference: repository, platform, digest } = image
  const images = contentOf(options, source, image)
  const root = await readRoot(images, image, context)
  return { images, repository, root, context, platform, basis: digest === undefined ? 'server' : 'digest' }
}

/** The image of the platform in it. */
async function chooseImage(
  { registry, trustRoots = publicGoodOnly, hardenedImagesKey }: ImageResolverOptions,
  { images, repository, root, context, platform, basis }: OpenedImage,
): Promise<AttestedImage> {
  const chosen = await chooseManifest(images, { reference: repository, root, platform }, context)
  return { images, repository, root, context, basis, registry, trustRoots, chosen, hardenedImagesKey }
}

function topicOf(path: Path): Topic | undefined {
  const [, , index] = path
  const isPredicate = typeof index === 'number' && pathKey(path) === pathKey(predicatePath(index))
  return isPredicate ? 'predicates' : topicByPath.get(pathKey(path))
}

async function factsOf(topic: Topic, image: AttestedImage, paths: readonly Path[]): Promise<PartialFacts> {
  if (topic === 'checksum') return {}
  if (topic === 'config') {
    const { images, repository: reference, chosen, context, basis } = image
    return configFacts(await readImageConfig(images, { reference, descriptor: chosen.descriptor }, context), basis)
  }
  // loaded when the first policy asks: most never do
  const { attestationTopics } = await import('./attestation-facts.ts')
  return attestationTopics[topic](image, paths)
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

function unknownField(path: Path): CodedError {
  return { code: 'unknown_field', message: `${formatPath(path)}: images have no such field to fetch` }
}

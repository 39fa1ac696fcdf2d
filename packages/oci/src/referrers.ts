import type { TransportResponse } from '@source-policy/transport'
import type { RegistryContext } from './authorizer.ts'
import type { Descriptor } from './descriptor.ts'
import { type Digest, digestAlgorithm, digestHex } from './digest.ts'
import { decodeDocument, type ImageIndex, type ImageManifest } from './document.ts'
import { OciError, quote } from './error.ts'
import { MAX_DESCRIPTORS, MAX_REFERRER_PAGES } from './limits.ts'
import { MEDIA_TYPES } from './media-type.ts'
import { type Reference, repositoryName, withTag } from './reference.ts'
import type { ContentSource, FetchedDocument } from './registry-client.ts'

export interface ReferrersOptions {
  /** Of this type only, and those that do not tell theirs: whoever wants to know looks into the manifest. Default: all. */
  readonly artifactType?: string
}

/** How one server is asked for the referrers of a digest. */
export interface ReferrersEndpoint {
  /** A page of the list; the first one without `url`. Rejects with `not_found` where the server answers 404. */
  page(url: URL | undefined): Promise<TransportResponse>
  /** What a tag points to. Rejects with `not_found` where there is none. */
  tag(tag: string): Promise<FetchedDocument>
}

/**
 * The descriptors of a server's referrers list, all pages of it; where the server has no such list (404), of the index that
 * clients keep under a tag. Nothing in it is believed: that a manifest refers to the subject, the manifest itself has to say.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 */
export async function listReferrers(
  endpoint: ReferrersEndpoint,
  { repository, subject, artifactType }: { repository: Reference; subject: Digest } & ReferrersOptions,
): Promise<readonly Descriptor[]> {
  const what = `referrers of ${repositoryName(repository)}@${subject}`
  const first = await unlessMissing(endpoint.page(undefined))
  const listed = first === undefined ? await readTag() : await readPages(first)
  return listed.filter(descriptor => mayBe(descriptor, artifactType))

  async function readPages(response: TransportResponse): Promise<Descriptor[]> {
    const found: Descriptor[] = []
    const origin = new URL(response.url).origin
    for (let page = 1; ; page++) {
      const mediaTypes = [response.headers.get('content-type')]
      const document = decodeDocument(await response.bytes(), { what, mediaTypes })
      found.push(...manifestsOf(document))
      if (found.length > MAX_DESCRIPTORS) tooMany(`${MAX_DESCRIPTORS} referrers`)
      const next = nextPage(response)
      if (next === undefined) return found
      if (page >= MAX_REFERRER_PAGES) tooMany(`${MAX_REFERRER_PAGES} pages`)
      // hostile: a registry must not send us, and what we send along, to somebody else
      if (next.origin !== origin) {
        throw new OciError('registry_failed', `listing ${what}: the next page is at another host, ${quote(next.host)}`)
      }
      response = await endpoint.page(next)
    }
  }

  async function readTag(): Promise<readonly Descriptor[]> {
    const fetched = await unlessMissing(endpoint.tag(referrersTag(subject)))
    return fetched === undefined ? [] : manifestsOf(fetched.document)
  }

  function manifestsOf(document: ImageManifest | ImageIndex): readonly Descriptor[] {
    if (document.kind === 'index') return document.manifests
    throw new OciError('content_invalid', `listing ${what}: expected an index, got a manifest`)
  }

  function nextPage({ headers, url }: TransportResponse): URL | undefined {
    // hostile: parts that cannot overlap are matched in linear time
    const links = [...(headers.get('link') ?? '').matchAll(/<([^<>]*)>([^<>,]*)/g)]
    const target = links.find(([, , parameters = '']) => /;[ \t]*rel="?next"?/i.test(parameters))?.[1]
    if (target === undefined) return undefined
    try {
      return new URL(target, url)
    } catch (cause) {
      throw new OciError('registry_failed', `listing ${what}: the next page has no URL`, { cause })
    }
  }

  function tooMany(limit: string): never {
    throw new OciError('content_too_large', `listing ${what}: more than ${limit}`)
  }
}

/**
 * Where clients keep the referrers of a digest in registries that do not list them: `sha256-<hex>`.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
 */
export function referrersTag(subject: Digest): string {
  return `${digestAlgorithm(subject).slice(0, 32)}-${digestHex(subject).slice(0, 64)}`
}

/** Clients that write fallback tags may put the type of the config in place of that of the artifact. */
function mayBe({ artifactType }: Descriptor, wanted: string | undefined): boolean {
  return wanted === undefined || artifactType === wanted || !tellsItsType(artifactType)
}

/** Whether the type of an artifact says what it is; if not, its manifest does. */
export function tellsItsType(artifactType: string | undefined): artifactType is string {
  return artifactType !== undefined && artifactType !== MEDIA_TYPES.ociEmpty && artifactType !== MEDIA_TYPES.ociConfig
}

/** What a manifest says that it is: its artifact type, else the type of its config. */
export function artifactTypeOf(manifest: ImageManifest): string {
  return manifest.artifactType ?? manifest.config.mediaType
}

/** Throws `subject_mismatch` unless the document refers to exactly this: digest, size and media type. */
export function checkSubject(
  { digest, document }: FetchedDocument,
  expected: Pick<Descriptor, 'digest' | 'size' | 'mediaType'>,
): void {
  const { subject } = document
  const fail = (problem: string): never => {
    throw new OciError('subject_mismatch', `checking the subject of ${digest}: ${problem}`)
  }
  if (subject === undefined) fail(`expected ${expected.digest}, it has none`)
  for (const member of ['digest', 'size', 'mediaType'] as const) {
    if (subject?.[member] === expected[member]) continue
    fail(`expected the ${member} ${quote(String(expected[member]))}, got ${quote(String(subject?.[member]))}`)
  }
}

/**
 * What cosign keeps about a digest under a tag, `[prefix]sha256-<hex>.sig` or `.att`: undefined where there is no such tag.
 * Throws what the source throws, `content_invalid` where it is no manifest.
 */
export async function readCosignTag(
  source: ContentSource,
  {
    repository,
    digest,
    suffix,
    prefix = '',
  }: { repository: Reference; digest: Digest; suffix: 'sig' | 'att'; prefix?: string },
  context: RegistryContext,
): Promise<(FetchedDocument & { readonly document: ImageManifest }) | undefined> {
  const { domain, path } = repository
  const tag = withTag({ domain, path }, `${prefix}${digestAlgorithm(digest)}-${digestHex(digest)}.${suffix}`)
  const fetched = await unlessMissing(source.root(tag, context))
  if (fetched === undefined) return undefined
  const { document } = fetched
  if (document.kind === 'manifest') return { ...fetched, document }
  throw new OciError('content_invalid', `reading ${repositoryName(tag)}:${tag.tag}: expected a manifest, got an index`)
}

async function unlessMissing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof OciError && error.code === 'not_found') return undefined
    throw error
  }
}

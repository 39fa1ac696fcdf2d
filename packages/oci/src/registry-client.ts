import { decodeJSON, redactURL } from '@source-policy/core'
import type { Transport, TransportResponse } from '@source-policy/transport'
import { createAuthorizer, type RegistryContext } from './authorizer.ts'
import type { ContentCache } from './content-cache.ts'
import type { CredentialsFor } from './credentials.ts'
import type { Descriptor } from './descriptor.ts'
import { type Digest, digestOf, isDigest, verifyDigest } from './digest.ts'
import { checkMediaType, decodeDocument, type ImageIndex, type ImageManifest } from './document.ts'
import { downloadWhole } from './download.ts'
import { OciError, type OciErrorCode, quote } from './error.ts'
import { MAX_ERROR_BYTES, MAX_MANIFEST_BYTES } from './limits.ts'
import { MANIFEST_ACCEPT, MEDIA_TYPES } from './media-type.ts'
import { DEFAULT_TAG, formatReference, type Reference, repositoryName, withDigest } from './reference.ts'
import { listReferrers, type ReferrersOptions } from './referrers.ts'
import { type Endpoint, endpointsOf, type RegistryConfigs } from './registry-endpoint.ts'

/** A manifest or index whose bytes were hashed. */
export interface FetchedDocument {
  readonly digest: Digest
  readonly bytes: Uint8Array
  readonly document: ImageManifest | ImageIndex
}

/** Reads images; each document and blob is asked for once in a run, whoever needs it. */
export interface ContentSource {
  /** What a reference points to: by digest where it has one, otherwise by tag, bound for the run. */
  root(reference: Reference, context: RegistryContext): Promise<FetchedDocument>
  /** A manifest or index by its descriptor: media type, size and digest are checked. */
  document(repository: Reference, descriptor: Descriptor, context: RegistryContext): Promise<FetchedDocument>
  /** A blob by its descriptor, at most `maxBytes` of it. */
  blob(
    repository: Reference,
    descriptor: Descriptor,
    options: { readonly maxBytes: number },
    context: RegistryContext,
  ): Promise<Uint8Array>
  /** The manifests that say, according to whoever keeps the list, that they refer to `subject`; `checkSubject` tells. */
  referrers(
    repository: Reference,
    subject: Digest,
    options: ReferrersOptions,
    context: RegistryContext,
  ): Promise<readonly Descriptor[]>
}

/** Who sent content. */
export interface Served {
  /** The repository as references name it: `docker.io/library/alpine`. */
  readonly repository: string
  /** The same repository where it was read: with the host and prefix of the mirror. */
  readonly from: string
  readonly digest: Digest
}

export interface RegistryClientOptions {
  readonly transport: Transport
  /** Default: no credentials. */
  readonly credentialsFor?: CredentialsFor
  /** How single registries are reached. */
  readonly registries?: RegistryConfigs
  /** Keeps manifests and blobs between runs. Default: none. */
  readonly cache?: ContentCache
  /** Nothing is asked for: what is not in the cache is unavailable (`offline`). Default: false. */
  readonly offline?: boolean
  /** The cache keeps what tags point to as well, for use `offline`, however old that is. Default: false. */
  readonly rememberTags?: boolean
  /** Called for each manifest, index and blob that a server sent and whose digest was right. */
  readonly onServed?: (served: Served) => void
  /** Milliseconds since the epoch; default: `Date.now`. */
  readonly now?: () => number
}

/**
 * Reads images from registries. Throws `OciError`, core's `invalid_json` and `budget_exceeded`, transport's errors,
 * or the signal's reason.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pull
 */
export function createRegistryClient(options: RegistryClientOptions): ContentSource {
  const { transport, credentialsFor = async () => undefined, registries = {}, cache, offline, onServed } = options
  const { rememberTags = false, now = Date.now } = options
  const authorizer = createAuthorizer({ transport, credentialsFor, now })
  const endpointsByDomain = new Map<string, readonly Endpoint[]>()

  /** Whom to ask for the content of a repository. */
  const endpointsFor = ({ domain }: Reference): readonly Endpoint[] => {
    const endpoints = endpointsByDomain.get(domain) ?? endpointsOf(domain, registries)
    endpointsByDomain.set(domain, endpoints)
    return endpoints
  }

  /** The first endpoint that has it; where none has, what the registry itself said. */
  const fromEndpoints = async <T>(
    repository: Reference,
    load: (endpoint: Endpoint) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> => {
    if (offline) throw offlineError(repository, rememberTags)
    const endpoints = endpointsFor(repository)
    for (const endpoint of endpoints.slice(0, -1)) {
      try {
        return await load(endpoint)
      } catch (error) {
        // a mirror that fails is passed over, as builders do; what was aborted or is over budget is over
        if (signal.aborted || (error as { code?: unknown }).code === 'budget_exceeded') throw error
      }
    }
    return await load(endpoints.at(-1)!)
  }

  const get = async (
    endpoint: Endpoint,
    request: { path: string; item: string | URL; accept: string; maxBytes: number; range?: string | undefined },
    context: RegistryContext,
  ): Promise<TransportResponse> => {
    const { path, item, accept, maxBytes, range } = request
    const plain = typeof item === 'string' ? `${endpoint.base}/${path}/${item}` : item
    const url = endpoint.mirrorOf === undefined ? plain : withNamespace(plain, endpoint.mirrorOf)
    const authorizing = authorizer.authorize(endpoint, path, context)
    let sent = authorizing && (await authorizing)
    for (let attempt = 0; ; attempt++) {
      const response = await transport.request({
        method: 'GET',
        url,
        headers: range === undefined ? { accept } : { accept, range },
        maxBytes,
        run: context.run,
        signal: context.signal,
        authorization: sent,
      })
      if (response.status === 200 || (response.status === 206 && range !== undefined)) return response
      if (response.status !== 401 || attempt > 0) throw await errorOf(response)
      sent = await authorizer.answer(response, { endpoint, path, sent }, context)
    }
  }

  const tellServed = ({ name }: Endpoint, { domain, path }: Reference, digest: Digest) =>
    onServed?.({ repository: `${domain}/${path}`, from: `${name}/${path}`, digest })

  const fetchDocument = async (
    endpoint: Endpoint,
    reference: Reference,
    context: RegistryContext,
  ): Promise<FetchedDocument> => {
    const what = `manifest of ${formatReference(reference)}`
    const item = `manifests/${reference.digest ?? reference.tag ?? DEFAULT_TAG}`
    const request = { path: reference.path, item, accept: MANIFEST_ACCEPT, maxBytes: MAX_MANIFEST_BYTES }
    const response = await get(endpoint, request, context)
    const bytes = await response.bytes()
    if (reference.digest !== undefined) verifyDigest(bytes, reference.digest, what)
    const digest = reference.digest ?? digestOf(bytes)
    const claimed = response.headers.get('docker-content-digest')
    // builders go by this header: where it names something else, they would use something else
    if (reference.digest === undefined && claimed) {
      if (!isDigest(claimed)) {
        throw new OciError('digest_invalid', `checking ${what}: the registry calls it ${quote(claimed)}`)
      }
      if (claimed !== digest) verifyDigest(bytes, claimed, `${what}, as the registry calls it`)
    }
    const document = decodeDocument(bytes, { what, mediaTypes: [response.headers.get('content-type')] })
    tellServed(endpoint, reference, digest)
    return { digest, bytes, document }
  }

  const keyOf = (kind: string, item: string, { anonymous }: RegistryContext) =>
    `image:${kind}:${item}${anonymous ? ' anonymous' : ''}`

  // bound without regard to what a descriptor says of size and type: one wrong descriptor must not spoil it for others
  const byDigest = (repository: Reference, digest: Digest, context: RegistryContext) =>
    context.run.once(
      keyOf('manifest', `${repositoryName(repository)}@${digest}`, context),
      async signal => {
        const cached = await cache?.read(digest, { maxBytes: MAX_MANIFEST_BYTES })
        if (cached !== undefined) return decodeCached(cached, digest)
        const reference: Reference = { domain: repository.domain, path: repository.path, digest }
        const load = (endpoint: Endpoint) => fetchDocument(endpoint, reference, waitingWith(signal, context))
        const fetched = await fromEndpoints(reference, load, signal)
        // nobody waits for the disk
        void cache?.write(digest, fetched.bytes)
        return fetched
      },
      context.signal,
    )

  /** What the tag was when we last were online. */
  const rememberedTag = async (reference: Reference, context: RegistryContext) => {
    const digest = rememberTags ? await cache?.readRecord(tagRecord(reference)) : undefined
    return digest !== undefined && isDigest(digest) ? byDigest(reference, digest, context) : undefined
  }

  const keep = (reference: Reference, { digest, bytes }: FetchedDocument) => {
    void cache?.write(digest, bytes)
    if (rememberTags) void cache?.writeRecord(tagRecord(reference), digest)
  }

  const byTag = (reference: Reference, context: RegistryContext) =>
    context.run.once(
      keyOf('tag', formatReference(reference), context),
      async signal => {
        const load = (endpoint: Endpoint) => fetchDocument(endpoint, reference, waitingWith(signal, context))
        const fetched =
          (offline && (await rememberedTag(reference, context))) || (await fromEndpoints(reference, load, signal))
        if (!offline) keep(reference, fetched)
        await bindTag(reference, fetched.digest, context)
        // the same content by digest needs no request of its own
        const name = `${repositoryName(reference)}@${fetched.digest}`
        await context.run.once(keyOf('manifest', name, context), async () => fetched)
        return fetched
      },
      context.signal,
    )

  const fetchBlob = async (
    endpoint: Endpoint,
    repository: Reference,
    digest: Digest,
    maxBytes: number,
    context: RegistryContext,
  ) => {
    const { path } = repository
    const what = `blob ${digest} of ${path}`
    const item = `blobs/${digest}`
    const bytes = await downloadWhole(range => get(endpoint, { path, item, accept: '*/*', maxBytes, range }, context), {
      what,
      maxBytes,
      signal: context.signal,
    })
    verifyDigest(bytes, digest, what)
    tellServed(endpoint, repository, digest)
    return bytes
  }

  /** Of all servers that have a list: a mirror seldom has the referrers, and an empty list of it says nothing. */
  const fetchReferrers = (
    repository: Reference,
    subject: Digest,
    { artifactType }: ReferrersOptions,
    context: RegistryContext,
  ) => {
    const { domain, path } = repository
    const query = artifactType === undefined ? '' : `?artifactType=${encodeURIComponent(artifactType)}`
    const request = { path, accept: MEDIA_TYPES.ociIndex, maxBytes: MAX_MANIFEST_BYTES }
    const load = async (endpoint: Endpoint) => {
      const found = await listReferrers(
        {
          page: url => get(endpoint, { ...request, item: url ?? `referrers/${subject}${query}` }, context),
          tag: tag => fetchDocument(endpoint, { domain, path, tag }, context),
        },
        { repository, subject, ...(artifactType !== undefined && { artifactType }) },
      )
      if (found.length === 0 && endpoint.mirrorOf !== undefined) {
        throw new OciError('not_found', `${endpoint.name} has no referrers of ${subject}`)
      }
      return found
    }
    return fromEndpoints(withDigest(repository, subject), load, context.signal)
  }

  return {
    referrers: (repository, subject, options, context) =>
      context.run.once(
        keyOf('referrers', `${repositoryName(repository)}@${subject} ${options.artifactType ?? ''}`, context),
        signal => fetchReferrers(repository, subject, options, waitingWith(signal, context)),
        context.signal,
      ),
    root: (reference, context) =>
      reference.digest === undefined ? byTag(reference, context) : byDigest(reference, reference.digest, context),
    async document(repository, { digest, mediaType, size }, context) {
      const fetched = await byDigest(repository, digest, context)
      const what = `manifest ${digest} of ${repositoryName(repository)}`
      checkSize(fetched.bytes, size, what)
      checkMediaType(fetched.document, mediaType, what)
      return fetched
    },
    async blob(repository, { digest, size }, { maxBytes }, context) {
      const what = `blob ${digest} of ${repositoryName(repository)}`
      if (size > maxBytes) {
        throw new OciError('content_too_large', `fetching ${what}: ${size} bytes, at most ${maxBytes} are read`)
      }
      const bytes = await context.run.once(
        keyOf('blob', `${repositoryName(repository)}@${digest}, at most ${maxBytes} bytes`, context),
        async signal => {
          const cached = await cache?.read(digest, { maxBytes })
          if (cached !== undefined) return cached
          const own = waitingWith(signal, context)
          const load = (endpoint: Endpoint) => fetchBlob(endpoint, repository, digest, maxBytes, own)
          const fetched = await fromEndpoints(withDigest(repository, digest), load, signal)
          void cache?.write(digest, fetched)
          return fetched
        },
        context.signal,
      )
      checkSize(bytes, size, what)
      return bytes
    },
  }
}

function offlineError(wanted: Reference, rememberTags: boolean): OciError {
  const unknownTag = rememberTags
    ? 'what the tag points to was never remembered: name its digest, or ask once online'
    : 'what a tag points to is asked for in every run: name its digest, or remember tags while online'
  const why = wanted.digest === undefined ? unknownTag : 'it is not in the cache'
  return new OciError('offline', `reading ${formatReference(wanted)}: we are offline, and ${why}`)
}

function waitingWith(signal: AbortSignal, { run, anonymous }: RegistryContext): RegistryContext {
  return { run, anonymous, signal }
}

/** The URL at a mirror, which is told whom it stands for. */
function withNamespace(url: string | URL, mirrorOf: string): URL {
  const told = new URL(url)
  told.searchParams.set('ns', mirrorOf)
  return told
}

/** From the cache it comes without a content type: the document speaks for itself. */
function decodeCached(bytes: Uint8Array, digest: Digest): FetchedDocument {
  return { digest, bytes, document: decodeDocument(bytes, { what: `cached manifest ${digest}` }) }
}

function tagRecord(reference: Reference): string {
  return `tag ${formatReference(reference)}`
}

/** A run sees one digest for a tag, however it was asked for. */
async function bindTag(reference: Reference, digest: Digest, { run }: RegistryContext): Promise<void> {
  const name = formatReference(reference)
  const bound = await run.once(`image:binding:${name}`, async () => digest)
  if (bound !== digest) {
    throw new OciError('digest_mismatch', `resolving ${name}: it was ${bound} before in this run, now it is ${digest}`)
  }
}

function checkSize(bytes: Uint8Array, size: number | undefined, what: string): void {
  if (size !== undefined && bytes.byteLength !== size) {
    throw new OciError('size_mismatch', `checking ${what}: expected ${size} bytes, got ${bytes.byteLength}`)
  }
}

const codes: Readonly<Record<number, OciErrorCode>> = {
  401: 'unauthorized',
  403: 'denied',
  404: 'not_found',
  429: 'rate_limited',
}

/** What a registry said in place of content. Its own words are not shown, only its codes. */
async function errorOf(response: TransportResponse): Promise<OciError> {
  const registryErrors = await readCodes(response)
  const said = registryErrors.length === 0 ? '' : ` (${registryErrors.join(', ')})`
  const code = codes[response.status] ?? 'registry_failed'
  return new OciError(code, `GET ${redactURL(response.url)}: expected 200, got ${response.status}${said}`, {
    registryErrors,
  })
}

/** @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes */
async function readCodes(response: TransportResponse): Promise<string[]> {
  try {
    const bytes = await response.bytes()
    if (bytes.byteLength > MAX_ERROR_BYTES) return []
    const { errors } = decodeJSON(bytes, { what: 'error document' }) as { errors?: unknown }
    const found = Array.isArray(errors) ? errors.map(error => (error as { code?: unknown } | null)?.code) : []
    return found.filter((code): code is string => typeof code === 'string' && /^[A-Z_]{1,40}$/.test(code)).slice(0, 5)
  } catch {
    // the status alone says enough; error bodies are often HTML
    return []
  }
}

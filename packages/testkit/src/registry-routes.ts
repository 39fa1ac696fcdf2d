import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { digestOf, isDigest, MEDIA_TYPES } from '@source-policy/oci'
import type { ServerAnswer } from './answer.ts'
import { failure } from './registry-auth.ts'
import type { RegistryStore, StoredManifest } from './registry-store.ts'

export interface RegistryBehaviour {
  /** `api`: the referrers endpoint. `fallback`: 404 there, as registries before it; clients keep a tag. Default: `api`. */
  readonly referrers?: 'api' | 'fallback'
  /** Referrers on one page; default: all. */
  readonly referrersPageSize?: number
  /** Whether the endpoint filters by artifact type; default: true. */
  readonly referrersFilter?: boolean
  /** What the registry claims that the referrers are, in place of what it has; also for the tag of `fallback`. */
  readonly claimReferrers?: (subject: string, found: readonly ListedReferrer[]) => readonly ListedReferrer[]
  /** Where the next page of referrers is said to be, in place of where it is. */
  readonly referrersLink?: (next: string) => string
  /** Where a blob is to be fetched instead (307); default: here. */
  readonly blobLocation?: (repository: string, digest: string) => string | undefined
  /** Whether answers carry Docker-Content-Digest; default: true. */
  readonly digestHeader?: boolean
}

export interface RegistryCall {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingHttpHeaders
  readonly body: Uint8Array
}

export interface Route {
  readonly repository?: string
  readonly action: 'pull' | 'push'
  answer(call: RegistryCall): ServerAnswer
}

type Handler = (call: RegistryCall, repository: string, rest: string) => ServerAnswer

const NAME = '[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*'

/**
 * The end points of a registry over a store.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#endpoints
 */
export function createRoutes(store: RegistryStore, behaviour: RegistryBehaviour): (call: RegistryCall) => Route {
  const uploads = new Map<string, Uint8Array[]>()
  const table: readonly [string, RegExp, Handler][] = [
    ['GET', /^blobs\/(.+)$/, getBlob],
    ['POST', /^blobs\/uploads\/?()$/, startUpload],
    ['PATCH', /^blobs\/uploads\/(.+)$/, continueUpload],
    ['PUT', /^blobs\/uploads\/(.+)$/, finishUpload],
    ['GET', /^manifests\/(.+)$/, getManifest],
    ['PUT', /^manifests\/(.+)$/, putManifest],
    ['DELETE', /^manifests\/(.+)$/, deleteManifest],
    ['GET', /^tags\/list()$/, listTags],
    ['GET', /^referrers\/(.+)$/, listReferrers],
  ]

  return call => {
    const path = decodeURIComponent(call.url.pathname)
    if (path === '/v2/' || path === '/v2') return { action: 'pull', answer: () => ({ status: 200, body: '{}' }) }
    const method = call.method === 'HEAD' ? 'GET' : call.method
    const [, repository = '', rest = ''] =
      new RegExp(`^/v2/(${NAME})/((?:blobs|manifests|tags|referrers)/.*)$`).exec(path) ?? []
    for (const [routeMethod, pattern, handler] of table) {
      const match = routeMethod === method ? pattern.exec(rest) : null
      if (match === null) continue
      const action = method === 'GET' ? 'pull' : 'push'
      return { repository, action, answer: given => handler(given, repository, match[1] ?? '') }
    }
    return { action: 'pull', answer: () => failure(404, 'NAME_INVALID', `no such endpoint: ${path}`) }
  }

  function getBlob(call: RegistryCall, name: string, digest: string): ServerAnswer {
    const bytes = store.find(name)?.blobs.get(digest)
    if (bytes === undefined) return failure(404, 'BLOB_UNKNOWN', 'blob unknown to registry')
    const location = behaviour.blobLocation?.(name, digest)
    if (location !== undefined) return { status: 307, headers: { location } }
    const headers = {
      'content-type': 'application/octet-stream',
      'docker-content-digest': digest,
      'accept-ranges': 'bytes',
    }
    const range = /^bytes=(\d+)-(\d*)$/.exec(call.headers.range ?? '')
    if (range === null) return { status: 200, headers, body: bytes }
    const first = Number(range[1])
    const last = range[2] === '' ? bytes.length - 1 : Math.min(Number(range[2]), bytes.length - 1)
    if (first > last) return { status: 416, headers: { 'content-range': `bytes */${bytes.length}` } }
    const contentRange = { 'content-range': `bytes ${first}-${last}/${bytes.length}` }
    return { status: 206, headers: { ...headers, ...contentRange }, body: bytes.subarray(first, last + 1) }
  }

  function startUpload(call: RegistryCall, name: string): ServerAnswer {
    const { blobs } = store.open(name)
    const mounted = call.url.searchParams.get('mount')
    const from = store.find(call.url.searchParams.get('from') ?? '')
    if (mounted !== null && from?.blobs.has(mounted)) {
      blobs.set(mounted, from.blobs.get(mounted)!)
      return { status: 201, headers: { location: `/v2/${name}/blobs/${mounted}` } }
    }
    const digest = call.url.searchParams.get('digest')
    if (digest !== null) return storeBlob(name, digest, [call.body])
    const id = randomUUID()
    uploads.set(id, [])
    return { status: 202, headers: { location: `/v2/${name}/blobs/uploads/${id}`, range: '0-0' } }
  }

  function continueUpload(call: RegistryCall, name: string, id: string): ServerAnswer {
    const parts = uploads.get(id)
    if (parts === undefined) return failure(404, 'BLOB_UPLOAD_UNKNOWN', 'no such upload')
    parts.push(call.body)
    const total = parts.reduce((sum, part) => sum + part.length, 0)
    return {
      status: 202,
      headers: { location: `/v2/${name}/blobs/uploads/${id}`, range: `0-${Math.max(total - 1, 0)}` },
    }
  }

  function finishUpload(call: RegistryCall, name: string, id: string): ServerAnswer {
    const parts = uploads.get(id)
    if (parts === undefined) return failure(404, 'BLOB_UPLOAD_UNKNOWN', 'no such upload')
    uploads.delete(id)
    return storeBlob(name, call.url.searchParams.get('digest') ?? '', [...parts, call.body])
  }

  function storeBlob(name: string, digest: string, parts: readonly Uint8Array[]): ServerAnswer {
    const bytes = Buffer.concat(parts)
    if (!isDigest(digest) || digestOf(bytes) !== digest) return failure(400, 'DIGEST_INVALID', 'digest does not match')
    store.open(name).blobs.set(digest, bytes)
    return { status: 201, headers: { location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest } }
  }

  function getManifest(_call: RegistryCall, name: string, reference: string): ServerAnswer {
    const manifest = store.manifest(name, reference)
    if (manifest === undefined) return failure(404, 'MANIFEST_UNKNOWN', 'manifest unknown')
    return {
      status: 200,
      headers: {
        'content-type': manifest.mediaType,
        ...(behaviour.digestHeader !== false && { 'docker-content-digest': manifest.digest }),
      },
      body: manifest.bytes,
    }
  }

  function putManifest(call: RegistryCall, name: string, reference: string): ServerAnswer {
    if (isDigest(reference) && digestOf(call.body) !== reference) {
      return failure(400, 'DIGEST_INVALID', 'digest does not match')
    }
    const mediaType = call.headers['content-type'] ?? MEDIA_TYPES.ociManifest
    const { digest } = store.putManifest(name, reference, { bytes: call.body, mediaType })
    const subject = subjectOf(call.body)
    return {
      status: 201,
      headers: {
        location: `/v2/${name}/manifests/${digest}`,
        'docker-content-digest': digest,
        ...(subject !== undefined && behaviour.referrers !== 'fallback' && { 'oci-subject': subject }),
      },
    }
  }

  function deleteManifest(_call: RegistryCall, name: string, reference: string): ServerAnswer {
    const repository = store.find(name)
    const removed = repository?.tags.delete(reference) || repository?.manifests.delete(reference)
    return removed ? { status: 202 } : failure(404, 'MANIFEST_UNKNOWN', 'manifest unknown')
  }

  function listTags(_call: RegistryCall, name: string): ServerAnswer {
    const repository = store.find(name)
    if (repository === undefined) return failure(404, 'NAME_UNKNOWN', 'repository name not known to registry')
    return json({ name, tags: [...repository.tags.keys()].sort() })
  }

  function listReferrers(call: RegistryCall, name: string, digest: string): ServerAnswer {
    if (behaviour.referrers === 'fallback') return { status: 404, body: '404 page not found\n' }
    if (!isDigest(digest)) return failure(400, 'DIGEST_INVALID', 'not a digest')
    const artifactType = behaviour.referrersFilter === false ? null : call.url.searchParams.get('artifactType')
    const all = referrersOf([...(store.find(name)?.manifests.values() ?? [])], digest, behaviour).filter(
      descriptor => artifactType === null || descriptor.artifactType === artifactType,
    )
    const start = Number(call.url.searchParams.get('start') ?? 0)
    const end = start + (behaviour.referrersPageSize ?? all.length)
    const next = new URL(call.url)
    next.searchParams.set('start', String(end))
    const link = `${next.pathname}${next.search}`
    return json(
      { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: all.slice(start, end) },
      {
        'content-type': MEDIA_TYPES.ociIndex,
        ...(artifactType !== null && { 'oci-filters-applied': 'artifactType' }),
        ...(end < all.length && { link: `<${behaviour.referrersLink?.(link) ?? link}>; rel="next"` }),
      },
    )
  }
}

function json(value: unknown, headers: Readonly<Record<string, string>> = {}): ServerAnswer {
  return { status: 200, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) }
}

interface WireManifest {
  readonly mediaType?: string
  readonly artifactType?: string
  readonly config?: { readonly mediaType: string }
  readonly subject?: { readonly digest: string }
  readonly annotations?: Record<string, string>
}

/** An entry of a referrers list, as it goes over the wire. */
export interface ListedReferrer {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
}

/** "descriptors for each image with a subject field matching the digest", in the order of their digests. */
export function referrersOf(
  manifests: readonly StoredManifest[],
  digest: string,
  { claimReferrers }: RegistryBehaviour,
): readonly ListedReferrer[] {
  const found = manifests
    .flatMap((manifest): ListedReferrer[] => {
      const document = parse(manifest.bytes)
      if (document?.subject?.digest !== digest) return []
      const artifactType = document.artifactType ?? document.config?.mediaType
      return [
        {
          mediaType: manifest.mediaType,
          digest: manifest.digest,
          size: manifest.bytes.byteLength,
          ...(artifactType !== undefined && { artifactType }),
          ...(document.annotations !== undefined && { annotations: document.annotations }),
        },
      ]
    })
    .sort((a, b) => (a.digest < b.digest ? -1 : 1))
  return claimReferrers?.(digest, found) ?? found
}

function subjectOf(bytes: Uint8Array): string | undefined {
  return parse(bytes)?.subject?.digest
}

function parse(bytes: Uint8Array): WireManifest | undefined {
  try {
    return JSON.parse(Buffer.from(bytes).toString()) as WireManifest
  } catch {
    // malformed manifests are stored as they are: tests want them
    return undefined
  }
}

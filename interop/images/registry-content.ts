import { createHash } from 'node:crypto'

/** A descriptor, as manifests have it. */
export interface Descriptor {
  mediaType: string
  digest: string
  size: number
  artifactType?: string
  annotations?: Record<string, string>
}

/** A manifest or an index, to be changed. */
export interface Document {
  mediaType?: string
  artifactType?: string
  subject?: Descriptor
  config?: Descriptor
  layers?: Descriptor[]
  manifests?: Descriptor[]
  annotations?: Record<string, string>
}

const ACCEPT = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ')
const INDEX = 'application/vnd.oci.image.index.v1+json'

export const digestOf = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** Reads and writes what a registry without authentication has, without checking anything. */
export interface RegistryContent {
  manifest(repository: string, reference: string): Promise<{ bytes: Buffer; mediaType: string } | undefined>
  document(repository: string, reference: string): Promise<Document>
  blob(repository: string, digest: string): Promise<Buffer>
  putBlob(repository: string, bytes: Uint8Array): Promise<void>
  putManifest(repository: string, reference: string, bytes: Uint8Array, mediaType: string): Promise<void>
  /** Copies an image with all that it consists of to another repository, and returns its digest. */
  copy(from: string, to: string, reference: string): Promise<string>
  /** Digests of what refers to a digest: by the API, or by the tag that stands for it. */
  referrers(repository: string, digest: string): Promise<Descriptor[]>
  /** Puts a manifest that has a subject, and lists it where the registry does not do so. */
  refer(repository: string, bytes: Uint8Array, document: Document): Promise<void>
}

export function registryContent(host: string): RegistryContent {
  const url = (repository: string, rest: string) => `http://${host}/v2/${repository}/${rest}`

  async function must(response: Response): Promise<Response> {
    if (!response.ok) throw new Error(`${response.url}: ${response.status} ${await response.text()}`)
    return response
  }

  const content: RegistryContent = {
    async manifest(repository, reference) {
      const response = await fetch(url(repository, `manifests/${reference}`), { headers: { accept: ACCEPT } })
      if (response.status === 404) return undefined
      const bytes = Buffer.from(await (await must(response)).arrayBuffer())
      return { bytes, mediaType: response.headers.get('content-type') ?? '' }
    },
    async document(repository, reference) {
      const found = await content.manifest(repository, reference)
      if (found === undefined) throw new Error(`there is no manifest ${repository} ${reference}`)
      return JSON.parse(found.bytes.toString()) as Document
    },
    async blob(repository, digest) {
      return Buffer.from(await (await must(await fetch(url(repository, `blobs/${digest}`)))).arrayBuffer())
    },
    async putBlob(repository, bytes) {
      const started = await must(await fetch(url(repository, 'blobs/uploads/'), { method: 'POST' }))
      const place = new URL(started.headers.get('location') ?? '', `http://${host}`)
      place.searchParams.set('digest', digestOf(bytes))
      const headers = { 'content-type': 'application/octet-stream' }
      await must(await fetch(place, { method: 'PUT', headers, body: new Uint8Array(bytes) }))
    },
    async putManifest(repository, reference, bytes, mediaType) {
      const headers = { 'content-type': mediaType }
      const where = url(repository, `manifests/${reference}`)
      await must(await fetch(where, { method: 'PUT', headers, body: new Uint8Array(bytes) }))
    },
    async copy(from, to, reference) {
      const found = await content.manifest(from, reference)
      if (found === undefined) throw new Error(`there is no manifest ${from} ${reference}`)
      const { config, layers = [], manifests = [] } = JSON.parse(found.bytes.toString()) as Document
      for (const { digest } of manifests) await content.copy(from, to, digest)
      for (const { digest } of [...(config ? [config] : []), ...layers]) {
        await content.putBlob(to, await content.blob(from, digest))
      }
      await content.putManifest(to, reference, found.bytes, found.mediaType)
      return digestOf(found.bytes)
    },
    async referrers(repository, digest) {
      const response = await fetch(url(repository, `referrers/${digest}`))
      if (response.ok) return ((await response.json()) as Document).manifests ?? []
      const listed = await content.manifest(repository, digest.replace(':', '-'))
      return listed === undefined ? [] : ((JSON.parse(listed.bytes.toString()) as Document).manifests ?? [])
    },
    async refer(repository, bytes, { mediaType = '', artifactType, subject }) {
      if (subject === undefined) throw new Error('the manifest has no subject')
      await content.putManifest(repository, digestOf(bytes), bytes, mediaType)
      const hasAPI = (await fetch(url(repository, `referrers/${subject.digest}`))).ok
      if (hasAPI) return
      const descriptor = {
        mediaType,
        digest: digestOf(bytes),
        size: bytes.length,
        ...(artifactType && { artifactType }),
      }
      const others = await content.referrers(repository, subject.digest)
      const index = { schemaVersion: 2, mediaType: INDEX, manifests: [...others, descriptor] }
      const tag = subject.digest.replace(':', '-')
      await content.putManifest(repository, tag, Buffer.from(JSON.stringify(index)), INDEX)
    },
  }
  return content
}

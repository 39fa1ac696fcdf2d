import { type Digest, digestOf, isDigest } from '@source-policy/oci'
import type { BuiltContent } from './image-builder.ts'

export interface StoredManifest {
  readonly bytes: Uint8Array
  readonly mediaType: string
  readonly digest: Digest
}

/** The content of one repository. */
export interface Repository {
  readonly blobs: Map<string, Uint8Array>
  readonly manifests: Map<string, StoredManifest>
  readonly tags: Map<string, Digest>
}

/** What a registry holds, in memory. */
export interface RegistryStore {
  readonly repositories: ReadonlyMap<string, Repository>
  /** The repository, made where there is none yet. */
  open(name: string): Repository
  find(name: string): Repository | undefined
  putManifest(name: string, reference: string, manifest: { bytes: Uint8Array; mediaType: string }): StoredManifest
  /** By tag or digest. */
  manifest(name: string, reference: string): StoredManifest | undefined
  /** Everything beneath the content, the content itself, and the tag if any. */
  push(name: string, content: BuiltContent, tag?: string): void
}

/** An empty store. */
export function createRegistryStore(): RegistryStore {
  const repositories = new Map<string, Repository>()
  const store: RegistryStore = {
    repositories,
    open(name) {
      const repository = repositories.get(name) ?? { blobs: new Map(), manifests: new Map(), tags: new Map() }
      repositories.set(name, repository)
      return repository
    },
    find: name => repositories.get(name),
    putManifest(name, reference, { bytes, mediaType }) {
      const repository = store.open(name)
      const manifest = { bytes, mediaType, digest: digestOf(bytes) }
      repository.manifests.set(manifest.digest, manifest)
      if (!isDigest(reference)) repository.tags.set(reference, manifest.digest)
      return manifest
    },
    manifest(name, reference) {
      const repository = repositories.get(name)
      return repository?.manifests.get(isDigest(reference) ? reference : (repository.tags.get(reference) ?? ''))
    },
    push(name, content, tag) {
      const { blobs } = store.open(name)
      for (const child of content.children) store.push(name, child)
      for (const blob of content.blobs) blobs.set(blob.digest, blob.bytes)
      store.putManifest(name, tag ?? content.digest, content)
    },
  }
  return store
}

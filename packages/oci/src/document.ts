import { decodeJSON } from '@source-policy/core'
import { type Descriptor, FIELD_NAMES, MemberReader, type Members } from './descriptor.ts'
import { OciError, quote } from './error.ts'
import { MAX_DESCRIPTORS } from './limits.ts'
import { type DocumentKind, documentKind, essenceOf, MEDIA_TYPES } from './media-type.ts'
import type { Mutable } from './mutable.ts'

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md */
export interface ImageManifest {
  readonly kind: 'manifest'
  readonly mediaType: string
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
  readonly artifactType?: string
  readonly subject?: Descriptor
  readonly annotations?: Readonly<Record<string, string>>
}

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md */
export interface ImageIndex {
  readonly kind: 'index'
  readonly mediaType: string
  readonly manifests: readonly Descriptor[]
  readonly artifactType?: string
  readonly subject?: Descriptor
  readonly annotations?: Readonly<Record<string, string>>
}

const openMaps = ['annotations']

/** Content types that say nothing about the document. */
const generic = new Set(['', 'application/json', 'application/octet-stream', 'text/plain', 'binary/octet-stream'])

/**
 * The manifest or index in bytes. `mediaTypes` are what others call it (the descriptor, the Content-Type): they and the
 * document itself have to agree. Throws `content_invalid`, `media_type_unsupported`, or core's `invalid_json`.
 *
 * @see https://github.com/opencontainers/image-spec/security/advisories/GHSA-77vh-xpmg-72qh (manifest and index in one)
 */
export function decodeDocument(
  bytes: Uint8Array,
  { what, mediaTypes = [] }: { readonly what: string; readonly mediaTypes?: readonly (string | undefined)[] },
): ImageManifest | ImageIndex {
  const reader = new MemberReader(what)
  const claims = mediaTypes.map(type => essenceOf(type ?? '')).filter(type => !generic.has(type))
  for (const claim of claims) refuseUnsupported(claim, what)
  const members = reader.object(decodeJSON(bytes, { what, openMaps, names: FIELD_NAMES }), 'the document')
  refuseAmbiguous(members, what)
  const own = reader.optional(members.mediaType, 'string', 'mediaType')
  if (own !== undefined) refuseUnsupported(own, what)
  const types = new Set([...claims, ...(own === undefined ? [] : [own])])
  if (types.size > 1) reader.fail(`it is called ${[...types].map(quote).join(' and ')}`)
  const [mediaType = guessMediaType(members)] = types
  const artifactType = reader.optional(members.artifactType, 'string', 'artifactType')
  const subject = reader.optional(members.subject, 'descriptor', 'subject')
  const annotations = reader.optional(members.annotations, 'stringMap', 'annotations')
  const document =
    documentKind(mediaType) === 'index' ? indexOf(members, mediaType, reader) : manifestOf(members, mediaType, reader)
  if (artifactType) document.artifactType = artifactType
  if (subject) document.subject = subject
  if (annotations) document.annotations = annotations
  return document
}

function indexOf(members: Members, mediaType: string, reader: MemberReader): Mutable<ImageIndex> {
  const manifests = members.manifests === null ? [] : members.manifests
  return { kind: 'index', mediaType, manifests: reader.descriptors(manifests, 'manifests', MAX_DESCRIPTORS) }
}

function manifestOf(members: Members, mediaType: string, reader: MemberReader): Mutable<ImageManifest> {
  const config = reader.descriptor(members.config, 'config')
  return {
    kind: 'manifest',
    mediaType,
    config,
    layers: reader.descriptors(members.layers ?? [], 'layers', MAX_DESCRIPTORS),
  }
}

/** Throws `content_invalid` where a descriptor calls a document something else than it is. */
export function checkMediaType(document: ImageManifest | ImageIndex, mediaType: string, what: string): void {
  if (essenceOf(mediaType) === document.mediaType) return
  throw new OciError('content_invalid', `reading ${what}: it is ${document.mediaType}, expected ${quote(mediaType)}`)
}

function refuseUnsupported(mediaType: string, what: string): void {
  const kind: DocumentKind | undefined = documentKind(mediaType)
  if (kind === 'schema1') refuseSchema1(what)
  if (kind === undefined) {
    throw new OciError('media_type_unsupported', `decoding ${what}: ${quote(mediaType)} is no manifest or index`)
  }
}

function refuseSchema1(what: string): never {
  throw new OciError('media_type_unsupported', `decoding ${what}: Docker image manifest schema 1 is not supported`)
}

/** One document that two readers take for two images. */
function refuseAmbiguous(members: Members, what: string): void {
  const has = (name: string) => members[name] !== undefined && members[name] !== null
  if (members.schemaVersion === 1 || has('fsLayers') || has('signatures')) refuseSchema1(what)
  if (members.schemaVersion !== 2) {
    throw new OciError('content_invalid', `decoding ${what}: schemaVersion is not 2`)
  }
  if (has('manifests') && (has('config') || has('layers'))) {
    throw new OciError('content_invalid', `decoding ${what}: it is both a manifest and an index`)
  }
}

/** OCI made `mediaType` optional; the members then tell. */
function guessMediaType(members: Members): string {
  return members.manifests === undefined ? MEDIA_TYPES.ociManifest : MEDIA_TYPES.ociIndex
}

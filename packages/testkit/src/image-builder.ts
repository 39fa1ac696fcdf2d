import { gzipSync } from 'node:zlib'
import { type Descriptor, type Digest, digestOf, MEDIA_TYPES, type Platform } from '@source-policy/oci'

/** Bytes with their digest and media type. */
export interface BuiltBlob {
  readonly bytes: Uint8Array
  readonly mediaType: string
  readonly digest: Digest
}

/** A manifest or index with everything beneath it, ready to be pushed. */
export interface BuiltContent extends BuiltBlob {
  /** How an index or a `subject` names it; carries its platform and annotations. */
  readonly descriptor: Descriptor
  /** Config and layers. */
  readonly blobs: readonly BuiltBlob[]
  /** Manifests that an index lists. */
  readonly children: readonly BuiltContent[]
  /** What it refers to by `subject`. */
  readonly subject?: Digest
}

export interface ImageOptions {
  /** Default: linux/amd64. */
  readonly platform?: Platform
  readonly labels?: Readonly<Record<string, string>>
  readonly env?: readonly string[]
  readonly user?: string
  readonly volumes?: readonly string[]
  readonly workingDir?: string
  /** RFC 3339; default: 2024-01-02T03:04:05Z. */
  readonly created?: string
  /** Uncompressed contents of the layers; default: one of a few bytes. */
  readonly layers?: readonly (string | Uint8Array)[]
  /** Triggers of the config. */
  readonly onBuild?: readonly string[]
  readonly annotations?: Readonly<Record<string, string>>
  /** Annotations of its descriptor in an index. */
  readonly descriptorAnnotations?: Readonly<Record<string, string>>
  /** Media types; default: `oci`. */
  readonly format?: 'oci' | 'docker'
  /** The text of the config, in place of a valid one. */
  readonly rawConfig?: string
}

const LINUX_AMD64: Platform = { os: 'linux', architecture: 'amd64' }
const UNKNOWN_PLATFORM: Platform = { os: 'unknown', architecture: 'unknown' }

/** An image for one platform: manifest, config and layers. Equal options give equal digests. */
export function buildImage(options: ImageOptions = {}): BuiltContent {
  const { platform = LINUX_AMD64, format = 'oci', layers = ['layer'] } = options
  const types = formats[format]
  const layerBlobs = layers.map(content => blobOf(gzipSync(Buffer.from(content)), types.layer))
  const config = {
    created: options.created ?? '2024-01-02T03:04:05Z',
    architecture: platform.architecture,
    ...(platform.variant !== undefined && { variant: platform.variant }),
    os: platform.os,
    config: {
      ...(options.user !== undefined && { User: options.user }),
      ...(options.env !== undefined && { Env: options.env }),
      ...(options.volumes !== undefined && { Volumes: Object.fromEntries(options.volumes.map(name => [name, {}])) }),
      ...(options.workingDir !== undefined && { WorkingDir: options.workingDir }),
      ...(options.labels !== undefined && { Labels: options.labels }),
      ...(options.onBuild !== undefined && { OnBuild: options.onBuild }),
    },
    rootfs: { type: 'layers', diff_ids: layers.map(content => digestOf(Buffer.from(content))) },
  }
  const configBlob = blobOf(Buffer.from(options.rawConfig ?? JSON.stringify(config)), types.config)
  return contentOf(
    {
      schemaVersion: 2,
      mediaType: types.manifest,
      config: describeBlob(configBlob),
      layers: layerBlobs.map(describeBlob),
      ...(options.annotations !== undefined && { annotations: options.annotations }),
    },
    {
      mediaType: types.manifest,
      blobs: [configBlob, ...layerBlobs],
      descriptor: { platform, ...optional('annotations', options.descriptorAnnotations) },
    },
  )
}

export interface IndexOptions {
  readonly annotations?: Readonly<Record<string, string>>
  readonly artifactType?: string
  /** Media types; default: `oci`. */
  readonly format?: 'oci' | 'docker'
}

/** An index of manifests (or of further indexes), in their order. */
export function buildIndex(manifests: readonly BuiltContent[], options: IndexOptions = {}): BuiltContent {
  const mediaType = formats[options.format ?? 'oci'].index
  return contentOf(
    {
      schemaVersion: 2,
      mediaType,
      ...optional('artifactType', options.artifactType),
      manifests: manifests.map(manifest => wireDescriptor(manifest.descriptor)),
      ...optional('annotations', options.annotations),
    },
    { mediaType, children: manifests },
  )
}

/** A statement's predicate and its type. */
export interface Predicate {
  readonly predicateType: string
  readonly predicate: unknown
  /** What the layer is annotated with, in place of the type. */
  readonly annotation?: string
  /** What the statement is about, in place of the image; empty: it does not say. */
  readonly subjects?: readonly BuiltContent[]
}

export interface AttestationOptions {
  /**
   * `annotation`: an image manifest tied to its image by annotations of its descriptor, as BuildKit writes by default.
   * `artifact`: the same with an empty config, an artifact type and a `subject`.
   */
  readonly form?: 'annotation' | 'artifact'
  /** What the manifest of the form `artifact` refers to, in place of the image. */
  readonly subject?: BuiltContent
}

/** The attestation manifest of an image, one in-toto statement a layer; to stand beside the image in an index. */
export function buildAttestation(
  image: BuiltContent,
  predicates: readonly Predicate[],
  { form = 'annotation', subject = image }: AttestationOptions = {},
): BuiltContent {
  const layers = predicates.map(({ predicateType, predicate, annotation = predicateType, subjects = [image] }) => {
    const statement = {
      _type: 'https://in-toto.io/Statement/v0.1',
      predicateType,
      subject: subjects.map(({ digest }) => ({ name: 'image', digest: { sha256: digest.slice('sha256:'.length) } })),
      predicate,
    }
    const blob = blobOf(Buffer.from(JSON.stringify(statement)), MEDIA_TYPES.inToto)
    return { blob, annotations: { 'in-toto.io/predicate-type': annotation } }
  })
  const config =
    form === 'artifact'
      ? blobOf(Buffer.from('{}'), MEDIA_TYPES.ociEmpty)
      : blobOf(
          Buffer.from(
            JSON.stringify({
              ...UNKNOWN_PLATFORM,
              config: {},
              rootfs: { type: 'layers', diff_ids: layers.map(({ blob }) => blob.digest) },
            }),
          ),
          MEDIA_TYPES.ociConfig,
        )
  return contentOf(
    {
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociManifest,
      ...(form === 'artifact' && { artifactType: MEDIA_TYPES.attestationManifest }),
      config: describeBlob(config),
      layers: layers.map(({ blob, annotations }) => ({ ...describeBlob(blob), annotations })),
      ...(form === 'artifact' && { subject: describeBlob(subject) }),
    },
    {
      mediaType: MEDIA_TYPES.ociManifest,
      blobs: [config, ...layers.map(({ blob }) => blob)],
      descriptor: {
        platform: UNKNOWN_PLATFORM,
        annotations: {
          'vnd.docker.reference.type': 'attestation-manifest',
          'vnd.docker.reference.digest': image.digest,
        },
      },
      ...(form === 'artifact' && { subject: subject.digest }),
    },
  )
}

export interface ArtifactOptions {
  readonly artifactType: string
  /** What it refers to. */
  readonly subject?: BuiltContent
  readonly layers?: readonly {
    readonly bytes: string | Uint8Array
    readonly mediaType: string
    readonly annotations?: Readonly<Record<string, string>>
  }[]
  readonly annotations?: Readonly<Record<string, string>>
}

/** A manifest that is no image: a signature, a bundle, an SBOM. */
export function buildArtifact(options: ArtifactOptions): BuiltContent {
  const empty = blobOf(Buffer.from('{}'), MEDIA_TYPES.ociEmpty)
  const layers = (options.layers ?? []).map(({ bytes, mediaType, annotations }) => {
    const blob = blobOf(Buffer.from(bytes), mediaType)
    return { blob, wire: { ...describeBlob(blob), ...optional('annotations', annotations) } }
  })
  return contentOf(
    {
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociManifest,
      artifactType: options.artifactType,
      config: describeBlob(empty),
      layers: layers.length === 0 ? [describeBlob(empty)] : layers.map(({ wire }) => wire),
      ...(options.subject !== undefined && { subject: describeBlob(options.subject) }),
      ...optional('annotations', options.annotations),
    },
    {
      mediaType: MEDIA_TYPES.ociManifest,
      blobs: [empty, ...layers.map(({ blob }) => blob)],
      descriptor: { artifactType: options.artifactType, ...optional('annotations', options.annotations) },
      ...(options.subject !== undefined && { subject: options.subject.digest }),
    },
  )
}

/** The same content as an index would list it for another platform, or with other annotations. */
export function describedAs(
  content: BuiltContent,
  descriptor: Partial<Pick<Descriptor, 'platform' | 'annotations' | 'artifactType' | 'mediaType' | 'size' | 'digest'>>,
): BuiltContent {
  return { ...content, descriptor: { ...content.descriptor, ...descriptor } }
}

/** Content made of the given text as it stands: malformed documents. */
export function rawContent(text: string | Uint8Array, mediaType: string): BuiltContent {
  const blob = blobOf(Buffer.from(text), mediaType)
  return { ...blob, descriptor: describeBlob(blob), blobs: [], children: [] }
}

const formats = {
  oci: {
    index: MEDIA_TYPES.ociIndex,
    manifest: MEDIA_TYPES.ociManifest,
    config: MEDIA_TYPES.ociConfig,
    layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  },
  docker: {
    index: MEDIA_TYPES.dockerIndex,
    manifest: MEDIA_TYPES.dockerManifest,
    config: MEDIA_TYPES.dockerConfig,
    layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  },
} as const

function blobOf(bytes: Uint8Array, mediaType: string): BuiltBlob {
  return { bytes, mediaType, digest: digestOf(bytes) }
}

function describeBlob({ mediaType, digest, bytes }: BuiltBlob): Descriptor {
  return { mediaType, digest, size: bytes.byteLength }
}

function contentOf(
  document: unknown,
  parts: {
    mediaType: string
    blobs?: readonly BuiltBlob[]
    children?: readonly BuiltContent[]
    descriptor?: Partial<Descriptor>
    subject?: Digest
  },
): BuiltContent {
  const { mediaType, blobs = [], children = [], descriptor, subject } = parts
  const blob = blobOf(Buffer.from(JSON.stringify(document, undefined, 2)), mediaType)
  return {
    ...blob,
    descriptor: { ...describeBlob(blob), ...descriptor },
    blobs,
    children,
    ...optional('subject', subject),
  }
}

/** The wire names of a platform are `os.version` and `os.features`. */
function wireDescriptor({ platform, ...rest }: Descriptor): unknown {
  if (platform === undefined) return rest
  const { osVersion, osFeatures, ...names } = platform
  return {
    ...rest,
    platform: { ...names, ...optional('os.version', osVersion), ...optional('os.features', osFeatures) },
  }
}

function optional<const K extends string, T>(name: K, value: T | undefined): { [P in K]?: T } {
  return value === undefined ? {} : ({ [name]: value } as { [P in K]: T })
}

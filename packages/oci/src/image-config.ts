import { decodeJSON, type Platform } from '@source-policy/core'
import { FIELD_NAMES, MemberReader } from './descriptor.ts'
import type { Mutable } from './mutable.ts'

/** What an image says of itself. Members are missing where they are empty. */
export interface ImageConfig {
  /** RFC 3339, seconds. */
  readonly created?: string
  readonly platform: Platform
  readonly labels?: Readonly<Record<string, string>>
  /** `KEY=value` */
  readonly env?: readonly string[]
  readonly user?: string
  /** Sorted. */
  readonly volumes?: readonly string[]
  readonly workingDir?: string
  /** Dockerfile instructions that a build upon this image runs first. */
  readonly onBuild?: readonly string[]
}

const openMaps = ['Labels', 'Volumes', 'ExposedPorts', 'annotations', 'Annotations']
const rfc3339 =
  /^(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)$/

/**
 * The config of an image, from its bytes. Throws `content_invalid` or core's `invalid_json`.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#properties
 */
export function decodeImageConfig(bytes: Uint8Array, { what }: { readonly what: string }): ImageConfig {
  const reader = new MemberReader(what)
  const members = reader.object(decodeJSON(bytes, { what, openMaps, names: FIELD_NAMES }), 'the document')
  const config = reader.optional(members.config, 'object', 'config') ?? {}
  const created = reader.optional(members.created, 'string', 'created')
  const os = reader.optional(members.os, 'string', 'os') ?? ''
  const architecture = reader.optional(members.architecture, 'string', 'architecture') ?? ''
  const variant = reader.optional(members.variant, 'string', 'variant')
  const osVersion = reader.optional(members['os.version'], 'string', 'os.version')
  const osFeatures = reader.optional(members['os.features'], 'strings', 'os.features')
  const labels = reader.optional(config.Labels, 'stringMap', 'config.Labels')
  const env = reader.optional(config.Env, 'strings', 'config.Env')
  const user = reader.optional(config.User, 'string', 'config.User')
  const volumes = reader.optional(config.Volumes, 'object', 'config.Volumes')
  const workingDir = reader.optional(config.WorkingDir, 'string', 'config.WorkingDir')
  const onBuild = reader.optional(config.OnBuild, 'strings', 'config.OnBuild')
  const platform: Mutable<Platform> = { os, architecture }
  if (variant) platform.variant = variant
  if (osVersion) platform.osVersion = osVersion
  if (osFeatures?.length) platform.osFeatures = osFeatures
  const image: Mutable<ImageConfig> = { platform }
  if (created !== undefined) image.created = readTime(reader, created, 'created')
  if (labels && Object.keys(labels).length > 0) image.labels = labels
  if (env?.length) image.env = env
  if (user) image.user = user
  if (volumes && Object.keys(volumes).length > 0) image.volumes = Object.keys(volumes).sort()
  if (workingDir) image.workingDir = workingDir
  if (onBuild?.length) image.onBuild = onBuild
  return image
}

function readTime(reader: MemberReader, text: string, name: string): string {
  const match = rfc3339.exec(text)
  if (match === null) return reader.fail(`${name} is not an RFC 3339 time`)
  const [, seconds, zone] = match
  return `${seconds}${zone === '+00:00' || zone === '-00:00' ? 'Z' : zone}`
}

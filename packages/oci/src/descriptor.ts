import { foldCase, type Platform } from '@source-policy/core'
import { type Digest, parseDigest } from './digest.ts'
import { OciError, quote } from './error.ts'
import type { Mutable } from './mutable.ts'

/**
 * Content by digest.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md
 */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
  readonly platform?: Platform
  readonly annotations?: Readonly<Record<string, string>>
  readonly artifactType?: string
}

/** A JSON object as `decodeJSON` makes them. */
export type Members = Readonly<Record<string, unknown>>

/** Reads members of one document and names it in errors, which are `content_invalid` and begin with `what`. */
export class MemberReader {
  readonly #what: string

  constructor(what: string) {
    this.#what = what
  }

  fail(problem: string): never {
    throw new OciError('content_invalid', `decoding ${this.#what}: ${problem}`)
  }

  object(value: unknown, name: string): Members {
    return isObject(value) ? value : this.fail(`${name} is not an object`)
  }

  string(value: unknown, name: string): string {
    return typeof value === 'string' ? value : this.fail(`${name} is not a string`)
  }

  /** Undefined where the member is missing or null, as Go reads it. */
  optional<K extends Kind>(value: unknown, kind: K, name: string): ReturnType<MemberReader[K]> | undefined
  optional(value: unknown, kind: Kind, name: string) {
    return value === undefined || value === null ? undefined : this[kind](value, name)
  }

  strings(value: unknown, name: string): string[] {
    if (!Array.isArray(value)) return this.fail(`${name} is not an array`)
    return value.map((item, index) => this.string(item, `${name}[${index}]`))
  }

  stringMap(value: unknown, name: string): Record<string, string> {
    const members = this.object(value, name)
    for (const key in members) {
      if (typeof members[key] !== 'string') this.fail(`${name}[${quote(key)}] is not a string`)
    }
    return members as Record<string, string>
  }

  descriptor(value: unknown, name: string): Descriptor {
    const members = this.object(value, name)
    const { size } = members
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return this.fail(`${name}.size is no size`)
    const mediaType = this.string(members.mediaType, `${name}.mediaType`)
    if (mediaType === '') this.fail(`${name}.mediaType is empty`)
    const platform = this.optional(members.platform, 'platform', `${name}.platform`)
    const annotations = this.optional(members.annotations, 'stringMap', `${name}.annotations`)
    const artifactType = this.optional(members.artifactType, 'string', `${name}.artifactType`)
    const digest = this.digest(members.digest, `${name}.digest`)
    const descriptor: Mutable<Descriptor> = { mediaType, digest, size }
    if (platform) descriptor.platform = platform
    if (annotations) descriptor.annotations = annotations
    if (artifactType) descriptor.artifactType = artifactType
    return descriptor
  }

  descriptors(value: unknown, name: string, max: number): Descriptor[] {
    if (!Array.isArray(value)) return this.fail(`${name} is not an array`)
    if (value.length > max) this.fail(`${name} has ${value.length} entries, at most ${max} are read`)
    return value.map((item, index) => this.descriptor(item, `${name}[${index}]`))
  }

  digest(value: unknown, name: string): Digest {
    const text = this.string(value, name)
    try {
      return parseDigest(text)
    } catch (cause) {
      throw new OciError('content_invalid', `decoding ${this.#what}: ${name} is no digest`, { cause })
    }
  }

  platform(value: unknown, name: string): Platform {
    const members = this.object(value, name)
    const variant = this.optional(members.variant, 'string', `${name}.variant`)
    const osVersion = this.optional(members['os.version'], 'string', `${name}["os.version"]`)
    const osFeatures = this.optional(members['os.features'], 'strings', `${name}["os.features"]`)
    const platform: Mutable<Platform> = {
      os: this.optional(members.os, 'string', `${name}.os`) ?? '',
      architecture: this.optional(members.architecture, 'string', `${name}.architecture`) ?? '',
    }
    if (variant) platform.variant = variant
    if (osVersion) platform.osVersion = osVersion
    if (osFeatures) platform.osFeatures = osFeatures
    return platform
  }
}

/** What an optional member may be. */
type Kind = 'object' | 'string' | 'strings' | 'stringMap' | 'descriptor' | 'platform'

/**
 * The fields that are read of indexes, manifests, descriptors, platforms and configs, for `decodeJSON`. Builders are written in Go,
 * which takes `user` for `User`: whoever looked for one spelling only would see another image.
 */
export const FIELD_NAMES: ReadonlyMap<string, string> = new Map(
  (
    'schemaVersion mediaType artifactType manifests config layers subject annotations fsLayers signatures digest size platform ' +
    'os architecture variant os.version os.features created Labels Env User Volumes WorkingDir OnBuild'
  )
    .split(' ')
    .map(name => [foldCase(name), name]),
)

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

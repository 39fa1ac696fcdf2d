import type { Platform } from '@source-policy/core'
import { type Digest, parseDigest } from './digest.ts'
import { OciError, quote } from './error.ts'

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

/** Reads members of one document and names it in errors. */
export interface MemberReader {
  fail(problem: string): never
  object(value: unknown, name: string): Members
  string(value: unknown, name: string): string
  /** Undefined where the member is missing or null, as Go reads it. */
  optional<T>(value: unknown, read: (value: unknown, name: string) => T, name: string): T | undefined
  strings(value: unknown, name: string): string[]
  stringMap(value: unknown, name: string): Record<string, string>
  descriptor(value: unknown, name: string): Descriptor
  descriptors(value: unknown, name: string, max: number): Descriptor[]
}

/** A reader whose errors are `content_invalid` and begin with `what`. */
export function memberReader(what: string): MemberReader {
  const fail = (problem: string): never => {
    throw new OciError('content_invalid', `decoding ${what}: ${problem}`)
  }
  const isObject = (value: unknown): value is Members =>
    typeof value === 'object' && value !== null && !Array.isArray(value)

  const reader: MemberReader = {
    fail,
    object: (value, name) => (isObject(value) ? value : fail(`${name} is not an object`)),
    string: (value, name) => (typeof value === 'string' ? value : fail(`${name} is not a string`)),
    optional: (value, read, name) => (value === undefined || value === null ? undefined : read(value, name)),
    strings: (value, name) =>
      Array.isArray(value)
        ? value.map((item, index) => reader.string(item, `${name}[${index}]`))
        : fail(`${name} is not an array`),
    stringMap(value, name) {
      const map: Record<string, string> = Object.create(null)
      for (const [key, item] of Object.entries(reader.object(value, name))) {
        map[key] = reader.string(item, `${name}[${quote(key)}]`)
      }
      return map
    },
    descriptor(value, name) {
      const members = reader.object(value, name)
      const { size } = members
      if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return fail(`${name}.size is no size`)
      const mediaType = reader.string(members.mediaType, `${name}.mediaType`)
      if (mediaType === '') fail(`${name}.mediaType is empty`)
      const platform = reader.optional(members.platform, readPlatform, `${name}.platform`)
      const annotations = reader.optional(members.annotations, reader.stringMap, `${name}.annotations`)
      const artifactType = reader.optional(members.artifactType, reader.string, `${name}.artifactType`)
      return {
        mediaType,
        digest: readDigest(members.digest, `${name}.digest`),
        size,
        ...(platform && { platform }),
        ...(annotations && { annotations }),
        ...(artifactType && { artifactType }),
      }
    },
    descriptors(value, name, max) {
      if (!Array.isArray(value)) return fail(`${name} is not an array`)
      if (value.length > max) fail(`${name} has ${value.length} entries, at most ${max} are read`)
      return value.map((item, index) => reader.descriptor(item, `${name}[${index}]`))
    },
  }

  function readDigest(value: unknown, name: string): Digest {
    try {
      return parseDigest(reader.string(value, name))
    } catch (cause) {
      if (cause instanceof OciError && cause.code === 'content_invalid') throw cause
      throw new OciError('content_invalid', `decoding ${what}: ${name} is no digest`, { cause })
    }
  }

  function readPlatform(value: unknown, name: string): Platform {
    const members = reader.object(value, name)
    const variant = reader.optional(members.variant, reader.string, `${name}.variant`)
    const osVersion = reader.optional(members['os.version'], reader.string, `${name}["os.version"]`)
    const osFeatures = reader.optional(members['os.features'], reader.strings, `${name}["os.features"]`)
    return {
      os: reader.optional(members.os, reader.string, `${name}.os`) ?? '',
      architecture: reader.optional(members.architecture, reader.string, `${name}.architecture`) ?? '',
      ...(variant && { variant }),
      ...(osVersion && { osVersion }),
      ...(osFeatures && { osFeatures }),
    }
  }

  return reader
}

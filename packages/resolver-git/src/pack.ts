import { type ByteReader, createByteReader } from './byte-reader.ts'
import { applyDelta } from './delta.ts'
import { GitError } from './error.ts'
import { type GitObject, hashObject, type ObjectFormat, type ObjectType } from './git-hash.ts'
import { inflateNext } from './inflate.ts'
import { HELD_OBJECT_BYTES, MAX_HELD_BYTES, MAX_OBJECT_BYTES } from './limits.ts'
import { add } from './multimap.ts'

/** Types of entries as gitformat-pack numbers them. */
const entryTypes: Readonly<Record<number, ObjectType | 'offset-delta' | 'reference-delta'>> = {
  1: 'commit',
  2: 'tree',
  3: 'blob',
  4: 'tag',
  6: 'offset-delta',
  7: 'reference-delta',
}
const hashBytes: Readonly<Record<ObjectFormat, number>> = { sha1: 20, sha256: 32 }

export interface PackOptions {
  readonly format: ObjectFormat
  /** Default: MAX_OBJECT_BYTES. */
  readonly maxObjectBytes?: number
  /** Default: MAX_HELD_BYTES. */
  readonly maxHeldBytes?: number
  /** Whether trees and files are wanted as well; those that are too large are passed over. Default: false. */
  readonly withTrees?: boolean
}

/**
 * The commits and tags of a pack as they come, deltas resolved, each with the hash of its bytes; trees and files are
 * passed over unless they are wanted. Whoever stops taking objects stops the reading of the pack.
 * Throws `malformed_response`, `truncated` or `too_large`.
 *
 * @see https://git-scm.com/docs/gitformat-pack
 */
export async function* readPack(
  source: AsyncIterable<Uint8Array>,
  { format, maxObjectBytes = MAX_OBJECT_BYTES, maxHeldBytes = MAX_HELD_BYTES, withTrees = false }: PackOptions,
): AsyncGenerator<GitObject, void, undefined> {
  const chunks = source[Symbol.asyncIterator]()
  const { reader, offset } = countingReader(createByteReader(chunks, 'a pack'))
  const byOffset = new Map<number, GitObject>()
  const byHash = new Map<string, GitObject>()
  /** Deltas against objects that have not come yet, by the hash of the base. */
  const waiting = new Map<string, { delta: Uint8Array; at: number }[]>()
  let held = 0

  const hold = (bytes: number, what: string) => {
    held += bytes + HELD_OBJECT_BYTES
    if (held > maxHeldBytes)
      throw new GitError('too_large', `reading a pack: ${what}: at most ${maxHeldBytes} bytes are held`)
  }
  const keep = (type: ObjectType, content: Uint8Array, at: number): GitObject => {
    hold(content.length, 'its objects')
    const object = hashObject(type, content, format)
    byOffset.set(at, object)
    byHash.set(object.hash, object)
    return object
  }
  const resolve = (base: GitObject, delta: Uint8Array, at: number): GitObject =>
    keep(base.type, applyDelta(base.content, delta, maxObjectBytes), at)
  /** The object and all that waited for it, directly or not. */
  const withDependents = (object: GitObject): GitObject[] => {
    const ready = [object]
    for (const base of ready) {
      const dependents = waiting.get(base.hash) ?? []
      waiting.delete(base.hash)
      for (const { delta, at } of dependents) {
        held -= delta.length + HELD_OBJECT_BYTES
        ready.push(resolve(base, delta, at))
      }
    }
    return ready
  }

  try {
    const count = await readHeader(reader)
    for (let index = 0; index < count; index++) {
      const at = offset()
      const { type, size } = await readEntryHeader(reader)
      if ((type === 'tree' || type === 'blob') && (!withTrees || size > maxObjectBytes)) {
        await inflateNext(reader, size, false)
        continue
      }
      if (type !== 'offset-delta' && type !== 'reference-delta') {
        if (size > maxObjectBytes) throw tooLarge(size, maxObjectBytes)
        yield* withDependents(keep(type, await inflateNext(reader, size, true), at))
        continue
      }
      const baseHash = type === 'reference-delta' ? hex(await reader.read(hashBytes[format])) : undefined
      const base = baseHash === undefined ? byOffset.get(at - (await readBaseOffset(reader))) : byHash.get(baseHash)
      // the base of an offset stands before it: unless it was held it is a tree or a file, and so is this
      const isPassedOver = base === undefined && baseHash === undefined
      // half of the room is for what is not waiting
      const hasRoom = held + size + HELD_OBJECT_BYTES <= maxHeldBytes / 2
      const isHeld = !isPassedOver && size <= maxObjectBytes && (base !== undefined || hasRoom)
      const delta = await inflateNext(reader, size, isHeld)
      if (base !== undefined) {
        if (!isHeld) throw tooLarge(size, maxObjectBytes)
        yield* withDependents(resolve(base, delta, at))
      } else if (baseHash !== undefined && isHeld) {
        // most likely a tree's: where there is no room it is let go, and what is then missing is not found
        hold(delta.length, 'deltas')
        add(waiting, baseHash, { delta, at })
      }
    }
  } finally {
    await chunks.return?.()
  }
}

/** The reader, and how far it has come. */
function countingReader(inner: ByteReader): { reader: ByteReader; offset: () => number } {
  let position = 0
  const skip = (count: number) => {
    position += count
    inner.skip(count)
  }
  const reader: ByteReader = {
    get buffered() {
      return inner.buffered
    },
    fill: inner.fill,
    skip,
    async read(count) {
      const bytes = await inner.read(count)
      position += count
      return bytes
    },
  }
  return { reader, offset: () => position }
}

async function readHeader(reader: ByteReader): Promise<number> {
  const header = Buffer.from(await reader.read(12))
  const version = header.readUInt32BE(4)
  if (header.toString('latin1', 0, 4) !== 'PACK' || (version !== 2 && version !== 3)) {
    throw new GitError('malformed_response', 'reading a pack: it does not begin as one of version 2')
  }
  return header.readUInt32BE(8)
}

async function readByte(reader: ByteReader): Promise<number> {
  return (await reader.read(1))[0]!
}

async function readEntryHeader(reader: ByteReader) {
  let byte = await readByte(reader)
  const type = entryTypes[(byte >> 4) & 0x07]
  if (type === undefined) throw new GitError('malformed_response', 'reading a pack: an object of no type')
  let size = byte & 0x0f
  for (let scale = 16; byte >= 0x80; scale *= 128) {
    byte = await readByte(reader)
    size += (byte & 0x7f) * scale
    if (!Number.isSafeInteger(size))
      throw new GitError('malformed_response', 'reading a pack: the size of an object is none')
  }
  return { type, size }
}

async function readBaseOffset(reader: ByteReader): Promise<number> {
  let byte = await readByte(reader)
  let distance = byte & 0x7f
  while (byte >= 0x80) {
    byte = await readByte(reader)
    distance = (distance + 1) * 128 + (byte & 0x7f)
    if (!Number.isSafeInteger(distance)) throw new GitError('malformed_response', 'reading a pack: an offset is none')
  }
  return distance
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function tooLarge(size: number, limit: number): GitError {
  return new GitError('too_large', `reading a pack: a commit or tag of ${size} bytes, at most ${limit} are read`)
}

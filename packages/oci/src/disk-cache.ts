import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type CodedError, toCodedError } from '@source-policy/core'
import type { ContentCache } from './content-cache.ts'
import { type Digest, digestAlgorithm, digestHex, digestOf, isDigest, verifyDigest } from './digest.ts'
import { MAX_CACHE_BYTES, MAX_CACHE_RECORD_BYTES } from './limits.ts'

/** An entry that could not be used or kept. */
export interface CacheProblem {
  /** `altered`: its bytes are not what they were; it was removed. */
  readonly kind: 'altered' | 'unreadable' | 'unwritable'
  /** The digest, or the key of a record. */
  readonly entry: string
  readonly error?: CodedError
}

export interface DiskCacheOptions {
  /** Made where it does not exist. */
  readonly directory: string
  /** Bytes of all entries; the ones that were used longest ago go first. Default: 1 GiB. */
  readonly maxBytes?: number
  /** Called for each entry that is altered, unreadable or cannot be written. */
  readonly onProblem?: (problem: CacheProblem) => void
}

export interface DiskCache extends ContentCache {
  /** Removes the entries that were used longest ago until the limit holds. Runs by itself now and then. */
  prune(): Promise<void>
  /** Resolves when everything that was to be written is. */
  settled(): Promise<void>
}

/** How exactly the last use of an entry is known. */
const TOUCH_AFTER_MS = 60 * 60_000
/** Between two prunings so much of the limit may be written on top of it. */
const PRUNE_FRACTION = 0.1
/** A temporary file of this age was left behind by a process that died. */
const ABANDONED_MS = 60 * 60_000

/**
 * A content-addressed cache in a directory: `<algorithm>/<hex>` for content, `record/<hex>` for records.
 * Entries appear by an atomic rename, so processes may share it; what is read is hashed each time.
 */
export function createDiskCache({ directory, maxBytes = MAX_CACHE_BYTES, onProblem }: DiskCacheOptions): DiskCache {
  let unpruned = 0
  let pruning: Promise<void> | undefined
  const writing = new Set<Promise<void>>()

  const contentFile = (digest: Digest) => path.join(directory, digestAlgorithm(digest), digestHex(digest))
  const recordFile = (key: string) => path.join(directory, 'record', digestHex(digestOf(Buffer.from(key))))
  const report = (kind: CacheProblem['kind'], entry: string, thrown?: unknown) =>
    onProblem?.({ kind, entry, ...(thrown !== undefined && { error: toCodedError(thrown) }) })

  const load = async (file: string, entry: string, limit: number): Promise<Buffer | undefined> => {
    try {
      return await readUsed(file, limit)
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ENOENT') report('unreadable', entry, error)
      return undefined
    }
  }

  const discard = async (file: string, entry: string) => {
    report('altered', entry)
    await rm(file, { force: true }).catch((error: unknown) => report('unwritable', entry, error))
  }

  const store = async (file: string, entry: string, bytes: Uint8Array) => {
    if (bytes.byteLength > maxBytes) return
    const temporary = path.join(directory, 'tmp', randomUUID())
    const put = async () => {
      await writeFile(temporary, bytes, { mode: 0o600, flag: 'wx' })
      await rename(temporary, file)
    }
    try {
      await put().catch(async (error: unknown) => {
        if ((error as { code?: unknown }).code !== 'ENOENT') throw error
        for (const parent of [temporary, file].map(name => path.dirname(name))) {
          await mkdir(parent, { recursive: true, mode: 0o700 })
        }
        await rm(temporary, { force: true })
        await put()
      })
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined)
      report('unwritable', entry, error)
      return
    }
    unpruned += bytes.byteLength
    if (unpruned > maxBytes * PRUNE_FRACTION) await cache.prune()
  }

  const track = (write: Promise<void>): Promise<void> => {
    writing.add(write)
    return write.finally(() => writing.delete(write))
  }

  const cache: DiskCache = {
    async read(digest, { maxBytes: limit }) {
      const file = contentFile(digest)
      const bytes = await load(file, digest, limit)
      if (bytes === undefined) return undefined
      try {
        verifyDigest(bytes, digest, 'the cache')
      } catch {
        // the entry is reported and removed; what it was before is fetched again
        await discard(file, digest)
        return undefined
      }
      return bytes
    },
    async write(digest, bytes) {
      verifyDigest(bytes, digest, 'what is to be cached')
      await track(store(contentFile(digest), digest, bytes))
    },
    async readRecord(key) {
      const file = recordFile(key)
      const bytes = await load(file, key, MAX_CACHE_RECORD_BYTES)
      if (bytes === undefined) return undefined
      const value = openRecord(bytes.toString(), key)
      if (value === undefined) await discard(file, key)
      return value
    },
    async writeRecord(key, value) {
      await track(store(recordFile(key), key, Buffer.from(sealRecord(key, value))))
    },
    async settled() {
      while (writing.size > 0) await Promise.all(writing)
    },
    prune() {
      pruning ??= pruneDirectory(directory, maxBytes)
        .catch((error: unknown) => report('unwritable', directory, error))
        .finally(() => {
          pruning = undefined
          unpruned = 0
        })
      return pruning
    },
  }
  return cache
}

/** The digest of key and value stands before them, so that a record is noticed that was altered or moved. */
function sealRecord(key: string, value: string): string {
  return `${digestOf(Buffer.from(JSON.stringify([key, value])))}\n${value}`
}

function openRecord(text: string, key: string): string | undefined {
  const line = text.indexOf('\n')
  const digest = text.slice(0, Math.max(line, 0))
  const value = text.slice(line + 1)
  return isDigest(digest) && sealRecord(key, value) === text ? value : undefined
}

/** The bytes of a file; its time of change says when it was last used, to the hour. */
async function readUsed(file: string, limit: number): Promise<Buffer | undefined> {
  const handle = await open(file, 'r')
  try {
    const { size, mtimeMs } = await handle.stat()
    if (size > limit) return undefined
    const bytes = await handle.readFile()
    const now = new Date()
    // another process may have removed it meanwhile, or it is not ours to touch
    if (now.getTime() - mtimeMs > TOUCH_AFTER_MS) await utimes(file, now, now).catch(() => undefined)
    return bytes
  } finally {
    await handle.close()
  }
}

interface Entry {
  readonly file: string
  readonly size: number
  readonly usedMs: number
}

async function pruneDirectory(directory: string, maxBytes: number): Promise<void> {
  const entries = await listEntries(directory)
  const isTemporary = ({ file }: Entry) => path.dirname(file) === path.join(directory, 'tmp')
  const abandoned = entries.filter(entry => isTemporary(entry) && entry.usedMs < Date.now() - ABANDONED_MS)
  const kept = entries.filter(entry => !isTemporary(entry)).sort((a, b) => a.usedMs - b.usedMs)
  let total = kept.reduce((sum, { size }) => sum + size, 0)
  const surplus = kept.filter(({ size }) => {
    if (total <= maxBytes) return false
    total -= size
    return true
  })
  for (const { file } of [...abandoned, ...surplus]) await rm(file, { force: true })
}

async function listEntries(directory: string): Promise<Entry[]> {
  const names = await readdir(directory, { recursive: true, withFileTypes: true })
  const entries: Entry[] = []
  for (const name of names) {
    if (!name.isFile()) continue
    const file = path.join(name.parentPath, name.name)
    const status = await stat(file).catch(() => undefined)
    // another process may have removed it meanwhile
    if (status !== undefined) entries.push({ file, size: status.size, usedMs: status.mtimeMs })
  }
  return entries
}

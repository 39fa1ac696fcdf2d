import { randomUUID } from 'node:crypto'
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  type Stats,
  statSync,
  utimesSync,
} from 'node:fs'
import { readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type CodedError, toCodedError } from '@source-policy/core'
import type { ContentCache } from './content-cache.ts'
import {
  DIGEST_ALGORITHMS,
  type Digest,
  digestAlgorithm,
  digestHex,
  digestOf,
  isDigest,
  verifyDigest,
} from './digest.ts'
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

/** Milliseconds without anything new to write, after which it is written: fetching goes first. */
const QUIET_MS = 50
/** Bytes that wait to be written at most. */
const MAX_WAITING_BYTES = 16 * 1024 ** 2
/** How exactly the last use of an entry is known. */
const TOUCH_AFTER_MS = 60 * 60_000
/** Between two prunings so much of the limit may be written on top of it. */
const PRUNE_FRACTION = 0.1
/** After so long a folder that was not there is looked for again: another process may have made it. */
const LOOK_AGAIN_MS = 1000
/** What of the directory is ours; whatever else lies there stays. */
const TEMPORARY = 'tmp'
const RECORDS = 'record'
const ENTRIES = [...DIGEST_ALGORITHMS, RECORDS]
/** A temporary file of this age was left behind by a process that died. */
const ABANDONED_MS = 60 * 60_000

/**
 * A content-addressed cache in a directory: `<algorithm>/<hex>` for content, `record/<hex>` for records.
 * Entries appear by an atomic rename, so processes may share it; what is read is hashed each time.
 *
 * Entries are small: to read one costs less than to ask the thread pool for it. To make a file costs much more, and waits until
 * nothing new came for a moment.
 */
export function createDiskCache({ directory, maxBytes = MAX_CACHE_BYTES, onProblem }: DiskCacheOptions): DiskCache {
  let unpruned = 0
  let pruning: Promise<void> | undefined
  let writing: Promise<void> | undefined
  let beginWriting = () => {}
  let timer: NodeJS.Timeout | undefined
  /** By digest, or by the key of a record. */
  const waiting = new Map<string, Entry>()
  let waitingBytes = 0
  /** Folders that are there, or when they were looked for in vain: where nothing was ever kept, each entry is not worth a look. */
  const folders = new Map<string, true | number>()

  const contentFolders = new Map(DIGEST_ALGORITHMS.map(algorithm => [algorithm, path.join(directory, algorithm)]))
  const folderOf = (digest: Digest) => contentFolders.get(digestAlgorithm(digest))!
  const contentFile = (digest: Digest) => path.join(folderOf(digest), digestHex(digest))
  const records = path.join(directory, RECORDS)
  const recordFile = (key: string) => path.join(records, digestHex(digestOf(Buffer.from(key))))
  const report = (kind: CacheProblem['kind'], entry: string, thrown?: unknown) =>
    onProblem?.({ kind, entry, ...(thrown !== undefined && { error: toCodedError(thrown) }) })

  const isThere = (folder: string): boolean => {
    const known = folders.get(folder)
    if (known === true) return true
    const now = performance.now()
    if (known !== undefined && now - known < LOOK_AGAIN_MS) return false
    const is = isDirectory(folder)
    folders.set(folder, is || now)
    return is
  }

  const makeFolder = (folder: string) => {
    if (folders.get(folder) === true) return
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    folders.set(directory, true).set(folder, true)
  }

  const load = (entry: string, folder: string, file: () => string, limit: number): Uint8Array | undefined => {
    const own = waiting.get(entry)?.bytes()
    if (own !== undefined) return own.byteLength > limit ? undefined : own
    try {
      return isThere(directory) && isThere(folder) ? readUsed(file(), limit) : undefined
    } catch (error) {
      report('unreadable', entry, error)
      return undefined
    }
  }

  const discard = (file: string, entry: string) => {
    report('altered', entry)
    try {
      rmSync(file, { force: true })
    } catch (error) {
      report('unwritable', entry, error)
    }
  }

  const store = async (name: string, entry: Entry) => {
    const bytes = entry.bytes()
    if (bytes.byteLength > maxBytes) return
    const file = entry.file()
    const temporary = path.join(directory, TEMPORARY, randomUUID())
    const put = async () => {
      makeFolder(path.dirname(temporary))
      makeFolder(path.dirname(file))
      await writeFile(temporary, bytes, { mode: 0o600, flag: 'wx' })
      await rename(temporary, file)
    }
    try {
      if (isDigest(name)) verifyDigest(bytes, name, 'what is to be cached')
      // most of what comes by a tag is what was there before
      if (readUsed(file, bytes.byteLength)?.equals(bytes)) return
      await put().catch(async (error: unknown) => {
        if (!isMissing(error)) throw error
        // somebody removed a folder
        folders.clear()
        await rm(temporary, { force: true })
        await put()
      })
      unpruned += bytes.byteLength
    } catch (error) {
      report('unwritable', name, error)
      // what cannot be written can seldom be removed; it is told already, and pruning clears it away
      await rm(temporary, { force: true }).catch(() => undefined)
    }
  }

  const writeAll = async () => {
    clearTimeout(timer)
    timer = undefined
    while (waiting.size > 0) {
      await Promise.all(
        Array.from(waiting, async ([name, entry]) => {
          await store(name, entry)
          // something newer may wait by now
          if (waiting.get(name) !== entry) return
          waiting.delete(name)
          waitingBytes -= entry.size
        }),
      )
    }
    writing = undefined
    if (unpruned > maxBytes * PRUNE_FRACTION) await cache.prune()
  }

  const keep = (name: string, entry: Entry): Promise<void> => {
    waitingBytes += entry.size - (waiting.get(name)?.size ?? 0)
    waiting.set(name, entry)
    writing ??= new Promise<void>(resolve => {
      beginWriting = resolve
      timer = setTimeout(resolve, QUIET_MS)
    }).then(writeAll)
    if (waitingBytes < MAX_WAITING_BYTES) timer?.refresh()
    else beginWriting()
    return writing
  }

  const cache: DiskCache = {
    async read(digest, { maxBytes: limit }) {
      const file = () => contentFile(digest)
      const bytes = load(digest, folderOf(digest), file, limit)
      if (bytes === undefined) return undefined
      try {
        verifyDigest(bytes, digest, 'the cache')
      } catch {
        // the entry is reported and removed; what it was before is fetched again
        discard(file(), digest)
        return undefined
      }
      return bytes
    },
    write(digest, bytes) {
      return keep(digest, { size: bytes.byteLength, file: () => contentFile(digest), bytes: () => bytes })
    },
    async readRecord(key) {
      const file = () => recordFile(key)
      const bytes = load(key, records, file, MAX_CACHE_RECORD_BYTES)
      if (bytes === undefined) return undefined
      const value = openRecord(Buffer.from(bytes).toString(), key)
      if (value === undefined) discard(file(), key)
      return value
    },
    writeRecord(key, value) {
      const bytes = () => Buffer.from(sealRecord(key, value))
      return keep(key, { size: value.length, file: () => recordFile(key), bytes })
    },
    async settled() {
      beginWriting()
      await writing
      await pruning
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

/** The bytes of a file, undefined where there are none or too many; its time of change says when it was last used, to the hour. */
function readUsed(file: string, limit: number): Buffer | undefined {
  // most are asked for in vain, and an error costs more than a second look
  if (statOf(file) === undefined) return undefined
  let handle: number
  try {
    handle = openSync(file, 'r')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  try {
    const { size, mtimeMs } = fstatSync(handle)
    if (size > limit) return undefined
    const bytes = readFileSync(handle)
    const now = new Date()
    if (now.getTime() - mtimeMs > TOUCH_AFTER_MS) touch(file, now)
    return bytes
  } finally {
    closeSync(handle)
  }
}

/** Whether the folder is there. Throws where it is something else: versions of Node differ in what a file beneath it then is. */
function isDirectory(folder: string): boolean {
  const stat = statOf(folder)
  if (stat?.isDirectory() === false) throw Object.assign(new Error(`${folder} is no directory`), { code: 'ENOTDIR' })
  return stat !== undefined
}

/** Undefined where nothing is there. */
function statOf(file: string): Stats | undefined {
  return statSync(file, { throwIfNoEntry: false })
}

function touch(file: string, now: Date): void {
  try {
    utimesSync(file, now, now)
  } catch {
    // another process may have removed it meanwhile, or it is not ours to touch
  }
}

function isMissing(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'ENOENT'
}

/** What is to be written; where and how is worked out when it is. */
interface Entry {
  readonly size: number
  readonly file: () => string
  readonly bytes: () => Uint8Array
}

interface StoredFile {
  readonly file: string
  readonly size: number
  readonly usedMs: number
}

async function pruneDirectory(directory: string, maxBytes: number): Promise<void> {
  const temporary = await listFiles(path.join(directory, TEMPORARY))
  const abandoned = temporary.filter(({ usedMs }) => usedMs < Date.now() - ABANDONED_MS)
  const entries = await Promise.all(ENTRIES.map(name => listFiles(path.join(directory, name))))
  const kept = entries.flat().sort((a, b) => a.usedMs - b.usedMs)
  let total = kept.reduce((sum, { size }) => sum + size, 0)
  const surplus = kept.filter(({ size }) => {
    if (total <= maxBytes) return false
    total -= size
    return true
  })
  for (const { file } of [...abandoned, ...surplus]) await rm(file, { force: true })
}

async function listFiles(directory: string): Promise<StoredFile[]> {
  const names = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    if (isMissing(error)) return []
    throw error
  })
  const files: StoredFile[] = []
  for (const name of names) {
    if (!name.isFile()) continue
    const file = path.join(directory, name.name)
    const status = await stat(file).catch(() => undefined)
    // another process may have removed it meanwhile
    if (status !== undefined) files.push({ file, size: status.size, usedMs: status.mtimeMs })
  }
  return files
}

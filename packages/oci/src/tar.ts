import { OciError } from './error.ts'
import { MAX_TAR_ENTRIES } from './limits.ts'

const BLOCK_BYTES = 512
const MAX_HEADER_EXTENSION_BYTES = 64 * 1024
const MAX_PATH_LENGTH = 4096

/** Where the bytes of a file lie in an archive. */
export interface TarEntry {
  readonly offset: number
  readonly size: number
}

/** Another name of something else in an archive. */
export interface TarLink {
  /** A symbolic link is relative to its directory, another one to the root of the archive. */
  readonly isSymbolic: boolean
  readonly target: string
}

/** What an archive has, by path from its root: without `.`, empty parts and slashes around it. */
export interface TarListing {
  readonly files: ReadonlyMap<string, TarEntry>
  readonly links: ReadonlyMap<string, TarLink>
}

/** The bytes of an archive. */
export interface TarBytes {
  readonly size: number
  /** Fewer bytes where the archive ends. */
  read(offset: number, length: number): Buffer | Promise<Buffer>
}

/**
 * The regular files and links of an uncompressed tar archive, without reading them. Throws `layout_invalid`, also for all that
 * readers may take in different ways: whoever reads the archive after this must find the same files.
 *
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06
 */
export async function listTar({ size: total, ...archive }: TarBytes, what: string): Promise<TarListing> {
  const fail = (problem: string): never => {
    throw new OciError('layout_invalid', `reading ${what}: ${problem}`)
  }
  const read = async (offset: number, length: number): Promise<Buffer> => {
    const bytes = await archive.read(offset, length)
    return bytes.length === length ? bytes : fail('the archive is cut')
  }
  const files = new Map<string, TarEntry>()
  const links = new Map<string, TarLink>()
  const root = newPlace()
  let offset = 0
  let extensions = new Map<string, string>()
  for (let entries = 0; offset + BLOCK_BYTES <= total; entries++) {
    if (entries > MAX_TAR_ENTRIES) fail(`more than ${MAX_TAR_ENTRIES} entries`)
    const header = await read(offset, BLOCK_BYTES)
    if (header.every(byte => byte === 0)) break
    if (!isTarHeader(header)) fail(`no tar header at offset ${offset}`)
    const written = readNumber(header, 124, 12) ?? fail('a size is no number')
    const size = extensions.has('size') ? Number(extensions.get('size')) : written
    const content = offset + BLOCK_BYTES
    if (size > total - content) fail('the archive is cut')
    const type = String.fromCharCode(header[156] ?? 0)
    offset = content + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES
    if (type === 'L' || type === 'K' || type === 'x') {
      if (size > MAX_HEADER_EXTENSION_BYTES) fail('an extended header is too large')
      const extension = await read(content, size)
      const given =
        type === 'x'
          ? (readRecords(extension) ?? fail('an extended header is malformed'))
          : new Map([[type === 'L' ? 'path' : 'linkpath', text(extension, 0, size)]])
      for (const [key, value] of given) {
        // which of two counts, and what none means, is each reader's own matter
        if (extensions.has(key) || value === '') fail(`an extended header says ${key} twice, or nothing of it`)
        if (key.startsWith('GNU.sparse.')) fail('a file is sparse')
        if (key === 'size' && !/^\d{1,15}$/.test(value)) fail('a size is no number')
        extensions.set(key, value)
      }
      continue
    }
    const kind = kinds.get(type) ?? fail(`an entry is of the type ${JSON.stringify(type)}`)
    const path = extensions.get('path') ?? headerName(header) ?? fail('a name goes on in a way of its own')
    const target = extensions.get('linkpath') ?? text(header, 157, 100)
    extensions = new Map()
    if (kind === 'global') {
      // where these are none, Go takes the header for none
      const isSmall = size <= MAX_HEADER_EXTENSION_BYTES
      if (!isSmall || readRecords(await read(content, size)) === undefined) fail('an extended header is malformed')
      continue
    }
    if (kind !== 'file' && size !== 0) fail('what is no file has content')
    const parts = path.split('/').filter(part => part !== '' && part !== '.')
    if (path.length > MAX_PATH_LENGTH || parts.includes('..')) fail('a name leads out, or is too long')
    if (kind !== 'directory' && (parts.length === 0 || path.endsWith('/')))
      fail('what is no directory is called like one')
    const problem = occupy(root, parts, kind === 'directory')
    if (problem !== undefined) fail(problem)
    const name = parts.join('/')
    if (kind === 'file') files.set(name, { offset: content, size })
    else if (kind === 'link' || kind === 'symlink') links.set(name, { isSymbolic: kind === 'symlink', target })
  }
  return { files, links }
}

/** Entries that all readers take alike: not those that are sparse, or go on in another archive. */
const kinds: ReadonlyMap<string, 'file' | 'link' | 'symlink' | 'directory' | 'device' | 'global'> = new Map([
  ['0', 'file'],
  ['\0', 'file'],
  ['1', 'link'],
  ['2', 'symlink'],
  ['3', 'device'],
  ['4', 'device'],
  ['5', 'directory'],
  ['6', 'device'],
  ['g', 'global'],
])

interface TarPlace {
  readonly places: Map<string, TarPlace>
  isDirectory: boolean
}

function newPlace(): TarPlace {
  return { places: new Map(), isDirectory: true }
}

/** Takes a place in an archive. Says what is wrong where another entry would have to make way, or leads elsewhere. */
function occupy(root: TarPlace, parts: readonly string[], isDirectory: boolean): string | undefined {
  let at = root
  let isNew = false
  for (const part of parts) {
    if (!at.isDirectory) return 'something lies beneath what is no directory'
    const next = at.places.get(part)
    isNew = next === undefined
    const place = next ?? newPlace()
    at.places.set(part, place)
    at = place
  }
  if (isDirectory) return at.isDirectory ? undefined : 'a name stands twice'
  at.isDirectory = false
  return isNew ? undefined : 'a name stands twice'
}

/** Whether any reader could take a block for the beginning of an archive: its sum is right, its bytes with a sign or without. */
export function mayBeTarHeader(header: Buffer): boolean {
  if (header.length < BLOCK_BYTES) return false
  const negative = header.reduce((sum, byte, at) => (byte < 128 || (at >= 148 && at < 156) ? sum : sum + 256), 0)
  const sum = checksumOf(header)
  const stated = goNumber(header, 148, 8)
  return stated === BigInt(sum) || stated === BigInt(sum - negative)
}

/** Mode, owner, group, size, time: offset and length. */
const numbers = [
  [100, 8],
  [108, 8],
  [116, 8],
  [124, 12],
  [136, 12],
] as const
/** Those of a device, where there is a magic. */
const newerNumbers = [
  [329, 8],
  [337, 8],
] as const

/** Whether a block begins an entry that every reader takes for one: its sum is right, and so are its numbers. */
export function isTarHeader(header: Buffer): boolean {
  if (header.length < BLOCK_BYTES || readNumber(header, 148, 8) !== checksumOf(header)) return false
  const isNewer = header.toString('latin1', 257, 262) === 'ustar'
  return [...numbers, ...(isNewer ? newerNumbers : [])].every(
    ([offset, length]) => goNumber(header, offset, length) !== undefined,
  )
}

/**
 * A number as Go reads it: octal digits between spaces and zeros, or base 256 where the first bit is set. Undefined where it is
 * none, or has more than 64 bits: then Go takes the whole header for none.
 *
 * @see https://pkg.go.dev/archive/tar#Reader.Next
 */
function goNumber(bytes: Buffer, offset: number, length: number): bigint | undefined {
  const field = bytes.subarray(offset, offset + length)
  const first = field[0] ?? 0
  if (first < 0x80) {
    const [digits = ''] = field
      .toString('latin1')
      .replace(/^[ \0]+|[ \0]+$/g, '')
      .split('\0', 1)
    return /^[0-7]*$/.test(digits) ? BigInt(`0o${digits || '0'}`) : undefined
  }
  const whole = BigInt(`0x${field.toString('hex')}`)
  const value = first < 0xc0 ? BigInt.asUintN(8 * length - 1, whole) : BigInt.asIntN(8 * length, whole)
  return BigInt.asIntN(64, value) === value ? value : undefined
}

/** The name of an entry; undefined where the magic is not that of POSIX and something stands where only POSIX has more of it. */
function headerName(header: Buffer): string | undefined {
  const name = text(header, 0, 100)
  const prefix = text(header, 345, 155)
  if (text(header, 257, 6) === 'ustar' && text(header, 508, 4) === '') return prefix === '' ? name : `${prefix}/${name}`
  return prefix === '' ? name : undefined
}

function text(bytes: Buffer, offset: number, length: number): string {
  const field = bytes.subarray(offset, offset + length)
  const end = field.indexOf(0)
  return field.subarray(0, end < 0 ? field.length : end).toString()
}

/** Octal digits; undefined where they are none (or base 256, which only files beyond 8 GiB need). */
function readNumber(bytes: Buffer, offset: number, length: number): number | undefined {
  const digits = text(bytes, offset, length).replace(/^ +| +$/g, '')
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : undefined
}

/** "the sum of the simple sum of all bytes in the header ... with the checksum field taken as blanks" */
function checksumOf(header: Buffer): number {
  let sum = 0
  for (let index = 0; index < BLOCK_BYTES; index++) sum += index >= 148 && index < 156 ? 32 : (header[index] ?? 0)
  return sum
}

/** `<length> <key>=<value>\n` */
function readRecords(bytes: Buffer): Map<string, string> | undefined {
  const records = new Map<string, string>()
  let offset = 0
  while (offset < bytes.length) {
    const length = /^(\d{1,6}) /.exec(bytes.subarray(offset, offset + 8).toString('latin1'))?.[1]
    if (length === undefined) return undefined
    const record = bytes.subarray(offset + length.length + 1, offset + Number(length))
    const equals = record.indexOf('=')
    if (record.includes(0)) return undefined
    if (records.has(record.subarray(0, equals).toString())) return undefined
    if (equals < 1 || record.at(-1) !== 10 || offset + Number(length) > bytes.length) return undefined
    records.set(record.subarray(0, equals).toString(), record.subarray(equals + 1, -1).toString())
    offset += Number(length)
  }
  return records
}

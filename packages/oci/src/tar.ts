import { OciError } from './error.ts'
import { MAX_TAR_ENTRIES } from './limits.ts'

const BLOCK_BYTES = 512
const MAX_HEADER_EXTENSION_BYTES = 64 * 1024

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

/** What an archive has, by name as it stands, without `./` before it. */
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
 * The regular files and links of an uncompressed tar archive, without reading them. Throws `layout_invalid`; a name that stands
 * twice is refused, since readers differ in which one they take.
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
  let offset = 0
  let longName: string | undefined
  let longTarget: string | undefined
  let longSize: number | undefined
  for (let entries = 0; offset + BLOCK_BYTES <= total; entries++) {
    if (entries > MAX_TAR_ENTRIES) fail(`more than ${MAX_TAR_ENTRIES} entries`)
    const header = await read(offset, BLOCK_BYTES)
    if (header.every(byte => byte === 0)) break
    if (readNumber(header, 148, 8) !== checksumOf(header)) fail(`no tar header at offset ${offset}`)
    const size = longSize ?? readNumber(header, 124, 12) ?? fail('a size is no number')
    const content = offset + BLOCK_BYTES
    if (size > total - content) fail('the archive is cut')
    const type = String.fromCharCode(header[156] ?? 0)
    offset = content + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES
    if (type === 'L' || type === 'K' || type === 'x') {
      if (size > MAX_HEADER_EXTENSION_BYTES) fail('an extended header is too large')
      const extension = await read(content, size)
      if (type === 'L') longName = text(extension, 0, size)
      else if (type === 'K') longTarget = text(extension, 0, size)
      else {
        const records = readRecords(extension) ?? fail('an extended header is malformed')
        longName = records.get('path') ?? longName
        longTarget = records.get('linkpath') ?? longTarget
        const given = records.get('size')
        if (given !== undefined) longSize = /^\d{1,15}$/.test(given) ? Number(given) : fail('a size is no number')
      }
      continue
    }
    if (kept.has(type)) {
      const prefix = text(header, 257, 5) === 'ustar' ? text(header, 345, 155) : ''
      const name = (longName ?? `${prefix === '' ? '' : `${prefix}/`}${text(header, 0, 100)}`).replace(/^(?:\.\/)+/, '')
      if (files.has(name) || links.has(name)) fail('a file stands twice')
      if (type === '1' || type === '2') {
        links.set(name, { isSymbolic: type === '2', target: longTarget ?? text(header, 157, 100) })
      } else files.set(name, { offset: content, size })
    }
    longName = undefined
    longTarget = undefined
    longSize = undefined
  }
  return { files, links }
}

/** Files, in old archives too, and links. */
const kept: ReadonlySet<string> = new Set(['0', '\0', '1', '2'])

function text(bytes: Buffer, offset: number, length: number): string {
  const field = bytes.subarray(offset, offset + length)
  const end = field.indexOf(0)
  return field.subarray(0, end < 0 ? field.length : end).toString()
}

/** Octal digits; undefined where they are none (or base 256, which only files beyond 8 GiB need). */
function readNumber(bytes: Buffer, offset: number, length: number): number | undefined {
  const digits = text(bytes, offset, length).trim()
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
    if (equals < 1 || record.at(-1) !== 10 || offset + Number(length) > bytes.length) return undefined
    records.set(record.subarray(0, equals).toString(), record.subarray(equals + 1, -1).toString())
    offset += Number(length)
  }
  return records
}

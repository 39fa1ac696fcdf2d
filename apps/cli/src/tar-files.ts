import { gunzipSync } from 'node:zlib'
import type { PolicyFiles } from '@source-policy/core'
import { listTar, type TarEntry, type TarLink } from '@source-policy/oci'
import { CliError } from './error.ts'
import { MAX_ARCHIVE_BYTES, MAX_ARCHIVE_LINKS } from './limits.ts'

const TAR_BLOCK_BYTES = 512

/** Files of an archive. */
export interface ArchiveFiles extends PolicyFiles {
  /** Paths of its regular files. */
  readonly names: readonly string[]
}

/** Compressions that BuildKit unpacks, by their first bytes. */
const compressions: readonly (readonly [name: string, magic: readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
]

/**
 * The files of a tar archive, plain or compressed by gzip; undefined where the bytes are none. Links and `..` end at the root of the
 * archive, as in a container. Throws `archive_unsupported`, and what listing an archive throws.
 */
export async function tarFiles(bytes: Uint8Array, what: string): Promise<ArchiveFiles | undefined> {
  const compression = compressions.find(([, magic]) => magic.every((byte, index) => bytes[index] === byte))?.[0]
  if (compression !== undefined && compression !== 'gzip') {
    throw new CliError('archive_unsupported', `reading ${what}: archives compressed by ${compression} are not unpacked`)
  }
  const archive = compression === undefined ? Buffer.from(bytes) : unzip(bytes, what)
  if (!isTar(archive)) {
    if (compression === undefined) return undefined
    throw new CliError('archive_unsupported', `reading ${what}: compressed, but no tar archive`)
  }
  const read = (offset: number, length: number) => archive.subarray(offset, offset + length)
  const { files, links } = await listTar({ size: archive.length, read }, what)
  const byPath = new Map(Array.from(files, ([name, entry]) => [cleanName(name), entry]))
  const linksByPath = new Map(Array.from(links, ([name, link]) => [cleanName(name), link]))
  return {
    names: [...byPath.keys()],
    async read(file, { maxBytes }) {
      const entry = find(file, byPath, linksByPath)
      if (entry === undefined) return undefined
      if (entry.size > maxBytes) throw new CliError('unreadable_file', `reading ${file}: larger than ${maxBytes} bytes`)
      return Uint8Array.from(read(entry.offset, entry.size))
    },
  }
}

function unzip(bytes: Uint8Array, what: string): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_ARCHIVE_BYTES })
  } catch (cause) {
    const isTooLarge = (cause as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE'
    const problem = isTooLarge ? `larger than ${MAX_ARCHIVE_BYTES} bytes unpacked` : 'its compression is broken'
    throw new CliError('archive_unsupported', `reading ${what}: ${problem}`, { cause })
  }
}

/** The magic of POSIX and GNU archives, or nothing but the end of one. */
function isTar(bytes: Buffer): boolean {
  if (bytes.length < TAR_BLOCK_BYTES) return false
  return bytes.toString('latin1', 257, 262) === 'ustar' || bytes.subarray(0, TAR_BLOCK_BYTES).every(byte => byte === 0)
}

function cleanName(name: string): string {
  return name
    .split('/')
    .filter(part => part !== '' && part !== '.')
    .join('/')
}

/** The file that a path leads to; links to directories are followed on the way. */
function find(
  file: string,
  files: ReadonlyMap<string, TarEntry>,
  links: ReadonlyMap<string, TarLink>,
): TarEntry | undefined {
  const todo = file.split('/').reverse()
  let at: string[] = []
  let followed = 0
  while (todo.length > 0) {
    const name = todo.pop() ?? ''
    if (name === '' || name === '.') continue
    if (name === '..') {
      at.pop()
      continue
    }
    const link = links.get([...at, name].join('/'))
    if (link === undefined) {
      at.push(name)
      continue
    }
    if (++followed > MAX_ARCHIVE_LINKS) return undefined
    if (!link.isSymbolic || link.target.startsWith('/')) at = []
    todo.push(...link.target.split('/').reverse())
  }
  return files.get(at.join('/'))
}

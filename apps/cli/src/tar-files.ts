import { gunzipSync } from 'node:zlib'
import type { PolicyFiles } from '@source-policy/core'
import { isTarHeader, listTar, mayBeTarHeader, type TarEntry, type TarLink } from '@source-policy/oci'
import { CliError } from './error.ts'
import { MAX_ARCHIVE_BYTES, MAX_LINKS } from './limits.ts'

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
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  // a frame to be skipped, which may hold anything
  ...Array.from({ length: 16 }, (_, low) => ['zstd', [0x50 + low, 0x2a, 0x4d, 0x18]] as const),
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
  if (compression === undefined && !mayBeTarHeader(archive.subarray(0, TAR_BLOCK_BYTES))) return undefined
  if (!isSurelyTar(archive)) {
    const problem =
      compression === undefined ? 'neither surely an archive nor surely none' : 'compressed, but no tar archive'
    throw new CliError('archive_unsupported', `reading ${what}: ${problem}`)
  }
  const read = (offset: number, length: number) => archive.subarray(offset, offset + length)
  const { files, links } = await listTar({ size: archive.length, read }, what)
  for (const [name, { isSymbolic, target }] of links) {
    // another name of a link is a link itself, to what its target means from there
    if (isSymbolic || files.has(cleanName(target)) || links.get(cleanName(target))?.isSymbolic === false) continue
    throw new CliError('archive_unsupported', `reading ${what}: ${JSON.stringify(name)} is another name of no file`)
  }
  return {
    names: [...files.keys()],
    async read(file, { maxBytes }) {
      const entry = find(file, files, links)
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

/** Blocks of the beginning that BuildKit looks at. */
const SEEN_BLOCKS = 2

/**
 * BuildKit takes for an archive what begins with a whole entry, and all else for a Dockerfile. Nothing of that may be left to the
 * reader: the same bytes could be a Dockerfile that builds something else.
 */
function isSurelyTar(bytes: Buffer): boolean {
  const type = bytes.toString('latin1', 156, 157)
  const size = Number.parseInt(bytes.toString('latin1', 124, 135), 8)
  const isWhole = type === 'g' ? size <= (SEEN_BLOCKS - 1) * TAR_BLOCK_BYTES : !['L', 'K', 'x'].includes(type)
  return isTarHeader(bytes.subarray(0, TAR_BLOCK_BYTES)) && isWhole
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
    if (++followed > MAX_LINKS) return undefined
    if (!link.isSymbolic || link.target.startsWith('/')) at = []
    todo.push(...link.target.split('/').reverse())
  }
  return files.get(at.join('/'))
}

import { realpath } from 'node:fs/promises'
import path from 'node:path'
import type { CacheProblem, DiskCache } from '@source-policy/oci/disk-cache'
import { isWithin } from './confined-files.ts'
import { CliError } from './error.ts'
import type { IO } from './io.ts'

export interface CacheOptions {
  readonly io: IO
  /** Directories that the cache must not lie in. */
  readonly buildRoots: readonly string[]
  /** Called with what is wrong with an entry, for people. */
  readonly onProblem: (notice: string) => void
}

/** The cache of `--cache-dir`; undefined where there is none. Throws `usage` where it would be part of what is built. */
export async function openCache(
  directory: string | undefined,
  { io, buildRoots, onProblem }: CacheOptions,
): Promise<DiskCache | undefined> {
  if (directory === undefined) return undefined
  if (directory === '') throw new CliError('usage', '--cache-dir: expected a directory')
  const wanted = await realPathOf(path.resolve(io.cwd, directory))
  for (const root of await Promise.all(buildRoots.map(realPathOf))) {
    // hostile: what is built would find the cache in its context, and could fill it beforehand
    if (isWithin(wanted, root)) {
      throw new CliError('usage', `--cache-dir ${directory}: it lies in the build context ${root}`)
    }
  }
  const { createDiskCache } = await import('@source-policy/oci/disk-cache')
  return createDiskCache({ directory: wanted, onProblem: problem => onProblem(noticeOf(problem)) })
}

const notices: Readonly<Record<CacheProblem['kind'], string>> = {
  altered: 'its bytes are not what they were: it was removed and is not used',
  unreadable: 'it cannot be read',
  unwritable: 'it cannot be written',
}

function noticeOf({ kind, entry, error }: CacheProblem): string {
  return `cache entry ${entry}: ${notices[kind]}${error === undefined ? '' : ` (${error.message})`}`
}

/** Without links, also where the end of the path does not exist yet. */
async function realPathOf(file: string): Promise<string> {
  const parent = path.dirname(file)
  const real = await realpath(file).catch(() => undefined)
  if (real !== undefined || parent === file) return real ?? file
  return path.join(await realPathOf(parent), path.basename(file))
}

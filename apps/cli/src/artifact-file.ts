import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import path from 'node:path'
import type { Digests } from '@source-policy/attestation'
import { CliError } from './error.ts'
import { MAX_HELD_ARTIFACT_BYTES } from './limits.ts'

/** A file that an attestation has to be about. */
export interface ArtifactFile {
  /** As the operator wrote it. */
  readonly file: string
  readonly digests: Digests
  /** All of it, where it is not too large to be held. */
  readonly bytes?: Uint8Array
}

const ALGORITHMS = ['sha256', 'sha384', 'sha512']

/** Hashes the file, however large it is. Throws `unreadable_file`. */
export async function readArtifact(file: string, { cwd, signal }: ArtifactContext): Promise<ArtifactFile> {
  let handle: FileHandle | undefined
  try {
    handle = await open(path.resolve(cwd, file), constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    const { size } = await regular(handle, file)
    const hashes = ALGORITHMS.map(name => createHash(name))
    const held: Buffer[] = []
    for await (const chunk of handle.createReadStream({ autoClose: false, signal }) as AsyncIterable<Buffer>) {
      for (const hash of hashes) hash.update(chunk)
      if (size <= MAX_HELD_ARTIFACT_BYTES) held.push(chunk)
    }
    const digests = ALGORITHMS.map((name, n) => [name, hashes[n]!.digest('hex')])
    return {
      file,
      digests: Object.fromEntries(digests),
      ...(size <= MAX_HELD_ARTIFACT_BYTES && { bytes: Buffer.concat(held) }),
    }
  } catch (cause) {
    if (cause instanceof CliError || signal.aborted) throw cause
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException
    throw new CliError('unreadable_file', `reading ${file}: ${code}`, { cause })
  } finally {
    await handle?.close()
  }
}

interface ArtifactContext {
  readonly cwd: string
  readonly signal: AbortSignal
}

async function regular(handle: FileHandle, file: string) {
  const stats = await handle.stat()
  if (!stats.isFile()) throw new CliError('unreadable_file', `reading ${file}: not a regular file`)
  return stats
}

import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from 'node:fs'
import path from 'node:path'
import type { PolicyFiles } from '@source-policy/core'
import { CliError } from './error.ts'

/*
 * Files of a build are small, and a bake file may mean hundreds of them: each step of an asynchronous read waits for a thread, which
 * costs several times what reading does.
 */

/**
 * The files of a directory and of nothing else: symbolic links are followed as long as they end within `root` or one of
 * `alsoWithin`. Relative paths start at `root`; absolute ones are allowed where they lie within.
 * Throws `outside_root` and `unreadable_file`.
 */
export function confinedFiles(root: string, alsoWithin: readonly string[] = []): PolicyFiles {
  let roots: (string | undefined)[] | undefined
  return {
    async read(file, { maxBytes }) {
      const wanted = path.resolve(root, file)
      const real = existing(wanted)
      // hostile: a link in a checkout may lead to a secret, which an error message would then quote
      roots ??= [root, ...alsoWithin].map(existing)
      const isInside = roots.some(directory => directory !== undefined && isWithin(real ?? wanted, directory))
      if (real === undefined && (isInside || isWithin(wanted, root))) return undefined
      if (real === undefined || !isInside) {
        throw new CliError('outside_root', `reading ${file}: it lies outside of ${root}`)
      }
      return readRegularFile(real, file, maxBytes)
    },
  }
}

/** A file that the operator named, wherever it lies. Undefined where there is none; throws `unreadable_file`. */
export async function readOperatorFile(
  file: string,
  options: { readonly maxBytes: number },
): Promise<Uint8Array | undefined> {
  const real = existing(file)
  return real === undefined ? undefined : readRegularFile(real, file, options.maxBytes)
}

function readRegularFile(real: string, shown: string, maxBytes: number): Uint8Array {
  // hostile: opening a named pipe would wait for ever
  const file = translate(shown, () => openSync(real, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)))
  try {
    const stat = translate(shown, () => fstatSync(file))
    if (!stat.isFile()) throw new CliError('unreadable_file', `reading ${shown}: not a regular file`)
    const chunks: Buffer[] = []
    for (let length = 0; ; ) {
      const room = Buffer.alloc(Math.min(Math.max(stat.size - length, 0), maxBytes) + 1)
      const bytesRead = translate(shown, () => readSync(file, room))
      if (bytesRead === 0) return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
      chunks.push(room.subarray(0, bytesRead))
      length += bytesRead
      if (length > maxBytes) throw new CliError('unreadable_file', `reading ${shown}: larger than ${maxBytes} bytes`)
    }
  } finally {
    closeSync(file)
  }
}

/** The real path; undefined where nothing is there. */
function existing(file: string): string | undefined {
  try {
    return realpathSync.native(file)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw unreadable(file, error)
  }
}

function translate<T>(shown: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    throw unreadable(shown, error)
  }
}

function unreadable(shown: string, cause: unknown): CliError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error'
  return new CliError('unreadable_file', `reading ${shown}: ${code}`, { cause })
}

/** Whether a path is a directory or lies beneath it; both absolute. */
export function isWithin(file: string, directory: string): boolean {
  const relative = path.relative(directory, file)
  return relative === '' || (relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative))
}

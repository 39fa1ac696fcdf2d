import { constants } from 'node:fs'
import { open, realpath } from 'node:fs/promises'
import path from 'node:path'
import type { PolicyFiles } from '@source-policy/core'
import { CliError } from './error.ts'

/**
 * The files of a directory and of nothing else: symbolic links are followed as long as they end within `root` or one of
 * `alsoWithin`. Relative paths start at `root`; absolute ones are allowed where they lie within.
 * Throws `outside_root` and `unreadable_file`.
 */
export function confinedFiles(root: string, alsoWithin: readonly string[] = []): PolicyFiles {
  let resolved: Promise<(string | undefined)[]> | undefined
  return {
    async read(file, { maxBytes }) {
      const wanted = path.resolve(root, file)
      const real = await existing(wanted)
      // hostile: a link in a checkout may lead to a secret, which an error message would then quote
      resolved ??= Promise.all([root, ...alsoWithin].map(directory => existing(directory)))
      const roots = await resolved
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
  const real = await existing(file)
  return real === undefined ? undefined : readRegularFile(real, file, options.maxBytes)
}

async function readRegularFile(real: string, shown: string, maxBytes: number): Promise<Uint8Array> {
  // hostile: opening a named pipe would wait for ever
  const handle = await translate(shown, () => open(real, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)))
  try {
    if (!(await handle.stat()).isFile()) throw new CliError('unreadable_file', `reading ${shown}: not a regular file`)
    const chunks: Buffer[] = []
    for (let length = 0; ; ) {
      const { bytesRead, buffer } = await translate(shown, () => handle.read(Buffer.alloc(64 * 1024)))
      if (bytesRead === 0) return Buffer.concat(chunks)
      chunks.push(buffer.subarray(0, bytesRead))
      length += bytesRead
      if (length > maxBytes) throw new CliError('unreadable_file', `reading ${shown}: larger than ${maxBytes} bytes`)
    }
  } finally {
    await handle.close()
  }
}

/** The real path; undefined where nothing is there. */
async function existing(file: string): Promise<string | undefined> {
  try {
    return await realpath(file)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw unreadable(file, error)
  }
}

async function translate<T>(shown: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
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

import { stat } from 'node:fs/promises'
import path from 'node:path'
import { isGitTransport } from '@source-policy/core/git-url'
import { confinedFiles } from './confined-files.ts'
import { CliError } from './error.ts'
import type { IO } from './io.ts'
import { MAX_DOCKERFILE_BYTES } from './limits.ts'

/** Where a build is read from. */
export interface BuildFiles {
  /** The Dockerfile as messages name it: relative to the working directory. */
  readonly file: string
  /** Its base name. */
  readonly filename: string
  readonly text: string
  /** Directory of the Dockerfile; undefined where it came by standard input. */
  readonly directory?: string
  /** Directory of the build context; undefined where the context is remote. */
  readonly root?: string
  /** URL of a remote context. */
  readonly remote?: string
  readonly ownDockerignore: boolean
}

/**
 * The Dockerfile of a build, found as docker build finds it: `--file` from the working directory, else `Dockerfile` or
 * `dockerfile` in the context. Throws `dockerfile_unreadable`, `outside_root`, `usage`.
 */
export async function findBuildFiles(options: { context: string; file?: string }, io: IO): Promise<BuildFiles> {
  const { context, file } = options
  if (context === '-') throw new CliError('usage', 'a build context on standard input is not read: give its directory')
  const remote = isRemote(context) ? context : undefined
  const root = remote === undefined ? path.resolve(io.cwd, context) : undefined
  if (root !== undefined && !(await isDirectory(root))) {
    throw new CliError('usage', `build context ${context}: no such directory`)
  }
  const place = { ...(root !== undefined && { root }), ...(remote !== undefined && { remote }) }

  if (file === '-') {
    const text = decode(await io.readStdin({ maxBytes: MAX_DOCKERFILE_BYTES }), 'the Dockerfile on standard input')
    return { ...place, file: 'Dockerfile', filename: 'Dockerfile', text, ownDockerignore: false }
  }
  if (root === undefined) {
    throw new CliError('usage', `remote build context ${context}: give its Dockerfile on standard input (--file -)`)
  }
  const candidates = file === undefined ? ['Dockerfile', 'dockerfile'] : [file]
  for (const candidate of candidates) {
    const wanted = path.resolve(file === undefined ? root : io.cwd, candidate)
    const directory = path.dirname(wanted)
    const text = await readText(wanted, [root, io.cwd])
    if (text === undefined) continue
    return {
      ...place,
      file: path.relative(io.cwd, wanted),
      filename: path.basename(wanted),
      text,
      directory,
      ownDockerignore: (await stat(`${wanted}.dockerignore`).catch(() => undefined)) !== undefined,
    }
  }
  throw new CliError('dockerfile_unreadable', `no ${file ?? 'Dockerfile in the build context'}: give it with --file`)
}

/** A link from a checkout must not make errors quote a file from elsewhere on this machine. */
async function readText(file: string, alsoWithin: readonly string[]): Promise<string | undefined> {
  const bytes = await confinedFiles(path.dirname(file), alsoWithin).read(file, { maxBytes: MAX_DOCKERFILE_BYTES })
  return bytes && decode(bytes, file)
}

function decode(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new CliError('dockerfile_unreadable', `reading ${what}: not UTF-8`, { cause })
  }
}

/** Whether a build context or named context is a URL, or git over SSH, and no path. */
export function isRemote(context: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(context) || isGitTransport(context) || context.startsWith('github.com/')
}

async function isDirectory(directory: string): Promise<boolean> {
  const found = await stat(directory).catch(() => undefined)
  return found?.isDirectory() ?? false
}

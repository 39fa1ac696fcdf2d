import { existsSync, readlinkSync, statSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { type PolicyFiles, redactURL } from '@source-policy/core'
import { isGitTransport } from '@source-policy/core/git-url'
import { confinedFiles } from './confined-files.ts'
import { CliError } from './error.ts'
import type { IO } from './io.ts'
import { MAX_DOCKERFILE_BYTES, MAX_LINKS } from './limits.ts'
import { type ContextFiles, type DefaultPolicy, readDefaultPolicy } from './policies.ts'
import type { RemoteContext } from './remote-context.ts'
import type { Session } from './session.ts'

/** Where a build is read from. */
export interface BuildPlace {
  /** Directory from the working directory, or URL. */
  readonly context: string
  /** `-`: standard input. A URL is downloaded. In a remote context a path of it, unless it is absolute. */
  readonly file?: string
  /** The Dockerfile itself. */
  readonly inline?: string
  /** The target of a bake file. */
  readonly name?: string
}

/** What was read for a build. */
export interface BuildFiles {
  /** The Dockerfile as messages name it: relative to the working directory. */
  readonly file: string
  /** Its base name. */
  readonly filename: string
  /** The file itself, absolute, where it is one of this machine. */
  readonly path?: string
  readonly text: string
  /** Where a policy beside it would be; absent where the Dockerfile lies in no directory. */
  readonly policyFile?: string
  /** The policy beside it, if there is one. */
  readDefaultPolicy(): Promise<DefaultPolicy | undefined>
  readonly context: ContextFiles
  readonly ownDockerignore: boolean
  /** Whether the Dockerfile is the client's although the context is remote. */
  readonly localDockerfile: boolean
}

/** The name that policies see, which is that of `--file`, whatever is found: `-` for standard input, as in docker buildx. */
export function dockerfileName({ file = '' }: BuildPlace): string {
  const name = path.basename(path.normalize(isDownload(file) ? file.replace(/[?#].*$/, '') : file))
  return name === '.' || name === '' ? 'Dockerfile' : name
}

function isDownload(file: string): boolean {
  return /^https?:\/\//i.test(file)
}

/**
 * The Dockerfile of a build and the policy beside it, found as docker build finds them: `--file` from the working directory, else
 * `Dockerfile` or `dockerfile` in the context; in a remote context there and nowhere else.
 * Throws `dockerfile_unreadable`, `outside_root`, `usage`.
 */
export async function readBuildFiles(
  place: BuildPlace,
  remote: RemoteContext | undefined,
  io: Pick<IO, 'cwd' | 'readStdin'> & Pick<Session, 'download'>,
): Promise<BuildFiles> {
  const { context, file, inline, name = 'the build' } = place
  if (context === '-') throw new CliError('usage', 'a build context on standard input is not read: give its directory')
  const files = remote === undefined ? await localFiles(context, io.cwd) : remoteFiles(context, remote)
  const common = { context: files, localDockerfile: remote !== undefined }
  if (inline !== undefined) {
    return { ...common, ...alone, file: `inline Dockerfile of ${name}`, text: inline }
  }
  if (file === '-') {
    const text = decode(await io.readStdin({ maxBytes: MAX_DOCKERFILE_BYTES }), 'the Dockerfile on standard input')
    return { ...common, ...alone, file: 'Dockerfile', text }
  }
  if (file !== undefined && isDownload(file)) {
    const name = redactURL(file)
    const text = decode(await io.download(file, MAX_DOCKERFILE_BYTES), name)
    return { ...common, ...alone, file: name, text }
  }
  if (remote === undefined || (file !== undefined && path.isAbsolute(file))) {
    return { ...common, ...(await readLocal(place, files.root, io.cwd)) }
  }
  return { ...common, localDockerfile: false, ...(await readRemote(file, files.files, remote.dockerfile)) }
}

/** A Dockerfile that stands in no directory. */
const alone = { filename: 'Dockerfile', readDefaultPolicy: async () => undefined, ownDockerignore: false }

type ReadFile = Omit<BuildFiles, 'context' | 'localDockerfile'>

async function localFiles(context: string, cwd: string): Promise<ContextFiles> {
  const root = path.resolve(cwd, context)
  const found = await stat(root).catch(() => undefined)
  if (found?.isDirectory() !== true) throw new CliError('usage', `build context ${context}: no such directory`)
  return { files: confinedFiles(root), key: root, root }
}

/** Paths are those of the context: `/` is its root, and nothing leads out of it. */
function remoteFiles(context: string, { files }: RemoteContext): ContextFiles {
  const read: PolicyFiles['read'] = (file, options) => files.read(path.posix.join('/', file).slice(1), options)
  return { files: { read }, key: context }
}

async function readLocal({ file }: BuildPlace, root: string | undefined, cwd: string): Promise<ReadFile> {
  const candidates = file === undefined ? ['Dockerfile', 'dockerfile'] : [file]
  const alsoWithin = root === undefined ? [] : [root]
  for (const candidate of candidates) {
    const wanted = path.resolve(file === undefined ? (root ?? cwd) : cwd, candidate)
    const directory = path.dirname(wanted)
    // hostile: what a link in a checkout leads to here must be what it leads to in the build
    const filename = path.basename(wanted)
    const real = followLinks(directory, filename)
    if (real === undefined) continue
    const bytes = await confinedFiles(directory).read(real, { maxBytes: MAX_DOCKERFILE_BYTES })
    if (bytes === undefined) continue
    return {
      file: path.relative(cwd, wanted),
      filename,
      path: path.join(directory, real),
      text: decode(bytes, wanted),
      policyFile: `${path.relative(cwd, wanted)}.rego`,
      readDefaultPolicy: () => readDefaultPolicy(confinedFiles(directory, alsoWithin), filename),
      ownDockerignore: await isFile(directory, followLinks(directory, `${filename}.dockerignore`)),
    }
  }
  throw new CliError('dockerfile_unreadable', `no ${file ?? 'Dockerfile in the build context'}: give it with --file`)
}

async function isFile(directory: string, file: string | undefined): Promise<boolean> {
  if (file === undefined) return false
  const found = await stat(path.join(directory, file)).catch(() => undefined)
  return found?.isFile() === true
}

/**
 * The path of a file, its links followed as in the build, which gets this directory as a root that nothing leads out of.
 * Undefined where they lead in a circle.
 */
function followLinks(directory: string, name: string): string | undefined {
  const todo = [name]
  let at: string[] = []
  for (let links = 0; todo.length > 0; ) {
    const part = todo.pop() ?? ''
    if (part === '..') at.pop()
    if (part === '' || part === '.' || part === '..') continue
    const target = readLink(path.join(directory, ...at, part))
    if (target === undefined) {
      at.push(part)
      continue
    }
    if (++links > MAX_LINKS) return undefined
    if (path.isAbsolute(target)) at = []
    todo.push(...target.split(path.sep).reverse())
  }
  return at.join(path.sep)
}

function readLink(file: string): string | undefined {
  try {
    return readlinkSync(file)
  } catch {
    // no link
    return undefined
  }
}

async function readRemote(
  file: string | undefined,
  files: PolicyFiles,
  dockerfile: Uint8Array | undefined,
): Promise<ReadFile> {
  if (dockerfile !== undefined) {
    const text = decode(dockerfile, 'the Dockerfile that the build context is')
    return { ...alone, file: 'Dockerfile', text }
  }
  const candidates = file === undefined ? ['Dockerfile', 'dockerfile'] : [file]
  for (const candidate of candidates) {
    const wanted = path.posix.join('/', candidate).slice(1)
    const bytes = await files.read(wanted, { maxBytes: MAX_DOCKERFILE_BYTES })
    if (bytes === undefined) continue
    return {
      file: wanted,
      filename: path.posix.basename(wanted),
      text: decode(bytes, wanted),
      policyFile: `${wanted}.rego`,
      readDefaultPolicy: () => readDefaultPolicy(files, wanted),
      ownDockerignore: (await files.read(`${wanted}.dockerignore`, { maxBytes: MAX_DOCKERFILE_BYTES })) !== undefined,
    }
  }
  throw new CliError('dockerfile_unreadable', `no ${file ?? 'Dockerfile'} in the build context`)
}

function decode(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new CliError('dockerfile_unreadable', `reading ${what}: not UTF-8`, { cause })
  }
}

/** A build context as it is taken: a directory that is there goes before a URL that looks like it (`github.com/a/b`), as in docker buildx. */
export function contextPlace(written: string, cwd: string): string {
  const place = path.resolve(cwd, written)
  return isRemote(written) && existsSync(place) && statSync(place).isDirectory() ? `./${written}` : written
}

/** Whether a build context or named context is a URL, or git over SSH, and no path. */
export function isRemote(context: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(context) || isGitTransport(context) || context.startsWith('github.com/')
}

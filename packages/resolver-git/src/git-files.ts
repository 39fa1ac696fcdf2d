import type { ResolveContext, Source } from '@source-policy/core'
import { GitError } from './error.ts'
import { formatOfHash, type GitObject } from './git-hash.ts'
import type { ObjectStore } from './git-remote.ts'
import { type GitSource, readGitSource } from './git-source.ts'
import { MAX_LINKS } from './limits.ts'
import { commitInput } from './object.ts'
import { type BoundRemote, fetchObjects } from './resolve.ts'

/** The files of a git source at the commit that the run binds it to. */
export interface GitFiles {
  /** The commit that the files are of. */
  readonly commit: string
  /**
   * A file by its path from the source's directory, which nothing leads out of: `..` and symbolic links end at it, as in a
   * container. Undefined where there is no such file.
   * Throws `too_large`, `object_missing`, `unsupported_content` and what fetching throws.
   */
  read(path: string, options: { readonly maxBytes: number }): Promise<Uint8Array | undefined>
}

/** Reads the files of a source, for instance of a build context. Throws `GitError`, or what the transport throws. */
export type GitFilesReader = (source: Source, context: ResolveContext) => Promise<GitFiles>

/** Opens the files of sources at the commits that `findRemote` and the run bind them to. */
export function gitFilesReader(
  findRemote: (source: GitSource, context: ResolveContext) => Promise<BoundRemote>,
): GitFilesReader {
  return async (source, context) => {
    const named = readGitSource(source)
    const { commit } = await fetchObjects(named, () => findRemote(named, context), context)
    const { remote } = await findRemote(named, context)
    const store = await remote.openCommit(commit.hash, context.signal)
    const { tree = '' } = commitInput(commit)
    const read = (hash: string) => readObject(store, hash, context.signal)
    const root = await directoryAt(tree, named.subdir, read)
    return {
      commit: commit.hash,
      async read(path, { maxBytes }) {
        const entry = root === undefined ? undefined : await entryAt(root, path, read)
        if (entry?.kind !== 'file') return undefined
        const { content } = await read(entry.hash)
        if (content.length > maxBytes) throw new GitError('too_large', `reading ${path}: larger than ${maxBytes} bytes`)
        return content
      },
    }
  }
}

/** An object that is really the one of that name. */
async function readObject(store: ObjectStore, hash: string, signal: AbortSignal): Promise<GitObject> {
  const object = await store.read(hash, signal)
  if (object.hash === hash) return object
  throw new GitError('object_mismatch', `object ${hash} has the hash ${object.hash}`)
}

interface Entry {
  readonly kind: 'directory' | 'file' | 'link' | 'submodule'
  readonly hash: string
}

type ReadObject = (hash: string) => Promise<GitObject>

const kinds: Readonly<Record<string, Entry['kind']>> = {
  '40000': 'directory',
  '100644': 'file',
  '100755': 'file',
  '100664': 'file',
  '120000': 'link',
  '160000': 'submodule',
}

/** The directory that a source names: links in its name are not followed, as git has none there. */
async function directoryAt(tree: string, subdir: string, read: ReadObject): Promise<string | undefined> {
  let hash = tree
  for (const name of subdir.split('/').filter(part => part !== '')) {
    const entry = (await entriesOf(hash, read)).get(name)
    if (entry?.kind !== 'directory') return undefined
    hash = entry.hash
  }
  return hash
}

/** Attributes by which git checks out other bytes than it has. Filters are not among them: whoever checks out chooses these. */
const rewriting = /[\t ](?:ident|working-tree-encoding(?:=\S*)?)(?=\s|$)/

/** The entries of a directory on the way to a file. Throws `unsupported_content` where what is checked out may be another file. */
async function entriesOf(tree: string, read: ReadObject): Promise<ReadonlyMap<string, Entry>> {
  const entries = parseTree(await read(tree))
  const attributes = entries.get('.gitattributes')
  if (attributes?.kind !== 'file') return entries
  if (!rewriting.test(Buffer.from((await read(attributes.hash)).content).toString('latin1'))) return entries
  throw new GitError('unsupported_content', 'its .gitattributes make git check out other files than the commit has')
}

/** Follows a path from a directory as if that were the root of everything. */
async function entryAt(root: string, path: string, read: ReadObject): Promise<Entry | undefined> {
  const directories: string[] = [root]
  const names = path.split('/').reverse()
  let links = 0
  let entry: Entry = { kind: 'directory', hash: root }
  while (names.length > 0) {
    const name = names.pop() ?? ''
    if (name === '' || name === '.') continue
    if (entry.kind !== 'directory') return undefined
    if (name === '..') {
      if (directories.length > 1) directories.pop()
      entry = { kind: 'directory', hash: directories.at(-1) ?? root }
      continue
    }
    const found = (await entriesOf(directories.at(-1) ?? root, read)).get(name)
    if (found === undefined) return undefined
    if (found.kind === 'submodule' && names.length > 0) {
      throw new GitError('unsupported_content', `reading ${path}: it lies in a submodule, which is not looked into`)
    }
    if (found.kind === 'link') {
      if (++links > MAX_LINKS) return undefined
      const target = Buffer.from((await read(found.hash)).content).toString('utf8')
      if (target.startsWith('/')) directories.length = 1
      names.push(...target.split('/').reverse())
      entry = { kind: 'directory', hash: directories.at(-1) ?? root }
      continue
    }
    if (found.kind === 'directory') directories.push(found.hash)
    entry = found
  }
  return entry
}

/**
 * The entries of a directory by name. Throws `unexpected_object` and `malformed_object`.
 *
 * @see https://git-scm.com/docs/gitformat-pack
 */
export function parseTree({ type, hash, content }: GitObject): ReadonlyMap<string, Entry> {
  if (type !== 'tree') throw new GitError('unexpected_object', `object ${hash} is a ${type}, expected a tree`)
  const malformed = (problem: string) => new GitError('malformed_object', `tree ${hash}: ${problem}`)
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  const hashBytes = formatOfHash(hash) === 'sha256' ? 32 : 20
  const entries = new Map<string, Entry>()
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at)
    const end = bytes.indexOf(0, at)
    if (space === -1 || end === -1 || space > end || end + 1 + hashBytes > bytes.length) throw malformed('it is cut')
    const kind = kinds[bytes.toString('latin1', at, space)]
    const name = bytes.toString('utf8', space + 1, end)
    if (kind === undefined) throw malformed('an entry of no kind')
    // hostile: a name with a slash, or one that means another directory, is none that git would write
    if (name === '' || name === '.' || name === '..' || name.includes('/') || entries.has(name)) {
      throw malformed('a name that is none, or stands twice')
    }
    entries.set(name, { kind, hash: bytes.toString('hex', end + 1, end + 1 + hashBytes) })
    at = end + 1 + hashBytes
  }
  return entries
}

import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Run } from '@source-policy/core'
import type { Transport } from '@source-policy/transport'
import type { ListedRef } from './advertisement.ts'
import { GitError } from './error.ts'
import { formatOfHash, type GitObject, hashObject, type ObjectFormat, type ObjectType } from './git-hash.ts'
import { type GitBinary, type GitCommand, runGit } from './git-process.ts'
import { reach } from './git-reach.ts'
import { type GitRemote, objectStore, peelCommit } from './git-remote.ts'
import type { RemoteURL } from './git-source.ts'
import { GIT_TIMEOUT_MS, MAX_OBJECT_BYTES, MAX_PACK_BYTES, MAX_REFS_BYTES, MAX_TREE_BYTES } from './limits.ts'
import { pointeeOf } from './object.ts'

export interface GitBinaryOptions {
  readonly binary: GitBinary
  /** For the address rules. */
  readonly transport: Transport
  /** Of scheme ssh, git or file. */
  readonly url: RemoteURL
  readonly run: Run
}

/** Where the server can leave them out. */
const withoutTrees = '--filter=tree:0'
const withoutHistory = ['--quiet', '--depth=1', '--no-tags', '--no-recurse-submodules', '--no-auto-maintenance']

/** A repository that git itself connects to: by SSH, by its own protocol, or in a directory. */
export function gitBinary({ binary, transport, url, run }: GitBinaryOptions): GitRemote {
  const timeoutMs = binary.timeoutMs ?? GIT_TIMEOUT_MS
  const shown = `${url.scheme}://${url.host}/${url.path.replace(/^\/+/, '')}`

  /** Runs a command that contacts the remote, counted and recorded as a request. */
  const contact = async (command: Pick<GitCommand, 'args' | 'env' | 'isTooLarge' | 'signal'>): Promise<Buffer> => {
    const [method = ''] = command.args.filter(arg => /^(?:ls-remote|fetch)$/.test(arg))
    const started = performance.now()
    const record = (bytes: number, error?: string) =>
      run.record({
        method: `git ${method}`,
        url: shown,
        bytes,
        durationMs: performance.now() - started,
        ...(error === undefined ? {} : { error }),
      })
    run.spend('requests', 1, `git ${method} ${shown}`)
    try {
      const output = await runGit(binary, { ...command, maxBytes: MAX_REFS_BYTES, timeoutMs })
      run.spend('bytes', output.length, `git ${method} ${shown}`)
      record(output.length)
      return output
    } catch (error) {
      record(0, error instanceof GitError ? error.code : 'aborted')
      throw error
    }
  }

  /** What `use` makes of a repository into which a commit was fetched, and which is gone afterwards. */
  const fetched = async <T>(
    hash: string,
    options: readonly string[],
    maxBytes: number,
    signal: AbortSignal,
    use: (local: LocalGit) => Promise<T>,
  ): Promise<T> => {
    const { url: remote, env: reached } = await reach(url, binary, transport, run, signal)
    const format = formatOfHash(hash)!
    const dir = await mkdtemp(path.join(tmpdir(), 'source-policy-git-'))
    const env = { ...reached, GIT_DIR: dir, GIT_NO_LAZY_FETCH: '1' }
    const local: LocalGit = (args, input = '') => runGit(binary, { args, env, input, maxBytes, timeoutMs, signal })
    try {
      await local(['init', '--quiet', '--bare', `--object-format=${format}`, dir])
      const settings = ['-c', `remote.origin.url=${remote}`, '-c', 'fetch.unpackLimit=1']
      await contact({
        args: [...settings, 'fetch', ...withoutHistory, ...options, '--', 'origin', hash],
        env,
        signal,
        isTooLarge: async () => (await packedBytes(dir)) > MAX_PACK_BYTES,
      })
      run.spend('bytes', await packedBytes(dir), `git fetch ${shown}`)
      return await use(local)
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
  }

  return {
    async listRefs(names, signal) {
      const { url: remote, env } = await reach(url, binary, transport, run, signal)
      const peeled = names.map(name => `${name}^{}`)
      const output = await contact({ args: ['ls-remote', '--symref', '--', remote, ...names, ...peeled], env, signal })
      return parseListing(output.toString('utf8'))
    },

    fetchCommit: (hash, signal) =>
      fetched(hash, [withoutTrees], MAX_OBJECT_BYTES + 1024, signal, local =>
        peelCommit(
          hash,
          objectsFrom(hash, name => local(['cat-file', '--batch'], `${name}\n`)),
        ),
      ),

    openCommit: (hash, signal) =>
      fetched(hash, [], MAX_TREE_BYTES, signal, async local => {
        const objects = parseAll(await local(['cat-file', '--batch', '--batch-all-objects']), formatOfHash(hash)!)
        return objectStore(objects)
      }),
  }
}

/** Runs git in the repository that something was fetched into. */
type LocalGit = (args: readonly string[], input?: string) => Promise<Buffer>

function parseListing(output: string): ListedRef[] {
  const refs = new Map<string, ListedRef>()
  const targets = new Map<string, string>()
  for (const line of output.split('\n').filter(text => text !== '')) {
    const [value = '', name = ''] = line.split('\t')
    if (value.startsWith('ref: ')) {
      targets.set(name, value.slice('ref: '.length))
      continue
    }
    if (formatOfHash(value) === undefined || name === '')
      throw new GitError('malformed_response', 'git ls-remote: a line is no ref')
    const whole = name.endsWith('^{}') ? refs.get(name.slice(0, -3)) : undefined
    const target = targets.get(name)
    if (whole === undefined) refs.set(name, { name, hash: value, ...(target === undefined ? {} : { target }) })
    else refs.set(whole.name, { ...whole, peeled: value })
  }
  return [...refs.values()]
}

/** The objects from a tag down to its commit, each read from a repository that trusts nobody. */
async function* objectsFrom(
  hash: string,
  read: (hash: string) => Promise<Buffer>,
): AsyncGenerator<GitObject, void, undefined> {
  for (let name = hash; ; ) {
    const object = parseBatch(await read(name), name)
    yield object
    if (object.type !== 'tag') return
    name = pointeeOf(object).hash
  }
}

function parseBatch(output: Buffer, hash: string): GitObject {
  const end = output.indexOf('\n')
  const [, type, size] =
    /^[0-9a-f]+ (commit|tag|tree|blob) (\d+)$/.exec(output.toString('latin1', 0, Math.max(end, 0))) ?? []
  if (type === undefined) throw new GitError('object_missing', `the remote did not send object ${hash}`)
  const content = Uint8Array.from(output.subarray(end + 1, end + 1 + Number(size)))
  const object = hashObject(type as ObjectType, content, formatOfHash(hash)!)
  if (object.hash !== hash) throw new GitError('object_mismatch', `object ${hash} has the hash ${object.hash}`)
  return object
}

/** `<hash> <type> <size>\n<content>\n` for each object; their hashes are computed here. */
function parseAll(output: Buffer, format: ObjectFormat): Map<string, GitObject> {
  const objects = new Map<string, GitObject>()
  for (let at = 0; at < output.length; ) {
    const end = output.indexOf('\n', at)
    const [, type, size] =
      /^[0-9a-f]+ (commit|tag|tree|blob) (\d+)$/.exec(output.toString('latin1', at, Math.max(end, at))) ?? []
    if (type === undefined) throw new GitError('malformed_response', 'git cat-file: a line names no object')
    const content = Uint8Array.from(output.subarray(end + 1, end + 1 + Number(size)))
    const object = hashObject(type as ObjectType, content, format)
    objects.set(object.hash, object)
    at = end + 1 + Number(size) + 1
  }
  return objects
}

async function packedBytes(dir: string): Promise<number> {
  const packs = path.join(dir, 'objects', 'pack')
  const names = await readdir(packs).catch(() => [])
  // what is renamed meanwhile is counted the next time
  const sizes = await Promise.all(
    names.map(name =>
      stat(path.join(packs, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

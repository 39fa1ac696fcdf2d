import { readFile } from 'node:fs/promises'
import {
  type CodedError,
  createRun,
  type Facts,
  type GitInput,
  type Limits,
  type Path,
  type PolicyFiles,
  type Source,
  toCodedError,
} from '@source-policy/core'
import { gitResolver } from '@source-policy/resolver-git'
import type { GitRepository } from '@source-policy/testkit'
import { createTransport } from '@source-policy/transport'
import { outcomeOf } from '../programs.ts'
import type { RunningServer } from '../running-server.ts'
import type { KeySet } from './repositories.ts'

const fields = ['tagName', 'branch', 'ref', 'checksum', 'isAnnotatedTag', 'commitChecksum', 'isSHA256', 'tag', 'commit']
const files: PolicyFiles = { read: async file => Uint8Array.from(await readFile(file)) }

/** A source behind a server, as this project sees it. */
export function openSource(server: RunningServer, repository: string, ref: string, limits: Partial<Limits> = {}) {
  const transport = createTransport({
    allowAddresses: server.host === '' ? [] : [server.host, `127.0.0.1:${server.port}`],
    retries: 0,
    headersTimeoutMs: 5000,
    bodyTimeoutMs: 2000,
    ...server.transport,
  })
  const resolver = gitResolver({ transport, localRepositories: true, git: { timeoutMs: 10_000, ...server.git } })
  const run = createRun({ limits })
  const source: Source = resolver.parse(`git://${server.url(repository)}${ref === '' ? '' : `#${ref}`}`, { attrs: {} })
  const context = { run, signal: run.signal, anonymous: false }
  return {
    resolver,
    source,
    run,
    async git(): Promise<{ git: GitInput; problems: string[] }> {
      const { input, unknown } = resolver.describe(source)
      // a resolver rejects only where the time of the run is over
      const facts = await resolver
        .resolve(source, unknown, context)
        .catch((thrown: unknown): Facts => nothingKnown(unknown, toCodedError(thrown)))
      const git: Record<string, unknown> = { ...input.git }
      for (const { path, value } of facts.known) git[String(path[1])] = value
      return { git, problems: problemsOf(facts, unknown) }
    },
    async isSigned(object: 'commit' | 'tag', { file }: KeySet): Promise<boolean | string> {
      const answer = await resolver.functions!.verify_git_signature!([{}, file], {
        ...context,
        source,
        path: ['git', object],
        files,
      })
      if ('unavailable' in answer) return answer.unavailable.code
      return 'value' in answer && answer.value === true
    },
    close: () => transport.close(),
  }
}

function nothingKnown(paths: readonly Path[], error: CodedError): Facts {
  return { known: [], absent: [], unavailable: paths.map(path => ({ path, error })), children: [] }
}

function problemsOf({ known, absent, unavailable }: Facts, asked: readonly Path[]): string[] {
  const answered = new Set([...known, ...absent, ...unavailable].map(({ path }) => path[1]))
  return [
    ...unavailable.map(({ path, error }) => `${path[1]} unavailable: ${error.code} ${error.message}`),
    ...asked.filter(([, field]) => !answered.has(field)).map(([, field]) => `${String(field)} not answered`),
  ]
}

/** The same by git itself, in the directory of the repository. */
export async function expectedGit({ git, objectFormat }: GitRepository, ref: string): Promise<Record<string, unknown>> {
  const name = await fullName(git, ref)
  const checksum = await git(['rev-parse', name])
  // what it leads to: for a tag of a tree, that is no commit
  const commitChecksum = await git(['rev-parse', `${name}^{}`])
  const isCommit = (await git(['cat-file', '-t', commitChecksum])) === 'commit'
  const isTag = (await git(['cat-file', '-t', checksum])) === 'tag'
  const after = (prefix: string) => (name.startsWith(prefix) ? name.slice(prefix.length) : undefined)
  return defined({
    ref: name,
    tagName: after('refs/tags/'),
    branch: after('refs/heads/'),
    checksum,
    commitChecksum,
    isAnnotatedTag: isTag ? true : undefined,
    isSHA256: objectFormat === 'sha256' ? true : undefined,
    commit: isCommit ? await expectedCommit(git, commitChecksum) : undefined,
    tag: isTag && isCommit ? await expectedTag(git, name) : undefined,
  })
}

/** What differs between the two, by field. Signatures are compared by verifying them. */
export function differences(actual: GitInput, expected: Record<string, unknown>): string[] {
  const strip = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value
    const { pgpSignature: _pgp, sshSignature: _ssh, signature: _signature, ...rest } = value as Record<string, unknown>
    return rest
  }
  return fields.flatMap(field => {
    const [ours, theirs] = [strip((actual as Record<string, unknown>)[field]), expected[field]].map(value =>
      JSON.stringify(sorted(value)),
    )
    return ours === theirs ? [] : [`${field}: ${ours} instead of ${theirs}`]
  })
}

/** `compute`, asked once for each key: what git says does not depend on the server. */
export function remembered<T>(compute: () => T, key: string, memory: Map<string, unknown>): T {
  if (!memory.has(key)) memory.set(key, compute())
  return memory.get(key) as T
}

/**
 * Whether git verifies it with the same keys. Where a key has expired by now, git says no and gpg that the signature was good: we
 * ask, as buildx does, whether the key was valid when it signed.
 */
export function verifiedByGit(
  repository: GitRepository,
  object: 'commit' | 'tag',
  hash: string,
  { config, env }: KeySet,
): boolean {
  const command = object === 'commit' ? 'verify-commit' : 'verify-tag'
  const args = [...config, `--git-dir=${repository.dir}`, command, '--raw', hash]
  const { status, complaint } = outcomeOf('git', args, { ...env, GIT_CONFIG_NOSYSTEM: '1' })
  const [, expired] = /^\[GNUPG:\] KEYEXPIRED (\d+)/m.exec(complaint) ?? []
  const [, signed] = /^\[GNUPG:\] VALIDSIG \S+ \S+ (\d+)/m.exec(complaint) ?? []
  return status === 0 || (expired !== undefined && signed !== undefined && Number(signed) < Number(expired))
}

async function fullName(git: GitRepository['git'], ref: string): Promise<string> {
  if (ref === '') return git(['symbolic-ref', 'HEAD'])
  const exists = async (name: string) => (await git(['for-each-ref', '--format=x', name])) !== ''
  for (const name of [ref, `refs/${ref}`, `refs/heads/${ref}`, `refs/tags/${ref}`]) {
    if (name.startsWith('refs/') && (await exists(name))) return name
  }
  throw new Error(`there is no ${ref}`)
}

async function expectedCommit(git: GitRepository['git'], hash: string) {
  const format = ['%T', '%P', '%an', '%ae', '%aI', '%cn', '%ce', '%cI', '%B'].join('%x00')
  const [tree, parents = '', an, ae, aI, cn, ce, cI, message = ''] = (
    await git(['show', '-s', `--format=${format}`, hash])
  ).split('\0')
  return defined({
    tree,
    parents: parents === '' ? undefined : parents.split(' '),
    author: { name: an, email: ae, when: aI },
    committer: { name: cn, email: ce, when: cI },
    message: message.trimEnd(),
  })
}

async function expectedTag(git: GitRepository['git'], name: string) {
  const atoms = [
    'object',
    'type',
    'tag',
    'taggername',
    'taggeremail',
    'taggerdate:iso-strict',
    'contents:subject',
    'contents:body',
  ]
  const output = await git(['for-each-ref', `--format=${atoms.map(atom => `%(${atom})`).join('%00')}`, name])
  const [object, type, tag, taggerName, email = '', when, subject, body = ''] = output.split('\0')
  return {
    object,
    type,
    tag,
    tagger: { name: taggerName, email: email.slice(1, -1), when },
    message: `${subject}\n\n${body}`.trimEnd(),
  }
}

function defined(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined))
}

/** Members in one order at each level. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, entry]) => [key, sorted(entry)]))
}

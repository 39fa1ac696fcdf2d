import { spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'

export interface GitRepositoryOptions {
  /** Directory of the bare repository; made if it is not there. */
  readonly dir: string
  /** Home of the git that runs here, so that nobody's settings have a say. */
  readonly home: string
  /** Default: `sha1`. */
  readonly objectFormat?: 'sha1' | 'sha256'
  /** Branch that HEAD names. Default: `main`. */
  readonly defaultBranch?: string
}

export interface GitIdentity {
  readonly name: string
  readonly email: string
}

/** How git is to sign: what `git -c gpg.format=... -c user.signingkey=...` takes. */
export interface GitSigning {
  readonly format: 'openpgp' | 'ssh' | 'x509'
  /** Fingerprint of an OpenPGP key, or path of an SSH key. */
  readonly key: string
  /** For example `{ GNUPGHOME: dir }`. */
  readonly env?: Readonly<Record<string, string>>
}

export interface GitCommitOptions {
  /** Default: `commit <n>`. */
  readonly message?: string
  /** Text by path; the whole tree of the commit. Default: none. */
  readonly files?: Readonly<Record<string, string>>
  /** Default: what `branch` points to, if anything. */
  readonly parents?: readonly string[]
  /** Is moved to the commit; null: no branch. Default: the default branch. */
  readonly branch?: string | null
  readonly author?: GitIdentity
  readonly committer?: GitIdentity
  /** As git reads it. Default: `1700000000 +0200`, one minute later for each commit and tag. */
  readonly date?: string
  readonly sign?: GitSigning
}

export interface GitTagOptions {
  /** Any object: a commit, a tree, another tag. */
  readonly target: string
  /** Makes an annotated tag. Default: none, a light tag. */
  readonly message?: string
  readonly tagger?: GitIdentity
  readonly date?: string
  readonly sign?: GitSigning
}

/** A bare repository made by the git binary, the same bytes each time. */
export interface GitRepository {
  readonly dir: string
  readonly objectFormat: 'sha1' | 'sha256'
  /** Returns the commit. */
  commit(options?: GitCommitOptions): Promise<string>
  /** Returns what the ref now points to: the tag object of an annotated tag, else the target. */
  tag(name: string, options: GitTagOptions): Promise<string>
  /** Points a full ref (`refs/heads/x`) to an object. */
  setRef(ref: string, target: string): Promise<void>
  /** Writes an object as it is given, however malformed. Returns its hash. */
  writeObject(type: 'commit' | 'tag' | 'blob', content: string | Uint8Array): Promise<string>
  /** What git prints, without the last newline; throws with its complaint where it fails. */
  git(
    args: readonly string[],
    options?: { readonly input?: string | Uint8Array; readonly env?: Record<string, string> },
  ): Promise<string>
}

const defaultIdentity: GitIdentity = { name: 'Ada Example', email: 'ada@example.test' }
const FIRST_DATE_S = 1_700_000_000

/** A new, empty repository. */
export async function createGitRepository(options: GitRepositoryOptions): Promise<GitRepository> {
  const { dir, home, objectFormat = 'sha1', defaultBranch = 'main' } = options
  let dates = 0
  const nextDate = () => `${FIRST_DATE_S + 60 * dates++} +0200`
  const git: GitRepository['git'] = (args, { input, env = {} } = {}) =>
    runGit(args, { env: { ...gitEnv(home), GIT_DIR: dir, ...env }, ...(input === undefined ? {} : { input }) })

  await mkdir(dir, { recursive: true })
  await git(['init', '--quiet', '--bare', `--object-format=${objectFormat}`, `--initial-branch=${defaultBranch}`, dir])
  // what public forges allow: objects by hash, and fetches without trees
  for (const name of ['allowFilter', 'allowAnySHA1InWant']) await git(['config', `uploadpack.${name}`, 'true'])

  const writeTree = async (files: Readonly<Record<string, string>>): Promise<string> => {
    const env = { GIT_INDEX_FILE: path.join(dir, 'testkit-index') }
    await git(['read-tree', '--empty'], { env })
    for (const [name, text] of Object.entries(files)) {
      const blob = await git(['hash-object', '-w', '--stdin'], { input: text })
      await git(['update-index', '--add', '--cacheinfo', `100644,${blob},${name}`], { env })
    }
    return git(['write-tree'], { env })
  }
  const tip = async (branch: string): Promise<string[]> => {
    const line = await git(['for-each-ref', '--format=%(objectname)', `refs/heads/${branch}`])
    return line === '' ? [] : [line]
  }

  return {
    dir,
    objectFormat,
    git,
    async commit(commit = {}) {
      const { branch = defaultBranch, date = nextDate(), author = defaultIdentity, committer = author } = commit
      const tree = await writeTree(commit.files ?? {})
      const parents = commit.parents ?? (branch === null ? [] : await tip(branch))
      const flags = commit.sign === undefined ? [] : ['-S']
      const hash = await git(
        [...signingConfig(commit.sign), 'commit-tree', ...flags, ...parents.flatMap(parent => ['-p', parent]), tree],
        {
          input: commit.message ?? `commit ${dates}\n`,
          env: {
            ...commit.sign?.env,
            GIT_AUTHOR_NAME: author.name,
            GIT_AUTHOR_EMAIL: author.email,
            GIT_AUTHOR_DATE: date,
            GIT_COMMITTER_NAME: committer.name,
            GIT_COMMITTER_EMAIL: committer.email,
            GIT_COMMITTER_DATE: date,
          },
        },
      )
      if (branch !== null) await git(['update-ref', `refs/heads/${branch}`, hash])
      return hash
    },
    async tag(name, { target, message, tagger = defaultIdentity, date = nextDate(), sign }) {
      const kind = message === undefined ? [] : sign === undefined ? ['-a', '-F', '-'] : ['-s', '-F', '-']
      await git([...signingConfig(sign), 'tag', ...kind, name, target], {
        input: message ?? '',
        env: {
          ...sign?.env,
          GIT_COMMITTER_NAME: tagger.name,
          GIT_COMMITTER_EMAIL: tagger.email,
          GIT_COMMITTER_DATE: date,
        },
      })
      return git(['rev-parse', `refs/tags/${name}`])
    },
    async setRef(ref, target) {
      await git(['update-ref', ref, target])
    },
    writeObject: (type, content) =>
      git(['hash-object', '--literally', '-w', '-t', type, '--stdin'], { input: content }),
  }
}

function signingConfig(sign: GitSigning | undefined): string[] {
  return sign === undefined ? [] : ['-c', `gpg.format=${sign.format}`, '-c', `user.signingkey=${sign.key}`]
}

/** The environment of a git that reads no settings but its own, asks nothing and speaks English. */
export function gitEnv(home: string): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    HOME: home,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C',
    TZ: 'UTC',
  }
}

/** What `git` prints to standard output, without the last newline. */
export async function runGit(
  args: readonly string[],
  { env, input }: { readonly env: Record<string, string>; readonly input?: string | Uint8Array },
): Promise<string> {
  const { status, output, complaint } = await new Promise<{ status: number | null; output: Buffer; complaint: string }>(
    (resolve, reject) => {
      const child = spawn('git', args, { env, stdio: ['pipe', 'pipe', 'pipe'] })
      const output: Buffer[] = []
      const complaint: Buffer[] = []
      child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
      child.stderr.on('data', (chunk: Buffer) => complaint.push(chunk))
      // git may be done before it has read all of its input
      child.stdin.on('error', () => undefined)
      child.on('error', reject)
      child.on('close', status =>
        resolve({ status, output: Buffer.concat(output), complaint: Buffer.concat(complaint).toString() }),
      )
      child.stdin.end(input ?? '')
    },
  )
  if (status !== 0) throw new Error(`git ${args.join(' ')} ended with ${status}: ${complaint.trim()}`)
  return output.toString().replace(/\n$/, '')
}

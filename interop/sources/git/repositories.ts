import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createGitRepository, type GitRepository, type GitSigning } from '@source-policy/testkit'
import { run } from '../programs.ts'

/** What a file of keys proves to us, and what git is told to prove the same with. */
export interface KeySet {
  readonly name: string
  readonly kind: 'openpgp' | 'ssh'
  /** For `verify_git_signature`. */
  readonly file: string
  /** For git: its settings and environment. */
  readonly config: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

export interface MadeRepositories {
  /** Directory that servers serve. */
  readonly root: string
  readonly home: string
  readonly repositories: readonly { readonly name: string; readonly repository: GitRepository }[]
  /** Refs as a source would name them. */
  readonly refs: readonly string[]
  readonly keySets: readonly KeySet[]
}

const OPENPGP = ['ed25519', 'rsa3072', 'nistp256'] as const
const SSH = ['ed25519', 'rsa', 'ecdsa'] as const
/** Keys that have signed nothing here. */
const STRANGER = 'stranger'
/** Signed while it was valid, and expired since; and signed by a key that had expired by then. */
const EXPIRING = ['expired-since', 'expired-before'] as const
/** A tag that leads to no commit. */
export const TREE_TAG = 'refs/tags/of-a-tree'

/** Every kind of commit and tag, in repositories that hash by SHA-1 and by SHA-256. */
export async function makeRepositories(directory: string): Promise<MadeRepositories> {
  const home = path.join(directory, 'home')
  const root = path.join(directory, 'root')
  const keys = path.join(directory, 'keys')
  for (const made of [home, root, keys]) await mkdir(made, { recursive: true })
  const signings = await makeKeys(directory, keys)

  const repositories: { name: string; repository: GitRepository }[] = []
  for (const objectFormat of ['sha1', 'sha256'] as const) {
    const name = `${objectFormat}.git`
    const repository = await createGitRepository({ dir: path.join(root, name), home, objectFormat })
    await fill(repository, signings)
    repositories.push({ name, repository })
  }
  const [first] = repositories
  const listed = (await first!.repository.git(['for-each-ref', '--format=%(refname)'])).split('\n')
  const refs = ['', 'main', 'light', 'annotated', 'nested', 'same', 'pull/1/head', ...listed]
  return { root, home, repositories, refs, keySets: await keySets(directory, keys) }
}

async function fill(repository: GitRepository, signings: ReadonlyMap<string, GitSigning>): Promise<void> {
  const files = { 'README.md': 'hello\n', 'src/a.txt': 'a\n' }
  const first = await repository.commit({ files, message: 'first\n', date: '1717243200 +0200' })
  const side = await repository.commit({
    branch: 'side',
    parents: [first],
    files,
    message: 'side\n',
    date: '1717243260 -0930',
  })
  await repository.commit({
    parents: [first, side],
    files,
    message: 'merge\n\nwith a body\nof two lines\n',
    author: { name: 'Ünal "U" Example', email: 'u+x@example.test' },
    committer: { name: 'Committer', email: 'c@example.test' },
    date: '1717243320 +0545',
  })
  await repository.tag('light', { target: first })
  const annotated = await repository.tag('annotated', { target: first, message: 'annotated\n\nwith a body\n' })
  await repository.tag('nested', { target: annotated, message: 'a tag of a tag\n' })
  await repository.tag('same', { target: first, message: 'as a branch is called\n' })
  const tree = await repository.git(['rev-parse', `${first}^{tree}`])
  await repository.tag(TREE_TAG.slice('refs/tags/'.length), { target: tree, message: 'a tag of a tree\n' })
  await repository.setRef('refs/heads/same', side)
  await repository.setRef('refs/pull/1/head', side)
  for (const [name, sign] of signings) {
    const target = await repository.commit({ branch: `signed-${name}`, files, message: `signed by ${name}\n`, sign })
    const tag = await repository.tag(`signed-${name}`, { target, message: `tagged by ${name}\n`, sign })
    await repository.tag(`nested-${name}`, { target: tag, message: 'a signed tag of a signed tag\n', sign })
  }
}

async function makeKeys(directory: string, keys: string): Promise<ReadonlyMap<string, GitSigning>> {
  const signings = new Map<string, GitSigning>()
  const GNUPGHOME = path.join(directory, 'g')
  await mkdir(GNUPGHOME, { mode: 0o700 })
  const gpg = (...args: string[]) =>
    run('gpg', ['--batch', '--quiet', '--no-tty', '--passphrase', '', ...args], { env: { GNUPGHOME } })
  for (const algorithm of [...OPENPGP, STRANGER]) {
    const user = `${algorithm} <${algorithm}@example.test>`
    await gpg(
      ...fakedTime('20240101'),
      '--quick-gen-key',
      user,
      algorithm === STRANGER ? 'ed25519' : algorithm,
      'sign',
      'never',
    )
    await writeFile(path.join(keys, `${algorithm}.asc`), await gpg('--armor', '--export', `${algorithm}@example.test`))
    if (algorithm === STRANGER) continue
    signings.set(`openpgp-${algorithm}`, { format: 'openpgp', key: `${algorithm}@example.test`, env: { GNUPGHOME } })
  }
  const expiring = await makeExpiringKeys(directory, keys)
  for (const name of EXPIRING) {
    signings.set(`openpgp-${name}`, { format: 'openpgp', key: `${name}@example.test`, env: { GNUPGHOME: expiring } })
  }
  for (const type of [...SSH, STRANGER]) {
    const file = path.join(keys, `ssh-${type}`)
    await run('ssh-keygen', ['-q', '-t', type === STRANGER ? 'ed25519' : type, '-N', '', '-C', type, '-f', file])
    if (type !== STRANGER) signings.set(`ssh-${type}`, { format: 'ssh', key: file })
  }
  return signings
}

/** Keys of a home where it is June 2024 for ever: one expires in July; one expired in March as everybody but its owner knows. */
async function makeExpiringKeys(directory: string, keys: string): Promise<string> {
  const GNUPGHOME = path.join(directory, 'gx')
  await mkdir(GNUPGHOME, { mode: 0o700 })
  const gpg = (...args: string[]) =>
    run('gpg', ['--batch', '--quiet', '--no-tty', '--passphrase', '', ...args], { env: { GNUPGHOME } })
  const create = (name: string, expires: string) =>
    gpg(...fakedTime('20240101'), '--quick-gen-key', `${name} <${name}@example.test>`, 'ed25519', 'sign', expires)
  const [since, before] = EXPIRING
  await create(since, '2024-07-01')
  await create(before, 'never')
  const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(
    await gpg('--with-colons', '--list-keys', `${before}@example.test`),
  )?.[1]
  await gpg(...fakedTime('20240102'), '--quick-set-expire', fingerprint ?? '', '2024-03-01')
  for (const name of EXPIRING) {
    await writeFile(path.join(keys, `${name}.asc`), await gpg('--armor', '--export', `${name}@example.test`))
  }
  await gpg(...fakedTime('20240103'), '--quick-set-expire', fingerprint ?? '', 'never')
  await writeFile(path.join(GNUPGHOME, 'gpg.conf'), 'faked-system-time 20240601T000000\n')
  return GNUPGHOME
}

const fakedTime = (day: string) => ['--faked-system-time', `${day}T000000`]

/** Files of all keys, of each, and of a stranger's. */
async function keySets(directory: string, keys: string): Promise<KeySet[]> {
  const sets: KeySet[] = []
  const openpgp = async (name: string, algorithms: readonly string[]) => {
    const GNUPGHOME = path.join(directory, `v-${name}`)
    await mkdir(GNUPGHOME, { mode: 0o700 })
    const files = algorithms.map(algorithm => path.join(keys, `${algorithm}.asc`))
    await run('gpg', ['--batch', '--quiet', '--no-tty', '--import', ...files], { env: { GNUPGHOME } })
    const file = path.join(keys, `set-${name}.asc`)
    await writeFile(file, await run('cat', files))
    sets.push({ name: `openpgp ${name}`, kind: 'openpgp', file, config: [], env: { GNUPGHOME } })
  }
  const ssh = async (name: string, types: readonly string[], form: 'allowed_signers' | 'authorized_keys') => {
    const lines = (
      await run(
        'cat',
        types.map(type => path.join(keys, `ssh-${type}.pub`)),
      )
    )
      .trim()
      .split('\n')
    const allowed = `${lines.map(line => `ada@example.test namespaces="git" ${line}`).join('\n')}\n`
    const signers = path.join(keys, `set-${name}.allowed`)
    await writeFile(signers, allowed)
    const plain = path.join(keys, `set-${name}.pub`)
    await writeFile(plain, `${lines.join('\n')}\n`)
    sets.push({
      name: `ssh ${name} (${form})`,
      kind: 'ssh',
      file: form === 'allowed_signers' ? signers : plain,
      config: ['-c', `gpg.ssh.allowedSignersFile=${signers}`],
      env: {},
    })
  }
  await openpgp('all', [...OPENPGP, ...EXPIRING, STRANGER])
  await openpgp('one', [OPENPGP[0]])
  await openpgp('none', [STRANGER])
  await ssh('all', [...SSH, STRANGER], 'allowed_signers')
  await ssh('all-plain', [...SSH, STRANGER], 'authorized_keys')
  await ssh('none', [STRANGER], 'allowed_signers')
  return sets
}

/** GnuPG leaves an agent behind for each of its homes. */
export async function stopAgents(directory: string): Promise<void> {
  for (const home of ['g', 'gx', 'v-all', 'v-one', 'v-none']) {
    await run('gpgconf', ['--kill', 'gpg-agent'], { env: { GNUPGHOME: path.join(directory, home) } }).catch(
      () => undefined,
    )
  }
}

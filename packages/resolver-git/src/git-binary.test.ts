import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createRun, type Exchange } from '@source-policy/core'
import { createGitRepository, type GitRepository } from '@source-policy/testkit'
import { createTransport } from '@source-policy/transport'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { gitCredentialHelper } from './git-credential-helper.ts'
import { type GitResolverOptions, gitResolver } from './git-resolver.ts'

let base: string
let repository: GitRepository
let modern: GitRepository
let first: string
let annotated: string

beforeAll(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'git-binary-'))
  const home = path.join(base, 'home')
  await mkdir(home)
  repository = await createGitRepository({ dir: path.join(base, 'app.git'), home })
  first = await repository.commit({ files: { a: 'a'.repeat(10_000) }, message: 'first\n' })
  annotated = await repository.tag('v1', { target: first, message: 'one\n' })
  modern = await createGitRepository({ dir: path.join(base, 'modern.git'), home, objectFormat: 'sha256' })
  await modern.tag('v2', { target: await modern.commit({ message: 'modern\n' }), message: 'two\n' })
  await writeFile(
    path.join(base, 'ssh'),
    `#!/bin/sh\nprintf '%s\\n' "$@" >> "${base}/ssh.log"\nfor last; do :; done\nexec sh -c "$last"\n`,
  )
  await chmod(path.join(base, 'ssh'), 0o755)
})
afterAll(() => rm(base, { recursive: true, force: true }))
beforeEach(() => writeFile(path.join(base, 'ssh.log'), ''))

interface Asked extends Partial<GitResolverOptions> {
  readonly fields?: readonly string[]
  readonly anonymous?: boolean
  readonly allowAddresses?: string[]
  readonly exchanges?: Exchange[]
  readonly timeoutMs?: number
}
async function resolve(
  url: string,
  { fields = ['checksum', 'commit', 'tag'], anonymous = false, ...options }: Asked = {},
) {
  const { allowAddresses = ['127.0.0.1:22', 'host.test:2222'], exchanges, timeoutMs, ...rest } = options
  const lookup = async () => [{ address: '127.0.0.1', family: 4 as const }]
  const transport = createTransport({ allowAddresses, lookup, retries: 0 })
  const git = {
    env: { ...process.env, GIT_SSH_COMMAND: path.join(base, 'ssh') },
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  }
  const resolver = gitResolver({ transport, git, localRepositories: true, ...rest })
  const run = createRun({ onExchange: exchange => exchanges?.push(exchange) })
  const source = resolver.parse(`git://${url}`, { attrs: {} })
  const context = { run, signal: run.signal, anonymous }
  const { known, absent, unavailable } = await resolver.resolve(
    source,
    fields.map(field => ['git', field]),
    context,
  )
  return Object.fromEntries([
    ...known.map(({ path, value }) => [path[1], value]),
    ...absent.map(({ path }) => [path[1], 'absent']),
    ...unavailable.map(({ path, error }) => [path[1], error.code]),
  ]) as Record<string, unknown>
}

describe('repositories that the git binary connects to', () => {
  it('a directory: refs, tag and commit', async () => {
    expect(await resolve(`file://${repository.dir}#v1`)).toMatchObject({
      ref: 'refs/tags/v1',
      checksum: annotated,
      commitChecksum: first,
      commit: { message: 'first' },
      tag: { object: first, message: 'one' },
    })
  })

  it('a directory that hashes by SHA-256, its default branch', async () => {
    expect(await resolve(`file://${modern.dir}`)).toMatchObject({
      branch: 'main',
      isSHA256: true,
      commit: { message: 'modern' },
      tag: 'absent',
    })
  })

  it('SSH, connected to the address that was checked, under the name that keys are known by', async () => {
    expect(await resolve(`ssh://ada:hunter2@host.test:2222${repository.dir}#v1`)).toMatchObject({ tag: { tag: 'v1' } })
    const args = (await readFile(path.join(base, 'ssh.log'), 'utf8')).split('\n')
    expect(args).toContain('HostName=127.0.0.1')
    expect(args).toContain('HostKeyAlias=[host.test]:2222')
    expect(args).toContain('BatchMode=yes')
    expect(args).toContain('ada@host.test')
    expect(args.join('\n')).not.toContain('hunter2')
  })

  it('the scp form', async () => {
    const address = `git@127.0.0.1:${repository.dir}`
    expect(await resolve(`${address}#refs/heads/main`, { fields: ['checksum'] })).toMatchObject({ checksum: first })
  })

  it('are recorded as requests without user and password', async () => {
    const exchanges: Exchange[] = []
    await resolve(`ssh://ada@host.test:2222${repository.dir}#v1`, { exchanges })
    expect(exchanges.map(({ method, url }) => `${method} ${url}`)).toEqual([
      `git ls-remote ssh://host.test:2222${repository.dir}`,
      `git fetch ssh://host.test:2222${repository.dir}`,
    ])
  })
})

describe('what goes wrong with the git binary', () => {
  const rows: readonly (readonly [what: string, url: () => string, options: Asked, code: string])[] = [
    ['no git', () => `file://${repository.dir}`, { git: { command: 'no-such-git' } }, 'git_missing'],
    [
      'a directory where none may be read',
      () => `file://${repository.dir}`,
      { localRepositories: false },
      'unsupported_protocol',
    ],
    [
      'a directory that a material names',
      () => `file://${repository.dir}`,
      { anonymous: true },
      'unsupported_protocol',
    ],
    ['SSH without credentials', () => `git@127.0.0.1:${repository.dir}`, { anonymous: true }, 'unauthorized'],
    ['an address that is not listed', () => `ssh://10.0.0.1${repository.dir}`, {}, 'address_forbidden'],
    ['git:// to an address that is not listed', () => `git://127.0.0.1/x.git`, {}, 'address_forbidden'],
    ['no repository', () => `file://${base}/nothing.git`, {}, 'repository_not_found'],
    ['a command that takes too long', () => `file://${repository.dir}`, { timeoutMs: 0 }, 'timeout'],
    ['a host that a shell would read', () => `ssh://a%C3%A9b$(id)/x.git`, {}, 'invalid_identifier'],
  ]
  it.each(rows)('%s', async (_, url, options, code) => {
    expect(await resolve(url(), { fields: ['checksum'], ...options })).toEqual({ checksum: code })
  })

  it('a commit that is not there', async () => {
    const facts = await resolve(`file://${repository.dir}#${'a'.repeat(40)}`, { fields: ['commit'] })
    expect(facts.commit).toMatch(/object_missing|git_failed/)
  })

  it('an abort ends git and is thrown', async () => {
    const controller = new AbortController()
    const run = createRun()
    const transport = createTransport()
    const resolver = gitResolver({ transport, localRepositories: true })
    const source = resolver.parse(`git://file://${repository.dir}`, { attrs: {} })
    const resolving = resolver.resolve(source, [['git', 'ref']], { run, signal: controller.signal, anonymous: false })
    controller.abort(new Error('enough'))
    await expect(resolving).rejects.toThrow('enough')
  })
})

describe('gitCredentialHelper', () => {
  const helper = (config: string) => ({ env: { PATH: process.env.PATH, HOME: config } })

  it('asks the helpers that the user has set', async () => {
    const home = path.join(base, 'with-helper')
    await mkdir(home)
    await writeFile(
      path.join(home, '.gitconfig'),
      '[credential]\n\thelper = "!f() { echo username=u; echo password=p=q; }; f"\n',
    )
    expect(await gitCredentialHelper(helper(home))('host.test:8443')).toEqual({ username: 'u', password: 'p=q' })
  })

  it.each([
    ['none is set', helper('/nonexistent'), 'host.test'],
    ['there is no git', { command: 'no-such-git' }, 'host.test'],
    ['the host is another question', helper('/nonexistent'), 'host.test\nusername=x'],
  ])('knows nothing where %s', async (_, binary, host) => {
    expect(await gitCredentialHelper(binary)(host)).toBeUndefined()
  })
})

import { createRun } from '@source-policy/core'
import { type GitServer, type ServedRepository, startGitServer } from '@source-policy/testkit'
import { createTransport, type Transport } from '@source-policy/transport'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parseTree } from './git-files.ts'
import { hashObject } from './git-hash.ts'
import { gitFiles, gitResolver } from './git-resolver.ts'

const big = 'x'.repeat(100_000)

/** A commit with links, an executable and a submodule, which the testkit does not make. */
async function commitOf(repository: ServedRepository): Promise<string> {
  const { git } = repository
  await repository.commit({
    files: { Dockerfile: 'FROM scratch\n', 'app/Dockerfile': 'FROM app\n', 'app/deep/er/f': 'deep', big, secret: 's' },
  })
  const env = { GIT_INDEX_FILE: `${repository.dir}/links-index` }
  await git(['read-tree', 'main^{tree}'], { env })
  const links: Record<string, string> = {
    link: 'app/Dockerfile',
    'app/up': '../Dockerfile',
    'app/out': '../../../../../../etc/passwd',
    'app/absolute': '/Dockerfile',
    directory: 'app/deep',
    loop: 'loop',
    dangling: 'nowhere',
  }
  for (const [name, target] of Object.entries(links)) {
    const blob = await git(['hash-object', '-w', '--stdin'], { input: target })
    await git(['update-index', '--add', '--cacheinfo', `120000,${blob},${name}`], { env })
  }
  const head = await git(['rev-parse', 'main'])
  await git(['update-index', '--add', '--cacheinfo', `160000,${head},module`], { env })
  const tree = await git(['write-tree'], { env })
  const identity = { GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a' }
  const commit = await git(['commit-tree', tree], { input: 'links\n', env: identity })
  await repository.setRef('refs/heads/main', commit)
  await repository.tag('v1', { target: commit, message: 'one' })
  return commit
}

describe.each([
  { protocol: 2, filter: true, objectFormat: 'sha1' },
  { protocol: 2, filter: false, objectFormat: 'sha256' },
  { protocol: 0, filter: true, objectFormat: 'sha1' },
  { protocol: 0, filter: false, objectFormat: 'sha1' },
] as const)('files over version $protocol, filter $filter, $objectFormat', ({ objectFormat, ...options }) => {
  let server: GitServer
  let transport: Transport
  let url: string
  let commit: string
  beforeAll(async () => {
    server = await startGitServer(options)
    transport = createTransport({ allowAddresses: [server.host], insecureHosts: [server.host], retries: 0 })
    const repository = await server.createRepository('app', { objectFormat })
    commit = await commitOf(repository)
    url = repository.url
  })
  beforeEach(() => server.clearLog())
  afterAll(async () => {
    await transport.close()
    await server.close()
  })

  const open = (fragment = '', run = createRun()) => {
    const source = { kind: 'git', identifier: `git://${url}${fragment}`, attrs: {} }
    return gitFiles({ transport })(source, { run, signal: run.signal, anonymous: false })
  }
  const text = async (path: string, fragment = '') => {
    const bytes = await (await open(fragment)).read(path, { maxBytes: 200_000 })
    return bytes && Buffer.from(bytes).toString()
  }

  it.each([
    ['Dockerfile', '', 'FROM scratch\n'],
    ['./app/../Dockerfile', '', 'FROM scratch\n'],
    ['/Dockerfile', '', 'FROM scratch\n'],
    ['../../Dockerfile', '', 'FROM scratch\n'],
    ['big', '#main', big],
    ['app/deep/er/f', '#v1', 'deep'],
    ['link', '#refs/heads/main', 'FROM app\n'],
    ['app/up', '', 'FROM scratch\n'],
    ['app/absolute', '', 'FROM scratch\n'],
    ['directory/er/f', '', 'deep'],
    ['Dockerfile', '#main:app', 'FROM app\n'],
    ['f', '#:app/deep/er', 'deep'],
    ['../secret', '#main:app', undefined],
    ['up', '#main:app', 'FROM app\n'],
    ['app/out', '', undefined],
    ['app', '', undefined],
    ['module', '', undefined],
    ['loop', '', undefined],
    ['dangling', '', undefined],
    ['Dockerfile/x', '', undefined],
    ['missing', '', undefined],
    ['Dockerfile', '#main:missing', undefined],
    ['Dockerfile', '#main:Dockerfile', undefined],
    ['er/f', '#main:directory', undefined],
  ])('%s of %s', async (path, fragment, expected) => {
    expect(await text(path, fragment)).toBe(expected)
  })

  it('are of the commit that the run binds the ref to', async () => {
    const run = createRun()
    const context = { run, signal: run.signal, anonymous: false }
    const resolver = gitResolver({ transport })
    const source = resolver.parse(`git://${url}#v1`, { attrs: {} })
    const { known } = await resolver.resolve(source, [['git', 'commitChecksum']], context)
    const files = await gitFiles({ transport })(source, context)
    expect(files.commit).toBe(commit)
    expect(known).toContainEqual(expect.objectContaining({ path: ['git', 'commitChecksum'], value: commit }))
    const before = server.log.length
    await (await gitFiles({ transport })(source, context)).read('Dockerfile', { maxBytes: 100 })
    await files.read('Dockerfile', { maxBytes: 100 })
    expect(server.log.slice(before).filter(({ path }) => path.includes('info/refs'))).toEqual([])
  })

  it('are refused where they are too large, or where there is no such ref', async () => {
    const files = await open()
    await expect(files.read('big', { maxBytes: 1000 })).rejects.toMatchObject({ code: 'too_large' })
    await expect(open('#missing')).rejects.toMatchObject({ code: 'ref_not_found' })
    await expect(open(`#${'0'.repeat(39)}1`)).rejects.toMatchObject({ name: 'GitError' })
  })
})

it('files that are not asked for are not fetched where the server can leave them out', async () => {
  const server = await startGitServer()
  const transport = createTransport({ allowAddresses: [server.host], insecureHosts: [server.host] })
  const repository = await server.createRepository('app')
  const noise = Array.from({ length: 50_000 }, (_, index) => (index * 2_654_435_761) % 4_294_967_296).join()
  await repository.commit({ files: { Dockerfile: 'FROM scratch\n', noise } })
  const run = createRun()
  const source = { kind: 'git', identifier: `git://${repository.url}`, attrs: {} }
  const files = await gitFiles({ transport })(source, { run, signal: run.signal, anonymous: false })
  await files.read('Dockerfile', { maxBytes: 100 })
  expect(server.log.reduce((sum, { answerBytes }) => sum + answerBytes, 0)).toBeLessThan(20_000)
  await transport.close()
  await server.close()
})

it('files are refused that are others where git has checked them out', async () => {
  const server = await startGitServer()
  const transport = createTransport({ allowAddresses: [server.host], insecureHosts: [server.host] })
  const repository = await server.createRepository('app')
  await commitOf(repository)
  const readOf = async (path: string, subdir = '') => {
    const run = createRun()
    const source = { kind: 'git', identifier: `git://${repository.url}#main${subdir}`, attrs: {} }
    const files = await gitFiles({ transport })(source, { run, signal: run.signal, anonymous: false })
    return files.read(path, { maxBytes: 100 })
  }
  await expect(readOf('module/Dockerfile')).rejects.toMatchObject({ code: 'unsupported_content' })

  const files = { Dockerfile: 'FROM scratch\n', 'app/Dockerfile': 'FROM app\n' }
  await repository.commit({ files: { ...files, '.gitattributes': '*.png filter=lfs -text\nident text eol=crlf\n' } })
  expect(await readOf('Dockerfile')).toBeDefined()
  for (const attributes of ['Dockerfile working-tree-encoding=UTF-7\n', '[attr]x ident', '"a b"\tident\r\n']) {
    await repository.commit({ files: { ...files, '.gitattributes': attributes } })
    await expect(readOf('Dockerfile')).rejects.toMatchObject({ code: 'unsupported_content' })
    await expect(readOf('Dockerfile', ':app')).rejects.toMatchObject({ code: 'unsupported_content' })
  }
  await repository.commit({ files: { ...files, '.gitattributes': '', 'app/.gitattributes': '* ident' } })
  await expect(readOf('app/Dockerfile')).rejects.toMatchObject({ code: 'unsupported_content' })
  await transport.close()
  await server.close()
})

it('files of a directory of this machine', async () => {
  const server = await startGitServer()
  const transport = createTransport()
  const repository = await server.createRepository('app')
  await commitOf(repository)
  const run = createRun()
  const source = { kind: 'git', identifier: `git://file://${repository.dir}#v1:app`, attrs: {} }
  const files = await gitFiles({ transport, localRepositories: true })(source, {
    run,
    signal: run.signal,
    anonymous: false,
  })
  expect(Buffer.from((await files.read('Dockerfile', { maxBytes: 100 })) ?? []).toString()).toBe('FROM app\n')
  expect(await files.read('../secret', { maxBytes: 100 })).toBeUndefined()
  await transport.close()
  await server.close()
})

describe('trees', () => {
  const entry = (mode: string, name: string) => Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.alloc(20, 1)])
  const tree = (...parts: Uint8Array[]) => hashObject('tree', Uint8Array.from(Buffer.concat(parts)), 'sha1')

  it.each([
    ['malformed_object', 'a cut entry', tree(entry('100644', 'a').subarray(0, 15))],
    ['malformed_object', 'a slash', tree(entry('100644', 'a/b'))],
    ['malformed_object', 'a directory above', tree(entry('40000', '..'))],
    ['malformed_object', 'no name', tree(entry('100644', ''))],
    ['malformed_object', 'another kind', tree(entry('777', 'a'))],
    ['malformed_object', 'a name that stands twice', tree(entry('100644', 'a'), entry('120000', 'a'))],
    ['unexpected_object', 'a blob', hashObject('blob', new Uint8Array(), 'sha1')],
  ])('%s: %s', (code, _, object) => {
    expect(() => parseTree(object)).toThrow(expect.objectContaining({ code }))
  })
})

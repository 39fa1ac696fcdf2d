import { type Basis, createRun, type Facts, formatPath, type Path } from '@source-policy/core'
import { type GitServer, type GitServerOptions, type ServedRepository, startGitServer } from '@source-policy/testkit'
import { createTransport, type Transport } from '@source-policy/transport'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type GitResolverOptions, gitResolver } from './git-resolver.ts'

const refFields = ['ref', 'tagName', 'branch', 'checksum', 'commitChecksum', 'isAnnotatedTag', 'isSHA256']
const paths = (...fields: string[]): Path[] => fields.map(field => ['git', field])

interface Asked {
  readonly fields?: readonly string[]
  readonly attrs?: Record<string, string>
  readonly run?: ReturnType<typeof createRun>
  readonly anonymous?: boolean
  readonly signal?: AbortSignal
}

/** The facts as one document: values, `absent`, or the code of what went wrong. */
function summary({ known, absent, unavailable }: Facts): Record<string, unknown> {
  return Object.fromEntries([
    ...known.map(({ path, value }) => [String(path[1]), value]),
    ...absent.map(({ path }) => [String(path[1]), 'absent']),
    ...unavailable.map(({ path, error }) => [String(path[1]), error.code]),
  ])
}

function basisOf({ known, absent }: Facts, field: string): Basis | undefined {
  return [...known, ...absent].find(({ path }) => formatPath(path) === `input.git.${field}`)?.basis
}

async function open(options: GitServerOptions = {}, resolverOptions: Partial<GitResolverOptions> = {}) {
  const server = await startGitServer(options)
  const transport = createTransport({
    allowAddresses: [server.host],
    insecureHosts: [server.host],
    retries: 0,
    headersTimeoutMs: 2000,
    // git takes its time to pack, more on a busy machine
    bodyTimeoutMs: 3000,
  })
  const resolver = gitResolver({ transport, ...resolverOptions })
  const resolve = (url: string, { fields = refFields, attrs = {}, run = createRun(), ...context }: Asked = {}) => {
    const source = resolver.parse(`git://${url}`, { attrs })
    return resolver.resolve(source, paths(...fields), { run, signal: run.signal, anonymous: false, ...context })
  }
  return { server, transport, resolve }
}

describe.each([
  { protocol: 2, objectFormat: 'sha1' },
  { protocol: 2, objectFormat: 'sha256' },
  { protocol: 0, objectFormat: 'sha1' },
  { protocol: 0, objectFormat: 'sha256' },
] as const)('a repository over version $protocol that hashes by $objectFormat', ({ protocol, objectFormat }) => {
  let server: GitServer
  let transport: Transport
  let resolve: Awaited<ReturnType<typeof open>>['resolve']
  let repository: ServedRepository
  let first: string
  let second: string
  let annotated: string
  let nested: string
  const isSHA256 = objectFormat === 'sha256' ? true : 'absent'

  beforeAll(async () => {
    ;({ server, transport, resolve } = await open({ protocol }))
    repository = await server.createRepository('app', { objectFormat })
    first = await repository.commit({ message: 'first\n', files: { a: 'a', 'b/c': 'c' } })
    second = await repository.commit({ message: 'second\n\nwith a body\n', files: { a: 'b' } })
    await repository.tag('light', { target: first })
    annotated = await repository.tag('v1.0.0', { target: first, message: 'version one\n' })
    nested = await repository.tag('nested', { target: annotated, message: 'a tag of a tag\n' })
    await repository.tag('both', { target: first, message: 'a tag\n' })
    await repository.setRef('refs/heads/both', second)
    await repository.setRef('refs/pull/1/head', first)
    await repository.tag('tree', { target: `${first}^{tree}`, message: 'a tag of a tree\n' })
  })
  afterAll(() => Promise.all([server.close(), transport.close()]))
  beforeEach(() => {
    server.clearLog()
    server.faults.clear()
  })

  it.each([
    [
      '',
      () => ({ ref: 'refs/heads/main', branch: 'main', tagName: 'absent', checksum: second, commitChecksum: second }),
    ],
    ['#main', () => ({ ref: 'refs/heads/main', branch: 'main', checksum: second, isAnnotatedTag: 'absent' })],
    ['#refs/heads/main', () => ({ ref: 'refs/heads/main', checksum: second })],
    ['#light', () => ({ ref: 'refs/tags/light', tagName: 'light', checksum: first, isAnnotatedTag: 'absent' })],
    ['#v1.0.0', () => ({ tagName: 'v1.0.0', checksum: annotated, commitChecksum: first, isAnnotatedTag: true })],
    ['#nested', () => ({ tagName: 'nested', checksum: nested, commitChecksum: first, isAnnotatedTag: true })],
    ['#both', () => ({ ref: 'refs/heads/both', branch: 'both', checksum: second })],
    ['#refs/tags/both', () => ({ ref: 'refs/tags/both', commitChecksum: first, isAnnotatedTag: true })],
    ['#pull/1/head', () => ({ ref: 'refs/pull/1/head', branch: 'absent', tagName: 'absent', checksum: first })],
    ['#heads/main', () => ({ ref: 'refs/heads/main', branch: 'main', checksum: second })],
  ])('binds %j as git does', async (fragment, expected) => {
    const facts = await resolve(repository.url + fragment)
    expect(summary(facts)).toMatchObject({ isSHA256, ...expected() })
    expect(basisOf(facts, 'checksum')).toBe('server')
  })

  it.each(['#nope', '#v1', '#HEAD', '#v1.0.0^{}', '#*', '#deadbeef'])('has no ref %j', async fragment => {
    expect(summary(await resolve(repository.url + fragment, { fields: ['checksum'] }))).toEqual({
      checksum: 'ref_not_found',
    })
  })

  it('reads the commit and the tag of an annotated tag', async () => {
    const facts = await resolve(`${repository.url}#v1.0.0`, { fields: ['commit', 'tag'] })
    const tree = await repository.git(['rev-parse', `${first}^{tree}`])
    const ada = { name: 'Ada Example', email: 'ada@example.test' }
    expect(summary(facts)).toMatchObject({
      checksum: annotated,
      commit: { tree, author: { ...ada, when: '2023-11-15T00:13:20+02:00' }, committer: ada, message: 'first' },
      tag: { object: first, type: 'commit', tag: 'v1.0.0', tagger: ada, message: 'version one' },
    })
    expect(summary(facts).commit).not.toHaveProperty('parents')
  })

  it('follows a tag of a tag', async () => {
    const facts = summary(await resolve(`${repository.url}#nested`, { fields: ['commit', 'tag'] }))
    expect(facts).toMatchObject({ tag: { object: annotated, type: 'tag' }, commit: { message: 'first' } })
  })

  it('says that a light tag has no tag object', async () => {
    const facts = await resolve(`${repository.url}#light`, { fields: ['commit', 'tag'] })
    expect(summary(facts)).toMatchObject({ tag: 'absent', commit: { message: 'first' } })
  })

  it('reads parents and the body of a message', async () => {
    const { commit } = summary(await resolve(repository.url, { fields: ['commit'] }))
    expect(commit).toMatchObject({ parents: [first], message: 'second\n\nwith a body' })
  })

  it('believes a commit because the source names it', async () => {
    const facts = await resolve(`${repository.url}#${first}`, { fields: ['commit', 'tag'] })
    expect(summary(facts)).toMatchObject({ commit: { message: 'first' }, tag: 'absent', checksum: first })
    expect(['commit', 'tag', 'checksum', 'ref'].map(field => basisOf(facts, field))).toEqual(Array(4).fill('digest'))
  })

  it('reads the tag that a source names by its hash', async () => {
    const facts = await resolve(`${repository.url}#${annotated}`, { fields: ['commit', 'tag'] })
    expect(summary(facts)).toMatchObject({ commit: { message: 'first' }, tag: { tag: 'v1.0.0' } })
    expect(basisOf(facts, 'commit')).toBe('digest')
  })

  it('refuses a tag that leads to no commit', async () => {
    const facts = summary(await resolve(`${repository.url}#tree`, { fields: ['commit', 'tag'] }))
    expect(facts).toMatchObject({ commit: 'unexpected_object', tag: 'unexpected_object' })
  })

  it('refuses a commit that the repository does not have', async () => {
    const unknown = 'a'.repeat(first.length)
    const facts = summary(await resolve(`${repository.url}#${unknown}`, { fields: ['commit'] }))
    expect(facts.commit).toBe('object_missing')
  })

  it.each([
    ['a beginning of the commit', () => first.slice(0, 10), {}],
    ['the tag object', () => annotated, {}],
    ['another commit', () => second, { checksum: 'checksum_mismatch', commit: 'checksum_mismatch' }],
  ])('compares git.checksum: %s', async (_, checksum, expected) => {
    const attrs = { 'git.checksum': checksum() }
    const facts = await resolve(`${repository.url}#v1.0.0`, { fields: ['checksum', 'commit'], attrs })
    expect(summary(facts)).toMatchObject({ checksum: annotated, commit: { message: 'first' }, ...expected })
  })

  it('believes what git.checksum names in full', async () => {
    const attrs = { 'git.checksum': first }
    const facts = await resolve(`${repository.url}#v1.0.0`, { fields: ['commit'], attrs })
    expect([basisOf(facts, 'commit'), basisOf(facts, 'commitChecksum'), basisOf(facts, 'ref')]).toEqual([
      'digest',
      'digest',
      'server',
    ])
  })

  it('asks for no ref where the commit is to be fetched by its hash', async () => {
    const attrs = { 'git.checksum': first, 'git.fetchbycommit': 'true' }
    const facts = await resolve(`${repository.url}#gone`, { attrs })
    expect(summary(facts)).toMatchObject({ ref: 'refs/heads/gone', checksum: first, isAnnotatedTag: 'absent' })
    expect(server.log).toEqual([])
  })
})

describe('what a source costs', () => {
  let opened: Awaited<ReturnType<typeof open>>
  let repository: ServedRepository
  let commit: string
  const requests = () => opened.server.log.map(({ method, path }) => `${method} ${path.replace(/^\/app\.git/, '')}`)
  const discovery = 'GET /info/refs?service=git-upload-pack'
  const command = 'POST /git-upload-pack'

  beforeAll(async () => {
    opened = await open()
    repository = await opened.server.createRepository('app')
    commit = await repository.commit({ files: { a: 'a' } })
    await repository.tag('v1', { target: commit, message: 'one' })
  })
  beforeEach(() => opened.server.clearLog())
  afterAll(() => Promise.all([opened.server.close(), opened.transport.close()]))

  it.each([
    ['a ref', '#v1', ['checksum'], [discovery, command]],
    ['a ref and its objects', '#v1', ['checksum', 'commit', 'tag'], [discovery, command, command]],
    ['the default branch', '', ['ref'], [discovery, command, command]],
    ['whether a branch has a tag object', '#main', ['tag'], [discovery, command]],
  ])('%s', async (_, fragment, fields, expected) => {
    await opened.resolve(repository.url + fragment, { fields })
    expect(requests()).toEqual(expected)
  })

  it('a commit ref costs nothing until its object is wanted', async () => {
    await opened.resolve(`${repository.url}#${commit}`, { fields: ['checksum'] })
    expect(requests()).toEqual([])
    await opened.resolve(`${repository.url}#${commit}`, { fields: ['commit'] })
    expect(requests()).toEqual([discovery, command])
  })

  it('a second source of the same remote and ref costs nothing in the same run', async () => {
    const run = createRun()
    await opened.resolve(`${repository.url}#v1`, { fields: ['checksum', 'commit'], run })
    opened.server.clearLog()
    const again = await opened.resolve(`${repository.url}#v1:dir`, { fields: ['commit', 'tag'], run })
    expect(summary(again)).toMatchObject({ tag: { tag: 'v1' } })
    expect(requests()).toEqual([])
  })

  it('a ref stays what it was when it moves during a run', async () => {
    const run = createRun()
    const moving = await repository.commit({ branch: 'moving' })
    await opened.resolve(`${repository.url}#moving`, { fields: ['checksum'], run })
    await repository.commit({ branch: 'moving' })
    const later = await opened.resolve(`${repository.url}#moving`, {
      fields: ['checksum', 'commit'],
      run,
      anonymous: true,
    })
    expect(summary(later)).toMatchObject({ checksum: moving, commit: expect.anything() })
  })

  it('trees and files are left out, or not read to their end where the server cannot leave them out', async () => {
    const plain = await open({ filter: false })
    try {
      const large = await plain.server.createRepository('app')
      const files: Record<string, string> = {}
      for (let index = 0; index < 12; index++) {
        files[`file-${index}`] = Array.from({ length: 15_000 }, (_, line) => Math.sin(index * 20_000 + line)).join('\n')
      }
      const hash = await large.commit({ files })
      const run = createRun()
      const facts = await plain.resolve(`${large.url}#${hash}`, { fields: ['commit'], run })
      expect(summary(facts)).toMatchObject({ commit: { committer: { name: 'Ada Example' } } })
      const answer = plain.server.log.at(-1)!
      expect(answer.body).not.toContain('filter')
      expect(answer.answerBytes).toBeGreaterThan(1_000_000)
      expect(run.usage.bytes).toBeLessThan(answer.answerBytes / 2)
    } finally {
      await Promise.all([plain.server.close(), plain.transport.close()])
    }
    await opened.resolve(`${repository.url}#v1`, { fields: ['commit'] })
    expect(opened.server.log.at(-1)!.body).toContain('filter tree:0')
    expect(opened.server.log.at(-1)!.answerBytes).toBeLessThan(700)
  })
})

describe('credentials', () => {
  const auth = { username: 'x-access-token', password: 's3cret' }
  let opened: Awaited<ReturnType<typeof open>>
  let asked: string[]
  let url: string

  beforeAll(async () => {
    const credentialsFor = (host: string) => {
      asked.push(host)
      return { token: 's3cret' }
    }
    opened = await open({ auth }, { credentialsFor })
    const repository = await opened.server.createRepository('app')
    await repository.commit()
    url = repository.url
  })
  beforeEach(() => {
    asked = []
    opened.server.clearLog()
  })
  afterAll(() => Promise.all([opened.server.close(), opened.transport.close()]))

  it('of the embedder are asked for by host and sent at once', async () => {
    expect(summary(await opened.resolve(`${url}#main`))).toMatchObject({ branch: 'main' })
    expect(new Set(asked)).toEqual(new Set([opened.server.host]))
    expect(opened.server.log.map(({ status }) => status)).toEqual([200, 200])
  })

  it('are asked for once where a server wants some and none were sent', async () => {
    const hosts: string[] = []
    const askCredential = async (host: string) => {
      hosts.push(host)
      return auth
    }
    const resolver = gitResolver({ transport: opened.transport, askCredential })
    const run = createRun()
    const resolve = (anonymous: boolean) =>
      resolver.resolve(resolver.parse(`git://${url}`, { attrs: {} }), paths('commit'), {
        run,
        signal: run.signal,
        anonymous,
      })
    expect(summary(await resolve(true)).commit).toBe('unauthorized')
    expect(hosts).toEqual([])
    opened.server.clearLog()
    expect(summary(await resolve(false)).commit).toMatchObject({ message: 'commit 1' })
    expect(hosts).toEqual([opened.server.host])
    expect(opened.server.log.map(({ status }) => status)).toEqual([401, 200, 200, 200, 200])
  })

  it('are not sent for a source without credentials, those in its URL neither', async () => {
    const withUser = url.replace('://', '://x-access-token:s3cret@')
    const facts = await opened.resolve(withUser, { fields: ['ref'], anonymous: true })
    expect(summary(facts)).toEqual({ ref: 'unauthorized' })
    expect(asked).toEqual([])
    expect(opened.server.log.some(({ headers }) => headers.authorization !== undefined)).toBe(false)
  })

  it('fetched without and with credentials, a source fails and succeeds in the same run', async () => {
    const run = createRun()
    await opened.resolve(url, { fields: ['ref'], anonymous: true, run })
    expect(summary(await opened.resolve(url, { fields: ['ref'], run })).ref).toBe('refs/heads/main')
  })

  it('in the URL are sent, and never repeated in an error', async () => {
    const plain = await open({ auth: { username: 'ada', password: 'p@ss:word' } })
    try {
      const repository = await plain.server.createRepository('app')
      await repository.commit()
      const withUser = (user: string) => repository.url.replace('://', `://${user}@`)
      expect(summary(await plain.resolve(withUser('ada:p%40ss%3Aword'), { fields: ['ref'] })).ref).toBe(
        'refs/heads/main',
      )
      const { unavailable } = await plain.resolve(withUser('ada:hunter2'), { fields: ['ref'] })
      expect(unavailable[0]?.error.code).toBe('unauthorized')
      expect(JSON.stringify(unavailable)).not.toContain('hunter2')
    } finally {
      await Promise.all([plain.server.close(), plain.transport.close()])
    }
  })
})

describe('what goes wrong is unavailable, with its reason', () => {
  let opened: Awaited<ReturnType<typeof open>>
  let repository: ServedRepository

  beforeAll(async () => {
    opened = await open()
    repository = await opened.server.createRepository('app')
    const commit = await repository.commit({ files: { a: 'a' } })
    await repository.tag('v1', { target: commit, message: 'one' })
  })
  beforeEach(() => opened.server.faults.clear())
  afterAll(() => Promise.all([opened.server.close(), opened.transport.close()]))

  it.each([
    ['no such repository', { kind: 'status', status: 404 }, 'repository_not_found'],
    ['forbidden', { kind: 'status', status: 403 }, 'unauthorized'],
    ['an error of the server', { kind: 'status', status: 502 }, 'unexpected_status'],
    ['a web page', { kind: 'status', status: 200, body: '<html>' }, 'unsupported_protocol'],
    ['a closed connection', { kind: 'refuse' }, 'connection_failed'],
    ['a broken body', { kind: 'truncate', afterBytes: 30 }, 'truncated'],
    ['a body that stops', { kind: 'stall', afterBytes: 30 }, 'timeout'],
    ['a body that is reset', { kind: 'reset', afterBytes: 30 }, 'truncated'],
    ['another place', { kind: 'redirect', location: '/app.git/HEAD' }, 'unsupported_protocol'],
  ] as const)('discovery: %s', async (_, fault, code) => {
    opened.server.faults.add({ match: /info\/refs/, fault, times: 1 })
    expect(summary(await opened.resolve(`${repository.url}#v1`, { fields: ['checksum'] }))).toEqual({ checksum: code })
  })

  it.each([
    ['a closed connection', { kind: 'refuse' }, 'connection_failed'],
    ['a broken body', { kind: 'truncate', afterBytes: 60 }, 'truncated'],
    ['a redirect', { kind: 'redirect', location: 'http://example.test/' }, 'unexpected_status'],
    ['not found', { kind: 'status', status: 404 }, 'repository_not_found'],
  ] as const)('objects: %s', async (_, fault, code) => {
    let posts = 0
    opened.server.faults.add({ match: ({ method }) => method === 'POST' && ++posts > 1, fault })
    const facts = summary(await opened.resolve(`${repository.url}#v1`, { fields: ['checksum', 'commit', 'tag'] }))
    expect(facts).toMatchObject({ tagName: 'v1', checksum: expect.stringMatching(/^[0-9a-f]{40}$/) })
    expect([facts.commit, facts.tag]).toEqual([expect.stringMatching(code), expect.stringMatching(code)])
  })

  it('no byte of a listing can be changed so that something else is believed beside the objects', async () => {
    const fields = ['checksum', 'commitChecksum', 'ref', 'commit', 'tag']
    const right = summary(await opened.resolve(`${repository.url}#v1`, { fields }))
    const length = opened.server.log.filter(({ method }) => method === 'POST').at(-2)!.answerBytes
    expect(length).toBeGreaterThan(80)
    for (let offset = 0; offset < length; offset += 3) {
      opened.server.faults.clear()
      opened.server.faults.add({
        match: ({ method }) => method === 'POST',
        fault: { kind: 'corrupt', offset },
        times: 1,
      })
      const facts = summary(await opened.resolve(`${repository.url}#v1`, { fields }))
      for (const field of fields) {
        const isCode = typeof facts[field] === 'string' && /^[a-z]+_[a-z_]+$|^truncated$/.test(facts[field])
        if (!isCode) expect([offset, field, facts[field]]).toEqual([offset, field, right[field]])
      }
    }
  })

  it('no byte of a pack can be changed so that something else is believed', async () => {
    const right = summary(await opened.resolve(`${repository.url}#v1`, { fields: ['commit', 'tag'] }))
    const length = opened.server.log.at(-1)!.answerBytes
    for (let offset = 0; offset < length; offset += 7) {
      opened.server.faults.clear()
      let posts = 0
      const match = ({ method }: { method: string }) => method === 'POST' && ++posts > 1
      opened.server.faults.add({ match, fault: { kind: 'corrupt', offset } })
      const { commit, tag } = summary(await opened.resolve(`${repository.url}#v1`, { fields: ['commit', 'tag'] }))
      if (typeof commit === 'string') expect(commit).toMatch(/^[a-z_]+$/)
      else expect({ commit, tag }).toEqual({ commit: right.commit, tag: right.tag })
    }
  })

  it('a branch that is called as a tag', async () => {
    const other = await repository.commit({ branch: null })
    await repository.setRef('refs/heads/refs/tags/v1', other)
    const facts = await opened.resolve(`${repository.url}#refs/tags/v1`, { fields: ['checksum'] })
    await repository.git(['update-ref', '-d', 'refs/heads/refs/tags/v1'])
    expect(summary(facts)).toEqual({ checksum: 'ambiguous_ref' })
  })

  it('a transport that is not there, an address that is not allowed', async () => {
    expect(summary(await opened.resolve('http://127.0.0.1:1/x.git', { fields: ['ref'] }))).toEqual({
      ref: 'address_forbidden',
    })
  })

  it('an empty repository', async () => {
    const empty = await opened.server.createRepository('empty')
    expect(summary(await opened.resolve(empty.url, { fields: ['ref'] }))).toEqual({ ref: 'ref_not_found' })
    expect(summary(await opened.resolve(`${empty.url}#main`, { fields: ['ref'] }))).toEqual({ ref: 'ref_not_found' })
  })

  it('an abort is thrown', async () => {
    const controller = new AbortController()
    opened.server.faults.add({ fault: { kind: 'stall' }, times: 1 })
    const resolving = opened.resolve(repository.url, { fields: ['ref'], signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(resolving).rejects.toThrow('enough')
  })
})

import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { createRun, type Facts, type Run } from '@source-policy/core'
import { type HTTPOrigin, startHTTPOrigin } from '@source-policy/testkit'
import { createTransport, type TransportOptions } from '@source-policy/transport'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type HTTPResolverOptions, httpResolver } from './resolver.ts'

const content = Buffer.from('the content of the file, long enough to be cut in two')
const hex = (algorithm: string, bytes: string | Uint8Array = content) =>
  createHash(algorithm).update(bytes).digest('hex')
const sha256 = `sha256:${hex('sha256')}`
const path = ['http', 'checksum']
let origin: HTTPOrigin
let run: Run

beforeAll(async () => {
  origin = await startHTTPOrigin()
})
afterAll(() => origin.close())
beforeEach(() => {
  run = createRun()
  origin.setFile('/file', content)
})
afterEach(() => {
  origin.clearLog()
  origin.faults.clear()
})

const transport = (options: TransportOptions = {}) =>
  createTransport({
    allowAddresses: [origin.host],
    sleep: async () => undefined,
    headersTimeoutMs: 200,
    bodyTimeoutMs: 200,
    ...options,
  })

interface Asked {
  readonly attrs?: Record<string, string>
  readonly options?: Partial<HTTPResolverOptions>
  readonly anonymous?: boolean
  readonly signal?: AbortSignal
}

function resolve(file: string, { attrs = {}, options = {}, anonymous = false, signal = run.signal }: Asked = {}) {
  const resolver = httpResolver({ transport: transport(), ...options })
  const identifier = file.startsWith('/') ? origin.url + file : file
  return resolver.resolve(resolver.parse(identifier, { attrs }), [path], { run, signal, anonymous })
}
const known = (value: string, basis = 'server') => ({
  known: [{ path, value, basis }],
  absent: [],
  unavailable: [],
  children: [],
})
const codes = (facts: Facts) => facts.unavailable.map(({ error }) => error.code)

describe('resolve', () => {
  it('answers with the SHA-256 of the body, believed because the server says so', async () => {
    expect(await resolve('/file')).toEqual(known(sha256))
  })

  it('downloads a URL once in a run, whoever asks, fragments apart', async () => {
    await Promise.all([resolve('/file'), resolve('/file#a'), resolve('/file')])
    origin.setFile('/file', 'changed')
    expect(await resolve('/file#b')).toEqual(known(sha256))
    expect(origin.log).toHaveLength(1)
  })

  it('binds a failure as well', async () => {
    origin.faults.add({ fault: { kind: 'status', status: 404 }, times: 1 })
    expect(codes(await resolve('/file'))).toEqual(['not_found'])
    expect(codes(await resolve('/file'))).toEqual(['not_found'])
    expect(origin.log).toHaveLength(1)
  })

  it('throws the reason of an abort, and lets others go on', async () => {
    origin.faults.add({ fault: { kind: 'delay', ms: 50 } })
    const controller = new AbortController()
    const reason = new Error('enough')
    const [first, second] = [resolve('/file', { signal: controller.signal }), resolve('/file')]
    setTimeout(() => controller.abort(reason), 10)
    await expect(first).rejects.toBe(reason)
    expect(await second).toEqual(known(sha256))
    expect(origin.log).toHaveLength(1)
  })

  it('asks for nothing where no field of it is wanted', async () => {
    const resolver = httpResolver({ transport: transport() })
    const source = resolver.parse(`${origin.url}/file`, { attrs: {} })
    const facts = await resolver.resolve(source, [['http', 'other']], { run, signal: run.signal, anonymous: false })
    expect(codes(facts)).toEqual(['unknown_field'])
    expect(origin.log).toEqual([])
  })

  it('tells where redirects led to, without secrets', async () => {
    const location = `${origin.url}/file?token=s3cr3t`
    origin.faults.add({ match: '/moved', fault: { kind: 'redirect', location } })
    const { known: facts } = await resolve('/moved')
    expect(facts).toEqual([
      { path, value: sha256, basis: 'server', from: expect.stringContaining('/file?token=xxxxx') },
    ])
  })

  it('says that a budget is spent', async () => {
    run = createRun({ limits: { maxBytes: 10 } })
    expect(codes(await resolve('/file'))).toEqual(['budget_exceeded'])
  })

  it('asks for a URL neither in another way than the build would', async () => {
    expect(codes(await resolve('/a/../file'))).toEqual(['ambiguous_url'])
    expect(origin.log).toEqual([])
  })

  it('hashes what a gzipped body holds, as the builder would', async () => {
    origin.setFile('/file', { body: gzipSync(content), headers: { 'content-encoding': 'gzip' } })
    expect(await resolve('/file')).toEqual(known(sha256))
  })
})

describe('a named checksum', () => {
  it.each(['sha256', 'sha384', 'sha512'])('by %s that is met is the checksum, by one download', async algorithm => {
    const digest = `${algorithm}:${hex(algorithm)}`
    expect(await resolve('/file', { attrs: { 'http.checksum': digest } })).toEqual(known(digest, 'digest'))
    expect(origin.log).toHaveLength(1)
  })

  it.each(['sha256', 'sha512'])('by %s that is not met leaves the checksum unavailable', async algorithm => {
    const attrs = { 'http.checksum': `${algorithm}:${hex(algorithm, 'other')}` }
    expect(codes(await resolve('/file', { attrs }))).toEqual(['checksum_mismatch'])
  })

  it.each(['md5:00', 'sha256:00', `sha256:${hex('sha256').toUpperCase()}`, `sha512:${hex('sha256')}`, 'x'])(
    '%s is refused without a request',
    async checksum => {
      expect(codes(await resolve('/file', { attrs: { 'http.checksum': checksum } }))).toEqual(['invalid_checksum'])
      expect(origin.log).toEqual([])
    },
  )

  it('of another algorithm, asked for in the same round, comes with the same download', async () => {
    const attrs = { 'http.checksum': `sha512:${hex('sha512')}` }
    const facts = await Promise.all([resolve('/file'), resolve('/file', { attrs })])
    expect(facts).toEqual([known(sha256), known(attrs['http.checksum'], 'digest')])
    expect(origin.log).toHaveLength(1)
  })

  it('of another algorithm, asked for later, must come from the same bytes', async () => {
    await resolve('/file')
    const attrs = { 'http.checksum': `sha384:${hex('sha384')}` }
    expect(await resolve('/file', { attrs })).toEqual(known(attrs['http.checksum'], 'digest'))
    expect(origin.log).toHaveLength(2)
    origin.setFile('/file', 'changed')
    const changed = { 'http.checksum': `sha512:${hex('sha512', 'changed')}` }
    expect(codes(await resolve('/file', { attrs: changed }))).toEqual(['changed_during_run'])
  })
})

describe('a broken download', () => {
  const half = content.length >> 1

  it.each(['truncate', 'reset', 'stall'] as const)('goes on where a %s ended it', async kind => {
    origin.faults.add({ fault: { kind, afterBytes: half }, times: 1 })
    expect(await resolve('/file')).toEqual(known(sha256))
    expect(origin.log.map(({ status, headers }) => [status, headers.range, headers['if-range'] !== undefined])).toEqual(
      [
        [200, undefined, false],
        [206, `bytes=${half}-`, true],
      ],
    )
  })

  it('begins anew where nothing had come', async () => {
    origin.faults.add({ fault: { kind: 'truncate', afterBytes: 0 }, times: 1 })
    expect(await resolve('/file')).toEqual(known(sha256))
  })

  it('begins anew where the file has changed', async () => {
    const match = () => {
      origin.setFile('/file', 'changed')
      return true
    }
    origin.faults.add({ match, fault: { kind: 'truncate' }, times: 1 })
    expect(await resolve('/file')).toEqual(known(`sha256:${hex('sha256', 'changed')}`))
    expect(origin.log.map(({ status }) => status)).toEqual([200, 200])
  })

  it.each([
    ['has a weak etag', { etag: 'W/"x"' }],
    ['has no etag', { etag: false }],
    ['is gzipped', { headers: { 'content-encoding': 'gzip' }, body: gzipSync(content) }],
  ] as const)('is not taken up again where the file %s', async (_name, file) => {
    origin.setFile('/file', { body: content, ...file })
    origin.faults.add({ fault: { kind: 'truncate' }, times: 1 })
    expect(codes(await resolve('/file'))).toEqual(['truncated'])
    expect(origin.log).toHaveLength(1)
  })

  it.each([
    ['another part', { 'content-range': `bytes 0-9/${content.length}` }],
    ['no range', {}],
    ['another file', { 'content-range': `bytes ${half}-${content.length - 1}/${content.length}`, etag: '"other"' }],
    ['less than the rest', { 'content-range': `bytes ${half}-${content.length - 2}/${content.length}` }],
  ])('is refused where the server sends %s', async (_name, headers) => {
    const etag = '"x"'
    origin.setFile('/file', { body: content, etag })
    origin.faults.add({ fault: { kind: 'truncate', afterBytes: half }, times: 1 })
    const body = content.subarray(half)
    origin.faults.add({ fault: { kind: 'status', status: 206, headers: { etag, ...headers }, body }, times: 1 })
    expect(codes(await resolve('/file'))).toEqual(['changed_during_run'])
  })

  it('is given up after some attempts', async () => {
    origin.faults.add({ fault: { kind: 'truncate', afterBytes: 1 } })
    expect(codes(await resolve('/file'))).toEqual(['truncated'])
    expect(origin.log).toHaveLength(4)
  })

  it('is never longer than allowed, however many parts it has', async () => {
    origin.faults.add({ fault: { kind: 'truncate', afterBytes: half }, times: 1 })
    expect(codes(await resolve('/file', { options: { maxBodyBytes: content.length } }))).toEqual([])
    run = createRun()
    origin.faults.add({ fault: { kind: 'truncate', afterBytes: half }, times: 1 })
    const facts = await resolve('/file', { options: { maxBodyBytes: content.length - 1 } })
    expect(codes(facts)).toEqual(['response_too_large'])
  })
})

describe('credentials', () => {
  const authorization = 'Bearer s3cr3t-t0ken'
  const attrs = { 'http.authheadersecret': 'token' }
  const secret = (id: string, { host }: { host: string }) =>
    id === 'token' && host === origin.host ? `${authorization}\n` : undefined
  beforeEach(() => origin.setFile('/file', { body: content, authorization }))

  it('go along where the source names a secret', async () => {
    expect(await resolve('/file', { attrs, options: { secret } })).toEqual(known(sha256))
  })

  it('that are missing make no request', async () => {
    expect(codes(await resolve('/file', { attrs }))).toEqual(['secret_missing'])
    expect(origin.log).toEqual([])
  })

  it('do not go along for a nested source, whose failure does not count for others', async () => {
    const options = { secret }
    const userinfo = `http://user:hunter2@${origin.host}/file`
    const facts = await resolve(userinfo, { attrs, options, anonymous: true })
    expect(codes(facts)).toEqual(['unauthorized'])
    expect(JSON.stringify([facts, origin.log])).not.toMatch(/s3cr3t|hunter2/)
    expect(await resolve('/file', { attrs, options })).toEqual(known(sha256))
  })

  it('in the URL are used, and not shown', async () => {
    const basic = `Basic ${Buffer.from('user:hunter2').toString('base64')}`
    origin.setFile('/file', { body: content, authorization: basic })
    expect(await resolve(`http://user:hunter2@${origin.host}/file`)).toEqual(known(sha256))
    const wrong = await resolve(`http://user:hunter3@${origin.host}/file`)
    expect(codes(wrong)).toEqual(['unauthorized'])
    expect(JSON.stringify(wrong)).not.toContain('hunter3')
  })

  it('are told apart: what one may see is not what another sees', async () => {
    await resolve('/file', { attrs, options: { secret } })
    expect(codes(await resolve('/file'))).toEqual(['unauthorized'])
  })

  it.each([
    ['HTTP_AUTH_TOKEN_127.0.0.1', 's3cr3t-t0ken'],
    ['HTTP_AUTH_HEADER_127.0.0.1', authorization],
  ])('are found by the name of the host: %s', async (name, value) => {
    const options = { secret: (id: string) => (id === name ? value : undefined) }
    expect(await resolve('/file', { options })).toEqual(known(sha256))
    expect(codes(await resolve('/file', { options, anonymous: true }))).toEqual(['unauthorized'])
  })
})

describe('headers', () => {
  it('are sent as BuildKit sends them: two of them, others never', async () => {
    const headers = { Accept: 'text/plain', 'user-agent': 'x/1', authorization: 'y', 'x-token': 'y', '': 'y' }
    const attrs = Object.fromEntries(Object.entries(headers).map(([name, value]) => [`http.header.${name}`, value]))
    await resolve('/file', { attrs })
    expect(origin.log[0]?.headers).toMatchObject({ accept: 'text/plain', 'user-agent': 'x/1' })
    expect(Object.keys(origin.log[0]?.headers ?? {})).not.toContain('authorization')
    expect(JSON.stringify(origin.log)).not.toContain('"y"')
  })
})

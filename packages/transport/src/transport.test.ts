import { gzipSync } from 'node:zlib'
import { createRun, type Exchange, type Run } from '@source-policy/core'
import { type HTTPOrigin, startHTTPOrigin } from '@source-policy/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTransport } from './transport.ts'
import type { TransportOptions, TransportRequest } from './types.ts'

const secret = 'Bearer s3cr3t-t0ken'
let origin: HTTPOrigin
let elsewhere: HTTPOrigin
let exchanges: Exchange[]
let pauses: number[]
let run: Run

beforeAll(async () => {
  origin = await startHTTPOrigin()
  elsewhere = await startHTTPOrigin({ files: { '/file': 'elsewhere' } })
})
afterAll(() => Promise.all([origin.close(), elsewhere.close()]))

beforeEach(() => {
  origin.setFile('/file', 'content')
  exchanges = []
  pauses = []
  run = createRun({ onExchange: exchange => exchanges.push(exchange) })
})
afterEach(() => {
  for (const server of [origin, elsewhere]) {
    server.clearLog()
    server.faults.clear()
  }
})

function request(path: string, more: Partial<TransportRequest> = {}, options: TransportOptions = {}) {
  const transport = createTransport({
    allowAddresses: [origin.host, elsewhere.host],
    sleep: async ms => void pauses.push(ms),
    random: () => 0,
    headersTimeoutMs: 300,
    bodyTimeoutMs: 300,
    ...options,
  })
  const url = path.startsWith('/') ? origin.url + path : path
  return transport.request({ method: 'GET', url, maxBytes: 1_000_000, run, signal: run.signal, ...more })
}
const text = async (...args: Parameters<typeof request>) => (await request(...args)).text()

describe('request', () => {
  it('returns the body, counts it and records the exchange', async () => {
    expect(await text('/file?token=abc')).toBe('content')
    expect(run.usage).toMatchObject({ requests: 1, bytes: 7, hosts: 1 })
    expect(exchanges).toEqual([
      {
        method: 'GET',
        url: `${origin.url}/file?token=xxxxx`,
        status: 200,
        bytes: 7,
        durationMs: expect.any(Number) as number,
      },
    ])
  })

  it('returns 404 and 401 for the caller to judge', async () => {
    origin.setFile('/secret', { body: 'x', authorization: secret })
    expect((await request('/none')).status).toBe(404)
    const refused = await request('/secret')
    expect(refused.status).toBe(401)
    expect(refused.headers.get('WWW-Authenticate')).toBe('Basic realm="origin"')
    await refused.discard()
  })

  it('throws for a status that the caller does not accept', async () => {
    const accept = (status: number) => status === 200
    await expect(request('/none', { accept })).rejects.toMatchObject({ code: 'unexpected_status', status: 404 })
  })

  it('has no body in the answer to HEAD', async () => {
    const response = await request('/file', { method: 'HEAD' })
    expect(response.headers.get('content-length')).toBe('7')
    expect(await response.text()).toBe('')
  })

  it('refuses to read a body twice', async () => {
    const response = await request('/file')
    await response.text()
    await expect(response.text()).rejects.toThrow(TypeError)
  })

  it.each(['ftp://example.com/', 'file:///etc/passwd', 'nonsense', 'data:,x'])('refuses the URL %s', async url => {
    await expect(request(url)).rejects.toMatchObject({ code: 'invalid_request' })
  })

  it.each(['authorization', 'Cookie', 'host', 'content-length'])('refuses the header %s', async name => {
    await expect(request('/file', { headers: { [name]: 'x' } })).rejects.toMatchObject({ code: 'invalid_request' })
  })

  it('refuses header values that would end the header', async () => {
    await expect(request('/file', { headers: { accept: 'a\r\nx: y' } })).rejects.toMatchObject({
      code: 'invalid_request',
    })
    expect(origin.log).toEqual([])
  })
})

describe('limits', () => {
  it('refuses a body whose announced length is too large, unread', async () => {
    await expect(text('/file', { maxBytes: 6 })).rejects.toMatchObject({ code: 'response_too_large' })
    expect(run.usage.bytes).toBe(0)
  })

  it('refuses a gzip bomb at the limit', async () => {
    const body = gzipSync(Buffer.alloc(50_000_000))
    origin.setFile('/bomb', { body, headers: { 'content-encoding': 'gzip' } })
    await expect(text('/bomb')).rejects.toMatchObject({ code: 'response_too_large' })
    expect(run.usage.bytes).toBeLessThanOrEqual(body.length)
  })

  it('asks for no encoding and decompresses gzip nevertheless, as the builder does', async () => {
    origin.setFile('/encoded', { body: gzipSync('hello'), headers: { 'content-encoding': 'gzip' } })
    const response = await request('/encoded')
    expect(response.headers.get('content-encoding')).toBeUndefined()
    expect(response.headers.get('content-length')).toBeUndefined()
    expect(await response.text()).toBe('hello')
    expect(origin.log[0]?.headers['accept-encoding']).toBe('identity')
  })

  it.each([
    ['cut off', gzipSync('hello').subarray(0, -4), 'truncated'],
    ['not gzip', Buffer.from('hello, world'), 'malformed_response'],
  ])('refuses a gzipped body that is %s', async (_name, body, code) => {
    origin.setFile('/encoded', { body, headers: { 'content-encoding': 'gzip' } })
    await expect(text('/encoded')).rejects.toMatchObject({ code })
  })

  it('throws the budget error of the run and does not try again', async () => {
    run = createRun({ limits: { maxRequests: 1 } })
    await text('/file')
    await expect(text('/file')).rejects.toMatchObject({ code: 'budget_exceeded' })
    expect(origin.log).toHaveLength(1)
  })

  it('stops a body in the middle when the bytes of the run are spent', async () => {
    run = createRun({ limits: { maxBytes: 3 } })
    await expect(text('/file')).rejects.toMatchObject({ code: 'budget_exceeded' })
  })

  it('refuses a host too many before it connects', async () => {
    run = createRun({ limits: { maxHosts: 1 } })
    await text('/file')
    await expect(text(`${elsewhere.url}/file`)).rejects.toMatchObject({ code: 'budget_exceeded' })
    expect(elsewhere.log).toEqual([])
  })
})

describe('a body in parts', () => {
  const size = 50_000_000
  beforeEach(() => origin.setFile('/large', { body: { pattern: Buffer.alloc(100_000, 'x'), bytes: size } }))

  it('comes no faster than it is read', async () => {
    const response = await request('/large', { maxBytes: size })
    let received = 0
    for await (const part of response.body) {
      received += part.byteLength
      if (received < 1_000_000) await new Promise(resolve => setTimeout(resolve, 1))
      expect(run.usage.bytes - received).toBeLessThan(1_000_000)
    }
    expect(received).toBe(size)
    expect(exchanges).toMatchObject([{ status: 200, bytes: size }])
  })

  it('may be read as slowly as the reader likes', async () => {
    const response = await request('/large', { maxBytes: size }, { bodyTimeoutMs: 50 })
    let received = 0
    for await (const part of response.body) {
      if (received === 0) await new Promise(resolve => setTimeout(resolve, 200))
      received += part.byteLength
    }
    expect(received).toBe(size)
  })

  it('ends its connection where the reader stops', async () => {
    const transport = createTransport({ allowAddresses: [origin.host], perHostConcurrency: 1 })
    const asked = { method: 'GET', maxBytes: size, run, signal: run.signal } as const
    const large = await transport.request({ ...asked, url: `${origin.url}/large` })
    for await (const part of large.body) if (part.byteLength > 0) break
    expect(await (await transport.request({ ...asked, url: `${origin.url}/file` })).text()).toBe('content')
    expect(run.usage.bytes).toBeLessThan(size)
    await transport.close()
  })

  it('answers readers that do not wait for each other in turn, and is over for all of them', async () => {
    const { body } = await request('/file')
    const reader = body[Symbol.asyncIterator]()
    const [first, second, third] = await Promise.all([reader.next(), reader.next(), reader.next()])
    expect(Buffer.from(first!.value).toString()).toBe('content')
    expect([second, third]).toEqual([
      { done: true, value: undefined },
      { done: true, value: undefined },
    ])
  })

  it('is over where its reader left, also for who still waits', async () => {
    origin.faults.add({ fault: { kind: 'stall', afterBytes: 3 } })
    const { body } = await request('/file')
    const reader = body[Symbol.asyncIterator]()
    expect((await reader.next()).value).toHaveLength(3)
    const waiting = reader.next()
    await reader.return?.()
    expect(await waiting).toEqual({ done: true, value: undefined })
    expect(await reader.next()).toEqual({ done: true, value: undefined })
  })

  it('is over where its reader left after it broke off', async () => {
    origin.faults.add({ fault: { kind: 'truncate', afterBytes: 3 } })
    const { body } = await request('/file')
    const reader = body[Symbol.asyncIterator]()
    await reader.next()
    await expect.poll(() => exchanges).toHaveLength(1)
    await reader.return?.()
    expect(await reader.next()).toEqual({ done: true, value: undefined })
  })

  it('lets go of its connection where the reader leaves before the first part', async () => {
    const transport = createTransport({ allowAddresses: [origin.host], perHostConcurrency: 1 })
    const asked = { method: 'GET', maxBytes: size, run, signal: run.signal } as const
    const { body } = await transport.request({ ...asked, url: `${origin.url}/large` })
    await body[Symbol.asyncIterator]().return?.()
    expect(await (await transport.request({ ...asked, url: `${origin.url}/file` })).text()).toBe('content')
    await transport.close()
  })

  it('rejects, and does not throw, where it is read twice', async () => {
    const response = await request('/file')
    await response.bytes()
    const again = response.bytes()
    await expect(again).rejects.toThrow('a body can be read once')
    await expect(response.text()).rejects.toThrow('a body can be read once')
  })

  it('is handed over as far as it came before it broke off', async () => {
    origin.faults.add({ fault: { kind: 'truncate', afterBytes: 3 } })
    const response = await request('/file')
    const parts: string[] = []
    const reading = async () => {
      for await (const part of response.body) parts.push(Buffer.from(part).toString())
    }
    await expect(reading()).rejects.toMatchObject({ code: 'truncated' })
    expect(parts.join('')).toBe('con')
  })

  it('that was there before anybody read it is whole', async () => {
    const response = await request('/file')
    await new Promise(resolve => setTimeout(resolve, 50))
    expect(await response.text()).toBe('content')
  })

  it('is given up while its request still waits for a connection', async () => {
    origin.faults.add({ match: '/large', fault: { kind: 'stall' } })
    const transport = createTransport({ allowAddresses: [origin.host], perHostConcurrency: 1 })
    const controller = new AbortController()
    const asked = { method: 'GET', maxBytes: size, run } as const
    const first = transport.request({ ...asked, url: `${origin.url}/large`, signal: controller.signal })
    const second = transport.request({ ...asked, url: `${origin.url}/file`, signal: controller.signal })
    const reason = new Error('enough')
    setTimeout(() => controller.abort(reason), 50)
    await expect(second).rejects.toBe(reason)
    await expect(first).rejects.toBe(reason)
    expect(origin.log.map(({ path }) => path)).toEqual(['/large'])
    await transport.close()
  })
})

describe('abort', () => {
  it('ends a request that waits for its head, with the reason', async () => {
    origin.faults.add({ fault: { kind: 'stall' } })
    const controller = new AbortController()
    const pending = request('/file', { signal: controller.signal })
    const reason = new Error('enough')
    setTimeout(() => controller.abort(reason), 20)
    await expect(pending).rejects.toBe(reason)
  })

  it('ends a body, with the reason', async () => {
    origin.faults.add({ fault: { kind: 'stall', afterBytes: 3 } })
    const controller = new AbortController()
    const response = await request('/file', { signal: controller.signal })
    const reason = new Error('enough')
    setTimeout(() => controller.abort(reason), 20)
    await expect(response.text()).rejects.toBe(reason)
  })

  it('ends a pause between attempts, with the reason', async () => {
    origin.faults.add({ fault: { kind: 'status', status: 503, headers: { 'retry-after': '20' } } })
    const controller = new AbortController()
    const transport = createTransport({ allowAddresses: [origin.host] })
    const reason = new Error('enough')
    setTimeout(() => controller.abort(reason), 30)
    const url = `${origin.url}/file`
    await expect(transport.request({ method: 'GET', url, maxBytes: 10, run, signal: controller.signal })).rejects.toBe(
      reason,
    )
  })

  it('ends a body that trickles for ever, with the run', async () => {
    run = createRun({ limits: { timeoutMs: 300 } })
    origin.setFile('/file', 'x'.repeat(10_000))
    origin.faults.add({ fault: { kind: 'slow', bytes: 1, everyMs: 10 } })
    await expect(text('/file')).rejects.toMatchObject({ code: 'timeout', name: 'CoreError' })
  })

  it('ends with the run, whatever signal the request has', async () => {
    run = createRun({ limits: { timeoutMs: 50 } })
    origin.faults.add({ fault: { kind: 'stall' } })
    const signal = new AbortController().signal
    await expect(request('/file', { signal }, { headersTimeoutMs: 5000 })).rejects.toMatchObject({ code: 'timeout' })
  })
})

describe('retries', () => {
  it('tries again after a reset, a closed connection and 503', async () => {
    origin.faults.add({ fault: { kind: 'reset' }, times: 1 })
    origin.faults.add({ fault: { kind: 'refuse' }, times: 1 })
    origin.faults.add({ fault: { kind: 'status', status: 503 }, times: 1 })
    expect(await text('/file')).toBe('content')
    expect(pauses).toEqual([125, 250, 500])
    expect(run.usage.requests).toBe(4)
  })

  it('gives up after the last attempt', async () => {
    origin.faults.add({ fault: { kind: 'status', status: 500 } })
    await expect(request('/file')).rejects.toMatchObject({ code: 'unexpected_status', status: 500 })
    expect(origin.log).toHaveLength(4)
  })

  it('waits as long as Retry-After says', async () => {
    origin.faults.add({ fault: { kind: 'status', status: 429, headers: { 'retry-after': '7' } }, times: 1 })
    expect(await text('/file')).toBe('content')
    expect(pauses).toEqual([7000])
  })

  it('waits until the date that Retry-After says', async () => {
    const headers = { 'retry-after': 'Wed, 21 Oct 2026 07:28:10 GMT' }
    origin.faults.add({ fault: { kind: 'status', status: 429, headers }, times: 1 })
    const now = () => Date.parse('2026-10-21T07:28:00Z')
    expect(await text('/file', {}, { now })).toBe('content')
    expect(pauses).toEqual([10_000])
  })

  it('does not wait longer than allowed', async () => {
    origin.faults.add({ fault: { kind: 'status', status: 429, headers: { 'retry-after': '3600' } } })
    await expect(request('/file')).rejects.toMatchObject({ code: 'rate_limited', status: 429 })
    expect(origin.log).toHaveLength(1)
    expect(pauses).toEqual([])
  })

  it('does not repeat a POST, unless it may be', async () => {
    const fault = { kind: 'status', status: 503 } as const
    origin.faults.add({ fault })
    await expect(request('/file', { method: 'POST' })).rejects.toMatchObject({ code: 'unexpected_status' })
    expect(origin.log).toHaveLength(1)
    await expect(request('/file', { method: 'POST', idempotent: true })).rejects.toMatchObject({ status: 503 })
    expect(origin.log).toHaveLength(5)
  })

  it('does not repeat a request whose body has begun', async () => {
    origin.faults.add({ fault: { kind: 'reset', afterBytes: 3 } })
    await expect(text('/file')).rejects.toMatchObject({ code: 'truncated' })
    expect(origin.log).toHaveLength(1)
  })

  it('keeps the error of a body that broke before anybody read it', async () => {
    origin.faults.add({ fault: { kind: 'reset', afterBytes: 3 } })
    const response = await request('/file')
    await new Promise(resolve => setTimeout(resolve, 50))
    await expect(response.text()).rejects.toMatchObject({ code: 'truncated' })
  })
})

describe('redirects', () => {
  it('follows them and says where they led', async () => {
    origin.faults.add({ match: '/a', fault: { kind: 'redirect', location: '/b?sig=1', status: 301 } })
    origin.faults.add({ match: '/b', fault: { kind: 'redirect', location: 'file', status: 307 } })
    const response = await request('/a')
    expect(await response.text()).toBe('content')
    expect(response.url).toBe(`${origin.url}/file`)
    expect(response.redirected).toEqual([`${origin.url}/a`, `${origin.url}/b?sig=xxxxx`])
    expect(run.usage.requests).toBe(3)
  })

  it('returns them where they are not to be followed', async () => {
    origin.faults.add({ fault: { kind: 'redirect', location: '/b' } })
    const response = await request('/a', { redirect: 'manual' })
    expect([response.status, response.headers.get('location')]).toEqual([302, '/b'])
  })

  it.each([
    ['never ends', { 'content-length': '1000' }, 'x'],
    ['is large', {}, Buffer.alloc(5_000_000)],
  ])('does not wait for the body of a redirect that %s', async (_name, headers, body) => {
    const location = '/file'
    origin.faults.add({ match: '/a', fault: { kind: 'status', status: 302, headers: { location, ...headers }, body } })
    const start = performance.now()
    expect(await text('/a')).toBe('content')
    expect(performance.now() - start).toBeLessThan(3000)
    expect(run.usage.bytes).toBe(7)
  })

  it('ends a loop', async () => {
    origin.faults.add({ fault: { kind: 'redirect', location: '/a' } })
    await expect(request('/a')).rejects.toMatchObject({ code: 'too_many_redirects' })
    expect(origin.log).toHaveLength(11)
  })

  it.each([
    ['without a location', undefined],
    ['to another scheme', 'file:///etc/passwd'],
    ['to what is no URL', 'http://[::1'],
  ])('refuses a redirect %s', async (_name, location) => {
    const headers = location === undefined ? {} : { location }
    origin.faults.add({ fault: { kind: 'status', status: 302, headers } })
    await expect(request('/a')).rejects.toMatchObject({ code: 'redirect_forbidden' })
  })

  it('takes no credentials to another host, nor back again', async () => {
    origin.faults.add({ match: '/a', fault: { kind: 'redirect', location: `${elsewhere.url}/a` } })
    elsewhere.faults.add({ match: '/a', fault: { kind: 'redirect', location: `${origin.url}/file` } })
    const headers = { 'private-token': 's3cr3t', accept: 'text/plain' }
    await text('/a', { headers, authorization: { host: origin.host, value: secret } })
    const sent = [...origin.log, ...elsewhere.log].map(({ path, headers: { authorization, ...rest } }) => ({
      path,
      authorization,
      token: rest['private-token'],
      accept: rest.accept,
    }))
    expect(sent).toEqual([
      { path: '/a', authorization: secret, token: 's3cr3t', accept: 'text/plain' },
      { path: '/file', authorization: undefined, token: undefined, accept: 'text/plain' },
      { path: '/a', authorization: undefined, token: undefined, accept: 'text/plain' },
    ])
  })

  it('sends credentials again on the same host', async () => {
    origin.faults.add({ match: '/a', fault: { kind: 'redirect', location: '/file' } })
    await text('/a', { authorization: { host: origin.host, value: secret } })
    expect(origin.log.map(({ headers }) => headers.authorization)).toEqual([secret, secret])
  })

  it('does not send credentials that a redirect brings along', async () => {
    const location = `http://user:pass@${elsewhere.host}/file`
    origin.faults.add({ match: '/a', fault: { kind: 'redirect', location } })
    await text('/a')
    expect(elsewhere.log[0]?.headers.authorization).toBeUndefined()
  })

  it.each([
    ['elsewhere', () => `${elsewhere.url}/file`, 307],
    ['as a GET', () => '/file', 302],
  ])('does not take a POST %s', async (_name, location, status) => {
    origin.faults.add({ match: '/a', fault: { kind: 'redirect', location: location(), status } })
    await expect(request('/a', { method: 'POST', body: 'x' })).rejects.toMatchObject({ code: 'redirect_forbidden' })
    expect(elsewhere.log).toEqual([])
  })
})

describe('credentials', () => {
  it('go to no other host than their own', async () => {
    await text('/file', { authorization: { host: 'example.com', value: secret } })
    expect(origin.log[0]?.headers.authorization).toBeUndefined()
  })

  it('in a URL are sent as basic authorization, and shown nowhere', async () => {
    const response = await request(`http://user:p%40ss@${origin.host}/none`)
    expect(origin.log[0]?.headers.authorization).toBe(`Basic ${Buffer.from('user:p@ss').toString('base64')}`)
    expect(response.url).toBe(`${origin.url}/none`)
    await response.discard()
    expect(JSON.stringify(exchanges)).not.toMatch(/user|p%40ss|p@ss/)
  })

  it('do not go over plain http to a host that is not listed as insecure', async () => {
    const lookup = async () => [{ address: '127.0.0.1', family: 4 as const }]
    const url = `http://origin.test:${origin.port}/file`
    const authorization = { host: `origin.test:${origin.port}`, value: secret }
    await expect(request(url, { authorization }, { lookup })).rejects.toMatchObject({ code: 'credentials_forbidden' })
    const insecure = { lookup, insecureHosts: ['origin.test'] }
    expect(await text(url, { authorization }, insecure)).toBe('content')
    expect(origin.log.map(({ headers }) => headers.authorization)).toEqual([secret])
  })

  it.each([
    'unexpected_status',
    'truncated',
    'response_too_large',
    'timeout',
    'too_many_redirects',
    'redirect_forbidden',
    'connection_failed',
  ])('do not stand in the error %s, nor in its causes', async code => {
    const faults = {
      unexpected_status: { kind: 'status', status: 500 },
      truncated: { kind: 'truncate' },
      response_too_large: { kind: 'status', status: 200, body: 'x'.repeat(200) },
      timeout: { kind: 'stall' },
      too_many_redirects: { kind: 'redirect', location: '/file?token=hunter2' },
      redirect_forbidden: { kind: 'redirect', location: 'ftp://user:hunter2@example.com/' },
      connection_failed: { kind: 'refuse' },
    } as const
    origin.faults.add({ fault: faults[code as keyof typeof faults] })
    const url = `http://user:hunter2@${origin.host}/file?access_token=hunter2`
    const error = await text(url, { maxBytes: 100 }, { retries: 0 }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code })
    const shown = [error, (error as Error).cause]
      .map(thrown => `${String(thrown)} ${JSON.stringify(thrown)}`)
      .join('\n')
    expect(shown).not.toMatch(/hunter2|dXNlcjpodW50ZXIy/)
    expect(JSON.stringify(exchanges)).not.toMatch(/hunter2|dXNlcjpodW50ZXIy/)
  })
})

describe('close', () => {
  it('does not wait for a body that nobody reads', async () => {
    origin.faults.add({ fault: { kind: 'stall', afterBytes: 3 } })
    const transport = createTransport({ allowAddresses: [origin.host] })
    const url = `${origin.url}/file`
    const response = await transport.request({ method: 'GET', url, maxBytes: 10, run, signal: run.signal })
    await transport.close()
    await expect(response.text()).rejects.toMatchObject({ name: 'TransportError' })
  })

  it('needs no request before it', async () => {
    await expect(createTransport().close()).resolves.toBeUndefined()
  })
})

describe('concurrency', () => {
  it('has no more connections to a host than allowed', async () => {
    origin.faults.add({ fault: { kind: 'delay', ms: 50 } })
    const transport = createTransport({ allowAddresses: [origin.host], perHostConcurrency: 2 })
    const url = `${origin.url}/file`
    const start = Date.now()
    await Promise.all(
      Array.from({ length: 6 }, async () =>
        (await transport.request({ method: 'GET', url, maxBytes: 10, run, signal: run.signal })).text(),
      ),
    )
    expect(Date.now() - start).toBeGreaterThanOrEqual(140)
    await transport.close()
  })
})

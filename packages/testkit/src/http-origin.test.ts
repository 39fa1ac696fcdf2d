import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Fault } from './faults.ts'
import { type HTTPOrigin, startHTTPOrigin } from './http-origin.ts'

let origin: HTTPOrigin
beforeAll(async () => {
  origin = await startHTTPOrigin({
    files: {
      '/file': 'content',
      '/large': { body: { pattern: Buffer.from('0123456789'), bytes: 123_456 } },
      '/secret': { body: 'x', authorization: 'Bearer y' },
      '/chunked': { body: 'content', chunked: true },
    },
  })
})
afterAll(() => origin.close())
afterEach(() => {
  origin.faults.clear()
  origin.clearLog()
})
const get = (path: string, headers: Record<string, string> = {}) => fetch(origin.url + path, { headers })

describe('startHTTPOrigin', () => {
  it('serves files and logs what was asked for', async () => {
    const response = await get('/file?x=1', { accept: 'text/plain' })
    expect(await response.text()).toBe('content')
    expect(origin.log).toMatchObject([
      { method: 'GET', path: '/file?x=1', status: 200, headers: { accept: 'text/plain' } },
    ])
  })

  it('repeats a pattern for bodies that nobody wants to hold', async () => {
    const text = await (await get('/large')).text()
    expect([text.length, text.slice(0, 12), text.slice(-7)]).toEqual([123_456, '012345678901', '9012345'])
  })

  it('announces no length of a chunked file', async () => {
    const response = await get('/chunked')
    expect(response.headers.get('content-length')).toBeNull()
    expect(await response.text()).toBe('content')
  })

  it.each([
    ['/none', {}, 404],
    ['/secret', {}, 401],
    ['/secret', { authorization: 'Bearer y' }, 200],
    ['/file', { range: 'bytes=100-' }, 416],
  ])('answers %s with %j by %i', async (path, headers: Record<string, string>, status) => {
    expect((await get(path, headers)).status).toBe(status)
  })

  it('sends what was not changed by its etag only', async () => {
    const etag = (await get('/file')).headers.get('etag') ?? ''
    expect(etag).toMatch(/^"[0-9a-f]{16}"$/)
    expect((await get('/file', { 'if-none-match': etag })).status).toBe(304)
  })

  it('sends ranges, and the whole where the file is another', async () => {
    const part = await get('/file', { range: 'bytes=3-' })
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([206, 'bytes 3-6/7', 'tent'])
    const repeated = await get('/large', { range: 'bytes=123-134' })
    expect(await repeated.text()).toBe('345678901234')
    const whole = await get('/file', { range: 'bytes=3-', 'if-range': '"other"' })
    expect([whole.status, await whole.text()]).toEqual([200, 'content'])
  })

  it.each<Fault>([
    { kind: 'refuse' },
    { kind: 'reset' },
    { kind: 'reset', afterBytes: 2 },
    { kind: 'truncate' },
    { kind: 'truncate', afterBytes: 0 },
  ])('fails by %j, as often as it is said', async fault => {
    origin.faults.add({ match: '/file', fault, times: 1 })
    await expect(get('/file').then(response => response.text())).rejects.toThrow()
    expect(await (await get('/file')).text()).toBe('content')
  })

  it('changes one byte', async () => {
    origin.faults.add({ fault: { kind: 'corrupt', offset: 0 } })
    expect(await (await get('/file')).text()).toBe('bontent')
  })

  it('sends slowly', async () => {
    origin.faults.add({ fault: { kind: 'slow', bytes: 2, everyMs: 20 } })
    const start = performance.now()
    expect(await (await get('/file')).text()).toBe('content')
    expect(performance.now() - start).toBeGreaterThan(55)
  })

  it('stalls until the client gives up', async () => {
    origin.faults.add({ fault: { kind: 'stall', afterBytes: 2 } })
    const response = await fetch(`${origin.url}/file`, { signal: AbortSignal.timeout(100) })
    await expect(response.text()).rejects.toThrow()
  })

  it('answers otherwise, redirects, and late', async () => {
    origin.faults.add({ match: /^\/other/, fault: { kind: 'status', status: 418, headers: { x: 'y' }, body: 'tea' } })
    origin.faults.add({ match: ({ method }) => method === 'HEAD', fault: { kind: 'delay', ms: 50 } })
    origin.faults.add({ match: '/moved', fault: { kind: 'redirect', location: '/file' } })
    const other = await get('/other')
    expect([other.status, other.headers.get('x'), await other.text()]).toEqual([418, 'y', 'tea'])
    expect(await (await get('/moved?x')).text()).toBe('content')
    const start = performance.now()
    await fetch(`${origin.url}/file`, { method: 'HEAD' })
    expect(performance.now() - start).toBeGreaterThan(45)
  })
})

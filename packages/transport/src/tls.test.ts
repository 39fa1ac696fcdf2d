import { readFileSync } from 'node:fs'
import { createRun } from '@source-policy/core'
import { type HTTPOrigin, startHTTPOrigin } from '@source-policy/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { createTransport } from './transport.ts'
import type { TransportOptions } from './types.ts'

const pem = (name: string) => readFileSync(new URL(`testdata/tls/${name}`, import.meta.url), 'utf8')
const ca = pem('ca.crt')
const localhost = { cert: pem('localhost.crt'), key: pem('localhost.key') }
const client = { cert: pem('client.crt'), key: pem('client.key') }

const started: HTTPOrigin[] = []
afterEach(() => Promise.all(started.splice(0).map(origin => origin.close())))
const start = async (tls?: NonNullable<Parameters<typeof startHTTPOrigin>[0]>['tls']) => {
  const origin = await startHTTPOrigin({ files: { '/file': 'content' }, ...(tls && { tls }) })
  started.push(origin)
  return origin
}

async function get(origin: HTTPOrigin, options: TransportOptions, path = '/file'): Promise<string> {
  const transport = createTransport({ allowAddresses: ['127.0.0.1'], sleep: async () => undefined, ...options })
  const run = createRun()
  try {
    const url = path.startsWith('/') ? origin.url + path : path
    return await (await transport.request({ method: 'GET', url, maxBytes: 1000, run, signal: run.signal })).text()
  } finally {
    await transport.close()
  }
}

describe('certificates', () => {
  it('of an authority that is listed are accepted', async () => {
    expect(await get(await start(localhost), { ca })).toBe('content')
  })

  it.each([
    ['an unknown authority', localhost, undefined],
    ['another name', { cert: pem('other.crt'), key: pem('other.key') }, ca],
    ['an expired certificate', { cert: pem('expired.crt'), key: localhost.key }, ca],
  ])('of %s are refused, once', async (_name, tls, authority) => {
    const origin = await start(tls)
    let pauses = 0
    const sleep = async () => void pauses++
    await expect(get(origin, { sleep, ...(authority && { ca: authority }) })).rejects.toMatchObject({
      code: 'tls_failed',
    })
    expect([origin.log.length, pauses]).toEqual([0, 0])
  })

  it('are not verified for hosts that are listed as insecure, and only for these', async () => {
    const origin = await start(localhost)
    expect(await get(origin, { insecureHosts: [origin.host] })).toBe('content')
    await expect(get(origin, { insecureHosts: ['127.0.0.1:1', 'localhost'] })).rejects.toMatchObject({
      code: 'tls_failed',
    })
  })

  it('can be set for single hosts', async () => {
    const origin = await start(localhost)
    expect(await get(origin, { hosts: { [origin.host]: { ca } } })).toBe('content')
    await expect(get(origin, { ca, hosts: { [origin.host]: {} } })).rejects.toMatchObject({ code: 'tls_failed' })
  })

  it('of clients are shown', async () => {
    const origin = await start({ ...localhost, clientCA: ca })
    expect(await get(origin, { ca, ...client })).toBe('content')
    await expect(get(origin, { ca, retries: 0 })).rejects.toMatchObject({ name: 'TransportError' })
    expect(origin.log).toHaveLength(1)
  })

  it('of clients are shown to the host that they are for only', async () => {
    const [mine, other] = [await start({ ...localhost, clientCA: ca }), await start({ ...localhost, clientCA: ca })]
    const hosts = { [mine.host]: { ca, ...client } }
    expect(await get(mine, { ca, hosts })).toBe('content')
    await expect(get(other, { ca, hosts, retries: 0 })).rejects.toMatchObject({ name: 'TransportError' })
  })
})

describe('plain http and https', () => {
  it('lets no redirect lead from https to http', async () => {
    const [secure, plain] = [await start(localhost), await start()]
    secure.faults.add({ fault: { kind: 'redirect', location: `${plain.url}/file` } })
    await expect(get(secure, { ca })).rejects.toMatchObject({ code: 'redirect_forbidden' })
    expect(plain.log).toEqual([])
  })

  it('lets a redirect lead from http to https, without credentials', async () => {
    const [secure, plain] = [await start(localhost), await start()]
    plain.faults.add({ fault: { kind: 'redirect', location: `${secure.url}/file` } })
    expect(await get(plain, { ca }, `http://user:pass@${plain.host}/file`)).toBe('content')
    expect(plain.log[0]?.headers.authorization).toMatch(/^Basic /)
    expect(secure.log[0]?.headers.authorization).toBeUndefined()
  })

  it.each([
    ['http to a TLS port', 'http', true],
    ['https to a plain port', 'https', false],
  ])('fails plainly by %s', async (_name, scheme, tls) => {
    const origin = await start(tls ? localhost : undefined)
    const options = { ca, retries: 0, headersTimeoutMs: 1000 }
    await expect(get(origin, options, `${scheme}://${origin.host}/file`)).rejects.toMatchObject({
      name: 'TransportError',
    })
    expect(origin.log).toEqual([])
  })
})

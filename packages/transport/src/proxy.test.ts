import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createRun } from '@source-policy/core'
import { type HTTPOrigin, type HTTPProxy, startHTTPOrigin, startHTTPProxy } from '@source-policy/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { proxyChoice } from './proxy.ts'
import { createTransport } from './transport.ts'
import type { ProxyEnv, ResolvedAddress, TransportOptions } from './types.ts'

const pem = (name: string) => readFileSync(new URL(`testdata/tls/${name}`, import.meta.url), 'utf8')

describe('proxyChoice', () => {
  const both = { http_proxy: 'http://plain:3128', HTTPS_PROXY: 'secure:3129' }

  it.each<[ProxyEnv, string, string | undefined]>([
    [{}, 'http://example.com/', undefined],
    [both, 'http://example.com/', 'http://plain:3128'],
    [both, 'https://example.com/', 'http://secure:3129'],
    [{ ...both, HTTP_PROXY: 'http://other:1' }, 'http://example.com/', 'http://plain:3128'],
    [{ http_proxy: '', HTTP_PROXY: 'http://other:1' }, 'http://example.com/', 'http://other:1'],
    [both, 'http://localhost/', undefined],
    [both, 'http://127.0.0.9:8080/', undefined],
    [both, 'http://[::1]/', undefined],
    [{ ...both, no_proxy: '*' }, 'http://example.com/', undefined],
    [{ ...both, no_proxy: 'example.com' }, 'http://example.com/', undefined],
    [{ ...both, no_proxy: 'example.com' }, 'http://a.example.com/', undefined],
    [{ ...both, no_proxy: 'example.com' }, 'http://anexample.com/', 'http://plain:3128'],
    [{ ...both, no_proxy: ' .Example.com , x' }, 'http://a.example.com/', undefined],
    [{ ...both, no_proxy: '.example.com' }, 'http://example.com/', 'http://plain:3128'],
    [{ ...both, no_proxy: '*.example.com' }, 'http://a.example.com/', undefined],
    [{ ...both, no_proxy: 'example.com:8080' }, 'http://example.com:8080/', undefined],
    [{ ...both, no_proxy: 'example.com:8080' }, 'http://example.com/', 'http://plain:3128'],
    [{ ...both, no_proxy: 'example.com:443' }, 'https://example.com/', undefined],
    [{ ...both, NO_PROXY: '10.0.0.0/8' }, 'http://10.1.2.3/', undefined],
    [{ ...both, no_proxy: '10.0.0.0/8' }, 'http://11.1.2.3/', 'http://plain:3128'],
    [{ ...both, no_proxy: '10.1.2.3:80' }, 'http://10.1.2.3/', undefined],
    [{ ...both, no_proxy: '2001:db8::/32' }, 'http://[2001:db8::5]/', undefined],
  ])('%j, asked for %s, is %s', (env, url, expected) => {
    expect(proxyChoice(env)(new URL(url))?.origin).toBe(expected)
  })

  it.each(['socks5://proxy:1080', 'http://', 'ftp://x'])('refuses the proxy %s', proxy => {
    expect(() => proxyChoice({ http_proxy: proxy })).toThrow(expect.objectContaining({ code: 'proxy_failed' }))
  })
})

describe('requests through a proxy', () => {
  const authorization = `Basic ${Buffer.from('me:p@ss').toString('base64')}`
  let plain: HTTPOrigin
  let secure: HTTPOrigin
  let proxy: HTTPProxy
  let env: ProxyEnv
  beforeAll(async () => {
    const files = { '/file': 'content' }
    plain = await startHTTPOrigin({ files })
    secure = await startHTTPOrigin({ files, tls: { cert: pem('other.crt'), key: pem('other.key') } })
    proxy = await startHTTPProxy({
      hosts: { 'plain.test:80': plain.host, 'other.test:443': secure.host, '10.0.0.1:80': plain.host },
      authorization,
    })
    const url = `http://me:p%40ss@${proxy.host}`
    env = { http_proxy: url, https_proxy: url }
  })
  afterAll(() => Promise.all([plain.close(), secure.close(), proxy.close()]))
  afterEach(() => {
    for (const server of [plain, secure, proxy]) server.clearLog()
    plain.faults.clear()
  })

  const unknown = async (): Promise<readonly ResolvedAddress[]> => {
    throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
  }
  async function get(url: string, options: TransportOptions = {}, sent = {}): Promise<string> {
    const transport = createTransport({ proxy: env, ca: pem('ca.crt'), lookup: unknown, retries: 0, ...options })
    const run = createRun()
    try {
      const request = { method: 'GET', url, maxBytes: 1000, run, signal: run.signal, ...sent } as const
      return await (await transport.request(request)).text()
    } finally {
      await transport.close()
    }
  }

  it('send it the whole URL for http', async () => {
    expect(await get('http://plain.test/file?x=1')).toBe('content')
    expect(proxy.log).toMatchObject([{ method: 'GET', target: 'http://plain.test/file?x=1', status: 200 }])
    expect(plain.log[0]?.headers).toMatchObject({ host: 'plain.test' })
  })

  it('go through a tunnel for https, with TLS to the host itself', async () => {
    const value = 'Bearer s3cr3t'
    expect(await get('https://other.test/file', {}, { authorization: { host: 'other.test', value } })).toBe('content')
    expect(proxy.log).toMatchObject([{ method: 'CONNECT', target: 'other.test:443', status: 200 }])
    expect(proxy.log[0]?.headers).not.toHaveProperty('authorization')
    expect(secure.log[0]?.headers).toMatchObject({ authorization: value })
  })

  it('show its credentials to the proxy alone', async () => {
    await get('http://plain.test/file')
    await get('https://other.test/file')
    expect(proxy.log.map(({ headers }) => headers['proxy-authorization'])).toEqual([authorization, authorization])
    for (const { headers } of [...plain.log, ...secure.log]) expect(headers).not.toHaveProperty('proxy-authorization')
  })

  it.each([
    ['http://plain.test/file', 'unauthorized'],
    ['https://other.test/file', 'unauthorized'],
    ['http://elsewhere.test/file', 'unknown'],
    ['https://elsewhere.test/file', 'unknown'],
  ])('fail for %s where the proxy refuses: %s', async (url, why) => {
    const wrong = `http://me:hunter2@${proxy.host}`
    const options = why === 'unauthorized' ? { proxy: { http_proxy: wrong, https_proxy: wrong } } : {}
    const error = await get(url, options).catch((thrown: unknown) => thrown)
    const isAnswer = url.startsWith('http:') && why === 'unknown'
    expect(error).toMatchObject({ code: isAnswer ? 'unexpected_status' : 'proxy_failed' })
    expect(String(error)).not.toContain('hunter2')
    expect([...plain.log, ...secure.log]).toEqual([])
  })

  it('fail where there is no proxy', async () => {
    const closed = await startHTTPProxy({ hosts: {} })
    await closed.close()
    const options = { proxy: { http_proxy: closed.url, https_proxy: closed.url } }
    await expect(get('http://plain.test/file', options)).rejects.toMatchObject({ code: 'connection_failed' })
    await expect(get('https://other.test/file', options)).rejects.toMatchObject({ code: 'proxy_failed' })
  })

  it.each(['http://plain.test/file', 'https://other.test/file'])('end where it does not answer: %s', async url => {
    const sockets: Socket[] = []
    const silent = createServer(socket => void sockets.push(socket))
    await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
    const silentURL = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
    const timeouts = { connectTimeoutMs: 300, headersTimeoutMs: 300 }
    const options = { proxy: { http_proxy: silentURL, https_proxy: silentURL }, ...timeouts }
    await expect(get(url, options)).rejects.toMatchObject({ code: 'timeout' })
    for (const socket of sockets) socket.destroy()
    await new Promise(resolve => silent.close(resolve))
  })

  it.each(['http://10.0.0.1/file', 'http://169.254.169.254/', 'https://[fd00::1]/'])(
    'do not ask it for what may not be contacted: %s',
    async url => {
      await expect(get(url)).rejects.toMatchObject({ code: 'address_forbidden' })
      expect(proxy.log).toEqual([])
    },
  )

  it('do not ask it for a name that is known here to mean a private address', async () => {
    const lookup = async () => [{ address: '10.0.0.1', family: 4 as const }]
    await expect(get('http://plain.test/file', { lookup })).rejects.toMatchObject({ code: 'address_forbidden' })
    await expect(get('https://other.test/file', { lookup })).rejects.toMatchObject({ code: 'address_forbidden' })
    expect(proxy.log).toEqual([])
    const listed = { lookup, allowAddresses: ['10.0.0.0/8'] }
    expect(await get('http://plain.test/file', listed)).toBe('content')
  })

  it('keep the rules on redirects', async () => {
    plain.faults.add({ fault: { kind: 'redirect', location: 'http://10.0.0.1/file' } })
    await expect(get('http://plain.test/file')).rejects.toMatchObject({ code: 'address_forbidden' })
  })

  it('are not made for hosts that no_proxy names', async () => {
    const lookup = async () => [{ address: '127.0.0.1', family: 4 as const }]
    const options = { lookup, allowAddresses: ['plain.test'], proxy: { ...env, no_proxy: 'plain.test' } }
    expect(await get(`http://plain.test:${plain.port}/file`, options)).toBe('content')
    expect(proxy.log).toEqual([])
  })
})

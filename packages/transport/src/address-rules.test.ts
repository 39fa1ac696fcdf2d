import { createRun } from '@source-policy/core'
import { type HTTPOrigin, startHTTPOrigin } from '@source-policy/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createTransport } from './transport.ts'
import type { ResolvedAddress, TransportOptions } from './types.ts'

let origin: HTTPOrigin
beforeAll(async () => {
  origin = await startHTTPOrigin({ files: { '/file': 'content' } })
})
afterAll(() => origin.close())
afterEach(() => {
  origin.clearLog()
  origin.faults.clear()
})

async function get(url: string, options: TransportOptions = {}): Promise<string> {
  const transport = createTransport({ sleep: async () => undefined, connectTimeoutMs: 1000, ...options })
  const run = createRun()
  try {
    return await (await transport.request({ method: 'GET', url, maxBytes: 1000, run, signal: run.signal })).text()
  } finally {
    await transport.close()
  }
}
const addresses = (...all: string[]): readonly ResolvedAddress[] =>
  all.map(address => ({ address, family: address.includes(':') ? 6 : 4 }))
const names = (known: Record<string, readonly ResolvedAddress[]>) => async (hostname: string) => known[hostname] ?? []

describe('addresses that are not public', () => {
  it.each([
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '0.0.0.0',
    '0',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[0:0:0:0:0:ffff:7f00:0001]',
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::1]',
    '169.254.169.254',
    '2852039166',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.0.1',
    '100.64.0.1',
    '[fd00::1]',
    '[fe80::1]',
    '１２７.０.０.１',
    'localhost',
    'LOCALHOST',
  ])('are refused: %s', async host => {
    await expect(get(`http://${host}:${origin.port}/file`)).rejects.toMatchObject({ code: 'address_forbidden' })
    expect(origin.log).toEqual([])
  })

  it.each([
    ['its only address', addresses('127.0.0.1')],
    ['one of its addresses', addresses('1.1.1.1', '10.0.0.1')],
    ['a mapped address', addresses('::ffff:127.0.0.1')],
    ['a link-local address with a zone', addresses('fe80::1%lo')],
  ])('are refused where %s is what a name resolves to', async (_name, all) => {
    const lookup = names({ 'innocent.test': all })
    await expect(get(`http://innocent.test:${origin.port}/file`, { lookup })).rejects.toMatchObject({
      code: 'address_forbidden',
    })
    expect(origin.log).toEqual([])
  })

  it('are refused on a redirect', async () => {
    const options = { allowAddresses: [origin.host] }
    for (const host of ['169.254.169.254', 'localhost:1', '[::ffff:10.0.0.1]', `127.0.0.2:${origin.port}`]) {
      origin.faults.clear()
      origin.faults.add({ match: '/moved', fault: { kind: 'redirect', location: `http://${host}/file` } })
      await expect(get(`${origin.url}/moved`, options)).rejects.toMatchObject({ code: 'address_forbidden' })
    }
    expect(origin.log.map(({ path }) => path)).toEqual(['/moved', '/moved', '/moved', '/moved'])
  })

  it('are not reached by a name that changes its mind between check and use', async () => {
    let asked = 0
    const lookup = async () => {
      asked++
      // what is allowed at first, then what is not: each connection is checked by the address that it uses
      return addresses(asked === 1 ? '127.0.0.1' : '127.0.0.2')
    }
    const transport = createTransport({ lookup, allowAddresses: ['127.0.0.1'], sleep: async () => undefined })
    const run = createRun()
    const request = (path: string) =>
      transport.request({
        method: 'GET',
        url: `http://rebind.test:${origin.port}${path}`,
        maxBytes: 100,
        run,
        signal: run.signal,
      })
    origin.faults.add({ fault: { kind: 'refuse' }, times: 1 })
    await expect(request('/file')).rejects.toMatchObject({ code: 'address_forbidden' })
    expect(asked).toBe(2)
    expect(origin.log).toHaveLength(1)
    await transport.close()
  })

  it.each([
    ['host and port', (port: number) => `origin.test:${port}`],
    ['host', () => 'origin.test'],
    ['address and port', (port: number) => `127.0.0.1:${port}`],
    ['address', () => '127.0.0.1'],
    ['CIDR', () => '127.0.0.0/8'],
  ])('are contacted where they are listed by %s', async (_name, entry) => {
    const lookup = names({ 'origin.test': addresses('127.0.0.1') })
    const allowAddresses = [entry(origin.port)]
    expect(await get(`http://origin.test:${origin.port}/file`, { lookup, allowAddresses })).toBe('content')
  })

  it.each([
    ['another port', 'origin.test:1'],
    ['another name', 'other.test'],
    ['a parent of the name', 'test'],
    ['another block', '10.0.0.0/8'],
  ])('are not contacted where %s is listed', async (_name, entry) => {
    const lookup = names({ 'origin.test': addresses('127.0.0.1') })
    await expect(
      get(`http://origin.test:${origin.port}/file`, { lookup, allowAddresses: [entry] }),
    ).rejects.toMatchObject({ code: 'address_forbidden' })
  })
})

describe('name resolution', () => {
  it('that yields nothing is an error of its own', async () => {
    await expect(get('http://nowhere.test/', { lookup: names({}) })).rejects.toMatchObject({ code: 'dns_failed' })
  })

  it('that fails for now is tried again', async () => {
    let asked = 0
    const lookup = async () => {
      asked++
      if (asked < 3) throw Object.assign(new Error('try again'), { code: 'EAI_AGAIN' })
      return addresses('127.0.0.1')
    }
    const url = `http://origin.test:${origin.port}/file`
    expect(await get(url, { lookup, allowAddresses: ['127.0.0.1'] })).toBe('content')
  })

  it('that fails for good is not tried again', async () => {
    let asked = 0
    const lookup = async () => {
      asked++
      throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
    }
    await expect(get('http://nowhere.test/', { lookup })).rejects.toMatchObject({ code: 'dns_failed' })
    expect(asked).toBe(1)
  })

  it('goes on to the next address where one does not answer', async () => {
    const lookup = async () => addresses('127.0.0.9', '127.0.0.1')
    const url = `http://origin.test:${origin.port}/file`
    expect(await get(url, { lookup, allowAddresses: ['127.0.0.0/8'] })).toBe('content')
  })

  it('that never ends is a timeout', async () => {
    const lookup = () => new Promise<never>(() => undefined)
    const options = { lookup, connectTimeoutMs: 100, retries: 0 }
    await expect(get('http://nowhere.test/', options)).rejects.toMatchObject({ code: 'timeout' })
  })
})

describe('connections', () => {
  it('that nobody accepts are errors of their own', async () => {
    const closed = await startHTTPOrigin()
    await closed.close()
    const options = { allowAddresses: [closed.host], retries: 1 }
    await expect(get(`${closed.url}/`, options)).rejects.toMatchObject({ code: 'connection_failed' })
  })
})

describe('the list of addresses', () => {
  it('is read strictly', () => {
    expect(() => createTransport({ allowAddresses: ['10.0.0.0/99'] })).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    )
  })
})

describe('resolveHost, for protocols other than HTTP', () => {
  const lookup = async (hostname: string) => {
    const address = { 'public.test': '93.184.215.14', 'private.test': '10.0.0.1', 'loop.test': '127.0.0.1' }[hostname]
    if (address === undefined) throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
    return [{ address, family: 4 as const }]
  }
  const resolveHost = (hostname: string, allowAddresses: string[] = []) => {
    const run = createRun()
    const context = { run, signal: run.signal }
    return createTransport({ lookup, allowAddresses }).resolveHost({ hostname, port: 22 }, context)
  }
  it.each([
    ['public.test', [], '93.184.215.14'],
    ['loop.test', ['loop.test:22'], '127.0.0.1'],
    ['127.0.0.1', ['127.0.0.1:22'], '127.0.0.1'],
    ['[2606:4700:4700::1111]', [], '2606:4700:4700::1111'],
  ])('gives the addresses of %s with %j allowed', async (hostname, allowed, address) => {
    expect((await resolveHost(hostname, allowed)).map(found => found.address)).toEqual([address])
  })
  it.each([
    ['private.test', [], 'address_forbidden'],
    ['127.0.0.1', [], 'address_forbidden'],
    ['loop.test', ['loop.test:2222'], 'address_forbidden'],
    ['nowhere.test', [], 'dns_failed'],
  ])('refuses %s with %j allowed', async (hostname, allowed, code) => {
    await expect(resolveHost(hostname, allowed)).rejects.toMatchObject({ code })
  })
})

import { createHash } from 'node:crypto'
import { createRun, type ResolveContext, type Run } from '@source-policy/core'
import { type HTTPOrigin, startHTTPOrigin } from '@source-policy/testkit'
import { createTransport } from '@source-policy/transport'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { httpContent } from './content.ts'
import { httpResolver } from './resolver.ts'

const bytes = Buffer.from('a build context, long enough to be cut in two')
const sha256 = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const maxBytes = bytes.length
let origin: HTTPOrigin
let run: Run
let context: ResolveContext

beforeAll(async () => {
  origin = await startHTTPOrigin()
})
afterAll(() => origin.close())
beforeEach(() => {
  run = createRun()
  context = { run, signal: run.signal, anonymous: false }
  origin.setFile('/context', bytes)
  origin.clearLog()
  origin.faults.clear()
})

const open = (secret?: (id: string) => string | undefined) => {
  const transport = createTransport({ allowAddresses: [origin.host], sleep: async () => undefined })
  const options = { transport, ...(secret && { secret }) }
  const resolver = httpResolver(options)
  const sourceOf = (attrs: Record<string, string> = {}) => resolver.parse(`${origin.url}/context`, { attrs })
  return {
    bind: (limit = maxBytes, attrs = {}) => httpContent(options)(sourceOf(attrs), { maxBytes: limit }, context),
    checksum: async () => {
      const { known, unavailable } = await resolver.resolve(sourceOf(), [['http', 'checksum']], context)
      return known[0]?.value ?? unavailable[0]?.error.code
    },
  }
}

describe('the content of a source', () => {
  it('makes no request until it is read', async () => {
    await open().bind()
    expect(origin.log).toEqual([])
  })

  it.each(['before', 'after'])('is read %s its checksum with one download, though it changes meanwhile', async when => {
    const { bind, checksum } = open()
    const content = await bind()
    const first = when === 'before' ? await content.read() : await checksum()
    origin.setFile('/context', 'changed')
    const second = when === 'before' ? await checksum() : await content.read()
    expect(new Set([first, second])).toEqual(new Set([bytes, sha256]))
    expect(origin.log).toHaveLength(1)
  })

  it('is downloaded once for all who read it', async () => {
    const { bind } = open()
    const all = await Promise.all([bind(), bind()])
    await Promise.all(all.map(content => content.read()))
    expect(await (await bind()).read()).toEqual(bytes)
    expect(origin.log).toHaveLength(1)
  })

  it('is downloaded again where nobody had wanted it kept, and has to be the same', async () => {
    const { bind, checksum } = open()
    await checksum()
    expect(await (await bind()).read()).toEqual(bytes)
    expect(origin.log).toHaveLength(2)
  })

  it('that changed meanwhile is refused', async () => {
    const { bind, checksum } = open()
    await checksum()
    origin.setFile('/context', 'changed')
    await expect((await bind()).read()).rejects.toMatchObject({ code: 'changed_during_run' })
  })

  it('is whole where the download broke and was resumed', async () => {
    origin.setFile('/context', { body: bytes, etag: '"x"' })
    origin.faults.add({ fault: { kind: 'truncate', afterBytes: 7 }, times: 1 })
    expect(await (await open().bind()).read()).toEqual(bytes)
    expect(origin.log).toHaveLength(2)
  })

  it('may be empty', async () => {
    origin.setFile('/context', '')
    expect(await (await open().bind(0)).read()).toEqual(Buffer.alloc(0))
  })

  it('is refused where it is larger than allowed, and has a checksum still', async () => {
    const { bind, checksum } = open()
    const content = await bind(maxBytes - 1)
    expect(await checksum()).toBe(sha256)
    await expect(content.read()).rejects.toMatchObject({ code: 'too_large' })
    expect(origin.log).toHaveLength(1)
  })

  it('has to have the digest that its source names', async () => {
    const attrs = { 'http.checksum': `sha256:${'0'.repeat(64)}` }
    const content = await open().bind(maxBytes, attrs)
    await expect(content.read()).rejects.toMatchObject({ code: 'checksum_mismatch' })
  })

  it('is asked for with the secrets for its host', async () => {
    origin.setFile('/context', { body: bytes, authorization: 'Bearer s3cr3t' })
    const secret = (id: string) => (id === 'HTTP_AUTH_TOKEN_127.0.0.1' ? 's3cr3t' : undefined)
    expect(await (await open(secret).bind()).read()).toEqual(bytes)
    await expect((await open().bind()).read()).rejects.toMatchObject({ code: 'unauthorized' })
  })

  it('that cannot be had stays so for the run', async () => {
    origin.faults.add({ fault: { kind: 'status', status: 404 }, times: 1 })
    const { bind, checksum } = open()
    await expect((await bind()).read()).rejects.toMatchObject({ code: 'not_found' })
    expect(await checksum()).toBe('not_found')
  })
})

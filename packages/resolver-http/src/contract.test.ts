import { createHash } from 'node:crypto'
import { type Fault, startHTTPOrigin } from '@source-policy/testkit'
import { type ResolverFixture, type Spoiling, testResolver } from '@source-policy/testkit/contracts'
import { createTransport } from '@source-policy/transport'
import { describe, expect, it } from 'vitest'
import { httpResolver } from './resolver.ts'

const faults: Readonly<Record<Spoiling, Fault>> = {
  refuse: { kind: 'refuse' },
  stall: { kind: 'stall' },
  truncate: { kind: 'truncate' },
  corrupt: { kind: 'corrupt' },
  'status 404': { kind: 'status', status: 404 },
  'status 500': { kind: 'status', status: 500 },
}
const content = 'x'.repeat(1000)

async function start(): Promise<ResolverFixture> {
  const origin = await startHTTPOrigin({ files: { '/file': { body: content, etag: false } } })
  const transport = createTransport({ allowAddresses: [origin.host], retries: 0, headersTimeoutMs: 200 })
  return {
    resolver: httpResolver({ transport }),
    identifier: `${origin.url}/file?x=1`,
    attrs: { 'http.checksum': `sha256:${createHash('sha256').update(content).digest('hex')}` },
    known: [['http', 'checksum']],
    requests: () => origin.log.length,
    spoil: how => origin.faults.add({ fault: faults[how] }),
    async stop() {
      await transport.close()
      await origin.close()
    },
  }
}

testResolver({
  describe,
  it,
  expect,
  name: 'httpResolver',
  start,
  malformed: ['http://%zz', 'https://a b/', 'http://a:b/', 'https://example.com/%'],
  spoilings: ['refuse', 'stall', 'truncate', 'corrupt', 'status 404', 'status 500'],
})

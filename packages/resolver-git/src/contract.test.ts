import { type Fault, startGitServer } from '@source-policy/testkit'
import { type ResolverFixture, type Spoiling, testResolver } from '@source-policy/testkit/contracts'
import { createTransport } from '@source-policy/transport'
import { describe, expect, it } from 'vitest'
import { gitResolver } from './git-resolver.ts'

const faults: Readonly<Record<Spoiling, Fault>> = {
  refuse: { kind: 'refuse' },
  stall: { kind: 'stall' },
  truncate: { kind: 'truncate' },
  corrupt: { kind: 'corrupt', offset: 0 },
  'status 404': { kind: 'status', status: 404 },
  'status 500': { kind: 'status', status: 500 },
}

async function start(): Promise<ResolverFixture> {
  const server = await startGitServer()
  const repository = await server.createRepository('app')
  await repository.tag('v1', { target: await repository.commit(), message: 'one' })
  server.clearLog()
  const transport = createTransport({ allowAddresses: [server.host], retries: 0, headersTimeoutMs: 300 })
  return {
    resolver: gitResolver({ transport }),
    identifier: `git://${repository.url}#v1`,
    known: ['ref', 'tagName', 'checksum', 'commitChecksum', 'isAnnotatedTag', 'commit', 'tag'].map(field => [
      'git',
      field,
    ]),
    absent: [
      ['git', 'branch'],
      ['git', 'isSHA256'],
    ],
    requests: () => server.log.length,
    spoil: how => server.faults.add({ fault: faults[how] }),
    async stop() {
      await transport.close()
      await server.close()
    },
  }
}

testResolver({
  describe,
  it,
  expect,
  name: 'gitResolver',
  start,
  malformed: ['git://', 'git://h/x.git#-x', 'git://ftp://h/x', 'git://a b/x', 'git://https://h:x/y.git'],
  spoilings: ['refuse', 'stall', 'truncate', 'corrupt', 'status 404', 'status 500'],
})

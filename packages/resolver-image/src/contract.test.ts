import { createRegistryClient, parsePlatform } from '@source-policy/oci'
import { buildAttestation, buildImage, buildIndex, type Fault, startRegistry } from '@source-policy/testkit'
import { type ResolverFixture, type Spoiling, testResolver } from '@source-policy/testkit/contracts'
import { createTransport } from '@source-policy/transport'
import { describe, expect, it } from 'vitest'
import { imageResolver } from './image-resolver.ts'

const faults: Readonly<Record<Spoiling, Fault>> = {
  refuse: { kind: 'refuse' },
  stall: { kind: 'stall' },
  truncate: { kind: 'truncate' },
  corrupt: { kind: 'corrupt' },
  'status 404': { kind: 'status', status: 404 },
  'status 500': { kind: 'status', status: 500 },
}

async function start(): Promise<ResolverFixture> {
  const registry = await startRegistry()
  const transport = createTransport({ allowAddresses: [registry.host], retries: 0 })
  const platform = parsePlatform('linux/arm64')
  const image = buildImage({ platform, labels: { a: 'b' }, user: 'app' })
  registry.push('app', buildIndex([buildImage(), image, buildAttestation(image, [])]), 'v1')
  return {
    resolver: imageResolver({ registry: createRegistryClient({ transport }) }),
    identifier: `docker-image://${registry.host}/app:v1`,
    platform,
    known: ['checksum', 'labels', 'user', 'createdTime', 'hasProvenance'].map(field => ['image', field]),
    absent: ['volumes', 'workingDir', 'env'].map(field => ['image', field]),
    requests: () => registry.log.length,
    spoil: how => registry.faults.add({ fault: faults[how] }),
    async stop() {
      // the server first: a stalled answer would hold the transport
      await registry.close()
      await transport.close()
    },
  }
}

testResolver({
  describe,
  it,
  expect,
  name: 'imageResolver',
  start,
  malformed: ['docker-image://', 'docker-image://Alpine', 'docker-image://a@sha256:1', 'docker-image://a b'],
  spoilings: ['refuse', 'truncate', 'corrupt', 'status 404', 'status 500'],
})

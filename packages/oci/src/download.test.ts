import { createRun } from '@source-policy/core'
import { type Fault, type Registry, rawContent, startRegistry } from '@source-policy/testkit'
import { createTransport, type Transport } from '@source-policy/transport'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseReference } from './reference.ts'
import { createRegistryClient } from './registry-client.ts'

const content = Buffer.from(Array.from({ length: 4000 }, (_, n) => (n * 7) % 251))
const blob = rawContent(content, 'application/octet-stream')

let registry: Registry
let transport: Transport
beforeEach(async () => {
  registry = await startRegistry()
  transport = createTransport({ allowAddresses: [registry.host], retries: 0, bodyTimeoutMs: 300 })
  registry.push('app', blob)
  registry.store.open('app').blobs.set(blob.digest, content)
})
afterEach(async () => {
  await registry.close()
  await transport.close()
})

async function readBlob(maxBytes = content.length): Promise<Uint8Array> {
  const run = createRun()
  const { digest, mediaType, size } = blob.descriptor
  const context = { run, signal: run.signal, anonymous: false }
  const source = createRegistryClient({ transport })
  return source.blob(parseReference(`${registry.host}/app`), { digest, mediaType, size }, { maxBytes }, context)
}

const ranges = () => registry.log.map(({ headers }) => headers.range ?? 'all')
const whole = (status: number, headers: Readonly<Record<string, string>>, body: Uint8Array): Fault => {
  return { kind: 'status', status, headers, body }
}
const half: Fault = { kind: 'truncate', afterBytes: 2000 }

describe('a blob whose transfer breaks off', () => {
  it.each<[string, Fault]>([
    ['by a reset', { kind: 'reset', afterBytes: 2000 }],
    ['by an early end', half],
    ['by silence', { kind: 'stall', afterBytes: 2000 }],
  ])('%s is asked for from there on', async (_, fault) => {
    registry.faults.add({ fault, times: 1 })
    expect(Buffer.from(await readBlob()).equals(content)).toBe(true)
    expect(ranges()).toEqual(['all', 'bytes=2000-'])
  })

  it('again and again is continued each time, three times at most', async () => {
    registry.faults.add({ fault: { kind: 'truncate', afterBytes: 900 }, times: 3 })
    expect(Buffer.from(await readBlob()).equals(content)).toBe(true)
    expect(ranges()).toEqual(['all', 'bytes=900-', 'bytes=1800-', 'bytes=2700-'])
    registry.clearLog()
    registry.faults.add({ fault: { kind: 'truncate', afterBytes: 10 } })
    await expect(readBlob()).rejects.toThrow(expect.objectContaining({ code: 'truncated' }))
    expect(ranges()).toEqual(['all', 'bytes=10-', 'bytes=20-', 'bytes=30-'])
  })

  it('before its first byte is not', async () => {
    registry.faults.add({ fault: { kind: 'truncate', afterBytes: 0 } })
    await expect(readBlob()).rejects.toThrow(expect.objectContaining({ code: 'truncated' }))
    expect(ranges()).toEqual(['all'])
  })

  it('is read whole again from a registry that knows no ranges', async () => {
    registry.faults.add({ fault: half, times: 1 })
    registry.faults.add({ fault: whole(200, {}, content), times: 1 })
    expect(Buffer.from(await readBlob()).equals(content)).toBe(true)
  })

  it.each<[string, Fault, string]>([
    ['other bytes', whole(206, { 'content-range': 'bytes 1999-3999/4000' }, content.subarray(1999)), 'registry_failed'],
    ['bytes it does not name', whole(206, {}, content.subarray(2000)), 'registry_failed'],
    [
      'what it calls the rest and is not',
      whole(206, { 'content-range': 'bytes 2000-3999/4000' }, content.subarray(0, 2000)),
      'digest_mismatch',
    ],
    ['the rest with one byte altered', { kind: 'corrupt', offset: 5 }, 'digest_mismatch'],
    [
      'too little of the rest',
      whole(206, { 'content-range': 'bytes 2000-3998/4000' }, content.subarray(2000, 3999)),
      'digest_mismatch',
    ],
    ['too much', whole(206, { 'content-range': 'bytes 2000-3999/4000' }, content.subarray(1000)), 'content_too_large'],
    ['that there is no more', whole(416, { 'content-range': 'bytes */2000' }, Buffer.alloc(0)), 'truncated'],
    ['that it is gone', whole(404, {}, Buffer.alloc(0)), 'truncated'],
  ])('is refused where the registry then sends %s', async (_, fault, code) => {
    registry.faults.add({ fault: half, times: 1 })
    registry.faults.add({ fault, times: 1 })
    await expect(readBlob()).rejects.toThrow(expect.objectContaining({ code }))
  })

  it('is continued where a redirect leads, without the credential', async () => {
    const storage = await startRegistry({ auth: { kind: 'none' } })
    storage.store.open('app').blobs.set(blob.digest, content)
    const credentials = { username: 'ann', password: 'hunter2' }
    const front = await startRegistry({
      auth: { kind: 'basic', users: { ann: 'hunter2' } },
      blobLocation: (name, digest) => `${storage.url}/v2/${name}/blobs/${digest}`,
    })
    front.store.open('app').blobs.set(blob.digest, content)
    const both = createTransport({ allowAddresses: [front.host, storage.host], retries: 0 })
    storage.faults.add({ fault: half, times: 1 })
    const run = createRun()
    const context = { run, signal: run.signal, anonymous: false }
    const source = createRegistryClient({ transport: both, credentialsFor: async () => credentials })
    const bytes = await source.blob(
      parseReference(`${front.host}/app`),
      blob.descriptor,
      { maxBytes: content.length },
      context,
    )
    await Promise.all([both.close(), front.close(), storage.close()])
    expect(Buffer.from(bytes).equals(content)).toBe(true)
    expect(storage.log.map(({ headers }) => [headers.range, headers.authorization])).toEqual([
      [undefined, undefined],
      ['bytes=2000-', undefined],
    ])
  })
})

import {
  buildImage,
  buildIndex,
  describedAs,
  type Registry,
  startHTTPOrigin,
  startRegistry,
} from '@source-policy/testkit'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { attempt, outputOf, UNLESS_BAD } from './harness.ts'

/* Promise 2: the bytes that were checked are the bytes that are used. */

let registry: Registry
beforeAll(async () => {
  registry = await startRegistry()
})
beforeEach(() => {
  registry.faults.clear()
  registry.clearLog()
})
afterAll(() => registry.close())

const good = buildImage({ labels: { good: 'yes' } })
const bad = buildImage({ labels: { bad: 'yes' } })
const decide = (reference: string) =>
  attempt({
    files: { 'Dockerfile.rego': UNLESS_BAD },
    argv: ['eval', `docker-image://${registry.host}/${reference}`, '--platform', 'linux/amd64'],
    allow: [registry.host],
  })

it.each<[string, () => void]>([
  [
    'another manifest under a digest',
    () => registry.store.open('a').manifests.set(bad.digest, { ...good, digest: bad.digest }),
  ],
  [
    'another config under a digest',
    () => registry.store.open('a').blobs.set(bad.blobs[0]!.digest, good.blobs[0]!.bytes),
  ],
  ['one byte of the manifest', () => registry.faults.add({ match: /manifests/, fault: { kind: 'corrupt' } })],
  ['one byte of the config', () => registry.faults.add({ match: /blobs/, fault: { kind: 'corrupt' } })],
  ['half of the config', () => registry.faults.add({ match: /blobs/, fault: { kind: 'truncate' } })],
])('a registry that serves %s leaves it undecided', async (_, tamper) => {
  registry.push('a', bad, '1')
  tamper()
  const run = await decide(`a@${bad.digest}`)
  expect(run.exitCode, outputOf(run)).toBe(3)
})

it('a descriptor of another size leaves it undecided', async () => {
  registry.push('size', buildIndex([describedAs(good, { size: good.bytes.byteLength + 1 })]), '1')
  expect((await decide('size:1')).exitCode).toBe(3)
})

it('a tag that moves during the run is one image for all of it', async () => {
  registry.push('moving', good, '1')
  const Dockerfile = `FROM ${registry.host}/moving:1 AS a\nFROM ${registry.host}/moving:1\nCOPY --from=a / /\n`
  registry.faults.add({
    match: ({ path }) => {
      if (/blobs/.test(path)) registry.push('moving', bad, '1')
      return false
    },
    fault: { kind: 'refuse' },
  })
  const run = await attempt({ files: { Dockerfile, 'Dockerfile.rego': UNLESS_BAD }, allow: [registry.host] })
  expect(run.exitCode, outputOf(run)).toBe(0)
  expect(registry.log.filter(({ path }) => path.endsWith('/manifests/1')).length).toBe(1)
})

it('a file with another checksum than the Dockerfile names leaves it undecided', async () => {
  const origin = await startHTTPOrigin({ files: { '/a': 'content' } })
  const Dockerfile = `FROM scratch\nADD --checksum=sha256:${'1'.repeat(64)} ${origin.url}/a /\n`
  const run = await attempt({ files: { Dockerfile, 'Dockerfile.rego': UNLESS_BAD }, allow: [origin.host] })
  await origin.close()
  expect(run.exitCode, outputOf(run)).toBe(3)
})

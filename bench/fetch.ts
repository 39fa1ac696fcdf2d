/*
 * 100 sources over 20 images of an index each, decided by a label: cold, warm and offline, against a plain parallel loop of
 * requests for the same manifests and blobs over as many connections. The registry is a process of its own and answers after
 * some milliseconds, as far ones do. Run by `npm run bench:fetch`; fails beyond the limits.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { createEvaluator, createRun, isWithin, type Path, type Policy } from '@source-policy/core'
import { createRegistryClient, parsePlatform } from '@source-policy/oci'
import { createDiskCache } from '@source-policy/oci/disk-cache'
import { imageResolver } from '@source-policy/resolver-image'
import { buildImage, buildIndex, startRegistry } from '@source-policy/testkit'
import { createTransport } from '@source-policy/transport'
import { Agent, request } from 'undici'

const IMAGES = 20
const SOURCES = 100
const CONNECTIONS = 6
const LATENCIES_MS = [0, 20]
const ROUNDS = 7
const MAX_RATIO = 1.5
const platform = parsePlatform('linux/arm64')

async function serve(): Promise<void> {
  const registry = await startRegistry()
  for (let n = 0; n < IMAGES; n++) {
    const images = ['linux/amd64', 'linux/arm64'].map(name =>
      buildImage({ platform: parsePlatform(name), labels: { tier: 'gold', n: String(n) }, env: Array(20).fill('A=b') }),
    )
    registry.push(`org/app${n}`, buildIndex(images), 'v1')
  }
  process.on('message', (message: { latencyMs: number } | 'log') => {
    if (message === 'log') process.send?.(registry.log.map(({ path: asked }) => asked))
    else {
      registry.faults.clear()
      if (message.latencyMs > 0) registry.faults.add({ fault: { kind: 'delay', ms: message.latencyMs } })
      process.send?.('ready')
    }
    registry.clearLog()
  })
  process.on('disconnect', () => process.exit())
  process.send?.(registry.host)
}

async function ask<T>(server: ChildProcess, message?: object | string): Promise<T> {
  if (message !== undefined) server.send(message)
  const [answer] = (await once(server, 'message')) as [T]
  return answer
}

const labels: Path = ['image', 'labels']
const policy: Policy = {
  name: 'gold only',
  evaluate({ input, unknown }) {
    if (unknown.some(hole => isWithin(labels, hole))) return { kind: 'missing', paths: [labels], calls: [] }
    const allow = input.image?.labels?.tier === 'gold'
    return { kind: 'verdict', verdict: { allow, messages: [], pins: [], caps: {}, warnings: [] } }
  },
}

/** Milliseconds to decide all sources. */
async function decideAll(host: string, directory: string, offline = false): Promise<number> {
  const transport = createTransport({ allowAddresses: [host], perHostConcurrency: CONNECTIONS })
  const cache = createDiskCache({ directory })
  const resolver = imageResolver({ registry: createRegistryClient({ transport, cache, offline, rememberTags: true }) })
  const evaluator = createEvaluator({ policies: [policy], resolvers: [resolver] })
  const run = createRun()
  const started = performance.now()
  const results = await Promise.all(
    Array.from({ length: SOURCES }, (_, n) =>
      evaluator.evaluate(`docker-image://${host}/org/app${n % IMAGES}:v1`, { platform, run }),
    ),
  )
  const ms = performance.now() - started
  await cache.settled()
  await transport.close()
  for (const { decision } of results) if (decision.kind !== 'allow') throw new Error(JSON.stringify(decision))
  return ms
}

/** Milliseconds to fetch the same, known beforehand. */
async function fetchAll(host: string, paths: readonly string[]): Promise<number> {
  const dispatcher = new Agent({ connections: CONNECTIONS })
  const started = performance.now()
  await Promise.all(
    paths.map(async asked => {
      const { body } = await request(`http://${host}${asked}`, { dispatcher })
      await body.arrayBuffer()
    }),
  )
  const ms = performance.now() - started
  await dispatcher.close()
  return ms
}

async function measure(server: ChildProcess, host: string, latencyMs: number): Promise<string[]> {
  const times: Record<'plain' | 'cold' | 'warm' | 'offline', number[]> = { plain: [], cold: [], warm: [], offline: [] }
  const failures: string[] = []
  await ask(server, { latencyMs })
  for (let round = 0; round < ROUNDS; round++) {
    const directory = await mkdtemp(path.join(tmpdir(), 'bench-fetch-'))
    times.cold.push(await decideAll(host, directory))
    const cold = await ask<string[]>(server, 'log')
    times.plain.push(await fetchAll(host, cold))
    await ask(server, 'log')
    times.warm.push(await decideAll(host, directory))
    const warm = await ask<string[]>(server, 'log')
    times.offline.push(await decideAll(host, directory, true))
    const offline = await ask<string[]>(server, 'log')
    await rm(directory, { recursive: true })
    if (cold.length !== 3 * IMAGES || new Set(cold).size !== cold.length) failures.push(`cold: ${cold.length} requests`)
    if (warm.length !== IMAGES || warm.some(asked => !asked.endsWith('/v1')))
      failures.push(`warm: ${warm.length} requests`)
    if (offline.length !== 0) failures.push(`offline: ${offline.length} requests`)
  }
  const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!
  const ratio = median(times.cold) / median(times.plain)
  const shown = Object.entries(times).map(([name, values]) => `${name} ${median(values).toFixed(0)} ms`)
  const verdict = ` (at most ${MAX_RATIO}: ${ratio > MAX_RATIO ? 'FAILED' : 'met'})`
  console.log(`latency ${latencyMs} ms: ${shown.join(', ')}; cold is ${ratio.toFixed(2)} times plain${verdict}`)
  if (ratio > MAX_RATIO)
    failures.push(`cold takes ${ratio.toFixed(2)} times as long as a plain loop, at most ${MAX_RATIO} are allowed`)
  return [...new Set(failures)]
}

if (process.send !== undefined) await serve()
else {
  const server = fork(fileURLToPath(import.meta.url))
  const host = await ask<string>(server)
  const failures: string[] = []
  console.log(`${SOURCES} sources over ${IMAGES} images, ${CONNECTIONS} connections, median of ${ROUNDS}`)
  // the first run loads the HTTP client
  const warmUp = await mkdtemp(path.join(tmpdir(), 'bench-fetch-'))
  await decideAll(host, warmUp)
  await rm(warmUp, { recursive: true })
  for (const latencyMs of LATENCIES_MS) failures.push(...(await measure(server, host, latencyMs)))
  server.kill()
  for (const failure of failures) console.error(failure)
  process.exitCode = failures.length === 0 ? 0 : 1
}

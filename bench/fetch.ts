/*
 * 100 sources over 20 images of an index each, decided by a label: with a cold cache, a warm one and offline, against a plain
 * parallel loop of undici requests for the same set. Run by `npm run bench:fetch`; fails beyond the limits.
 *
 * The plain loop knows beforehand what to ask for: the requests, paths and headers, taken from the log of the registry. It sends
 * them all at once over as many connections as ours, new ones in each round, and reads each body whole with `arrayBuffer()`. It
 * hashes, decodes, decides and keeps nothing. Ours finds out in three steps for each image (tag, manifest, config) what to ask
 * for, checks all of it, and decides; its time ends with the last decision. Writing the cache waits for that moment, and is shown
 * apart.
 *
 * The registry is a process of its own, the same for both. It is measured in three ways, each by the median of rounds in which
 * both take turns, and take turns to begin; where one process runs them all, by the median of several such processes:
 * - in new processes, cold in every way, from the start of the process to the last answer (bench/fetch/*.mjs; the plain loop
 *   imports undici as its documentation has it): what a `check` is;
 * - in one process in which both have run as many rounds before, with 20 ms of latency, a registry that is not far away: there
 *   the order of requests decides;
 * - the same without latency, a service beside its registry: there processor time decides, and a loop that checks nothing has
 *   the advantage.
 */
import { type ChildProcess, execFileSync, fork } from 'node:child_process'
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
const WARM_UP_ROUNDS = 30
const PROCESSES = 15
const ROUNDS = 21
const BATCHES = 5
const LATENCIES_MS = [20, 0]
const file = fileURLToPath(import.meta.url)
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
    if (message === 'log') process.send?.(registry.log.map(({ path: asked, headers }) => ({ path: asked, headers })))
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

/** Milliseconds to decide all sources, and then to write the cache. */
async function decideAll(host: string, directory: string, offline = false): Promise<[ms: number, writingMs: number]> {
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
  const decided = performance.now()
  await cache.settled()
  const written = performance.now()
  await transport.close()
  for (const { decision } of results) if (decision.kind !== 'allow') throw new Error(JSON.stringify(decision))
  return [decided - started, written - decided]
}

/** Milliseconds to fetch the same, known beforehand. */
async function fetchAll(host: string, requests: readonly Asked[]): Promise<number> {
  const dispatcher = new Agent({ connections: CONNECTIONS })
  const started = performance.now()
  await Promise.all(
    requests.map(async ({ path: asked, headers }) => {
      const { statusCode, body } = await request(`http://${host}${asked}`, { dispatcher, headers })
      await body.arrayBuffer()
      if (statusCode !== 200) throw new Error(`${asked}: ${statusCode}`)
    }),
  )
  const ms = performance.now() - started
  await dispatcher.close()
  return ms
}

type Phase = 'plain' | 'cold' | 'writing' | 'warm' | 'offline'
type Times = Record<Phase, number[]>

const noTimes = (): Times => ({ plain: [], cold: [], writing: [], warm: [], offline: [] })

/** One round of each; returns what was asked for too often. */
async function play(server: ChildProcess, host: string, plainFirst: boolean, times: Times): Promise<string[]> {
  const failures: string[] = []
  const directory = await mkdtemp(path.join(tmpdir(), 'bench-fetch-'))
  const plain = async () => {
    times.plain.push(await fetchAll(host, expected))
    await ask(server, 'log')
  }
  if (plainFirst) await plain()
  const [ms, writingMs] = await decideAll(host, directory)
  times.cold.push(ms)
  times.writing.push(writingMs)
  const coldRequests = await ask<Asked[]>(server, 'log')
  if (expected.length === 0) expected.push(...coldRequests.map(asItWasSent))
  const cold = coldRequests.map(({ path: asked }) => asked)
  if (!plainFirst) await plain()
  times.warm.push((await decideAll(host, directory))[0])
  const warm = await ask<Asked[]>(server, 'log')
  times.offline.push((await decideAll(host, directory, true))[0])
  const offline = await ask<Asked[]>(server, 'log')
  await rm(directory, { recursive: true })
  if (cold.length !== 3 * IMAGES || new Set(cold).size !== cold.length) failures.push(`cold: ${cold.length} requests`)
  if (warm.length !== IMAGES || warm.some(({ path: asked }) => !asked.endsWith('/v1')))
    failures.push(`warm: ${warm.length} requests`)
  if (offline.length !== 0) failures.push(`offline: ${offline.length} requests`)
  return failures
}

interface Asked {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

/** Without what undici adds by itself. */
function asItWasSent({ path: asked, headers: { host: _host, connection: _connection, ...headers } }: Asked): Asked {
  return { path: asked, headers }
}

/** What is to be asked for, from the log of the first round. */
const expected: Asked[] = []
const failures = new Set<string>()
const ratios: Record<string, number> = {}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!

const ratioOf = ({ cold, plain }: { readonly cold: readonly number[]; readonly plain: readonly number[] }) =>
  median(cold) / median(plain)

function judge(what: string, ratio: number): void {
  ratios[what] = Number(ratio.toFixed(2))
  console.log(
    `${what}: cold is ${ratio.toFixed(2)} times plain, at most ${MAX_RATIO}: ${ratio > MAX_RATIO ? 'FAILED' : 'met'}`,
  )
  if (ratio > MAX_RATIO) failures.add(`${what}: cold takes ${ratio.toFixed(2)} times as long as plain`)
}

/** Milliseconds that a new process takes to its last answer. */
function start(script: 'plain' | 'decide', about: object): number {
  const run = fileURLToPath(new URL(`./fetch/${script}.mjs`, import.meta.url))
  return Number(execFileSync(process.execPath, [run, JSON.stringify(about)], { encoding: 'utf8' }))
}

async function measureProcesses(host: string): Promise<void> {
  const times: { cold: number[]; plain: number[] } = { cold: [], plain: [] }
  const identifiers = Array.from({ length: SOURCES }, (_, n) => `docker-image://${host}/org/app${n % IMAGES}:v1`)
  const plain = () => {
    times.plain.push(start('plain', { host, requests: expected, connections: CONNECTIONS }))
  }
  for (let round = 0; round < PROCESSES; round++) {
    const directory = await mkdtemp(path.join(tmpdir(), 'bench-fetch-'))
    if (round % 2 === 0) plain()
    times.cold.push(start('decide', { host, identifiers, connections: CONNECTIONS, directory }))
    if (round % 2 === 1) plain()
    await rm(directory, { recursive: true })
  }
  console.log(
    `new processes, no latency: plain ${median(times.plain).toFixed(0)} ms, cold ${median(times.cold).toFixed(0)} ms`,
  )
  judge('new processes', ratioOf(times))
}

async function measure(server: ChildProcess, host: string, latencyMs: number): Promise<number> {
  await ask(server, { latencyMs })
  const times = noTimes()
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    const found = await play(server, host, round > -WARM_UP_ROUNDS && round % 2 === 0, round < 0 ? noTimes() : times)
    for (const failure of found) failures.add(failure)
  }
  const shown = Object.entries(times).map(([name, values]) => `${name} ${median(values).toFixed(1)} ms`)
  console.log(`one process, latency ${latencyMs} ms: ${shown.join(', ')}`)
  return ratioOf(times)
}

/** What one process finds that runs all rounds; they differ from process to process more than the rounds of one. */
interface Batch {
  readonly ratios: readonly number[]
  readonly failures: readonly string[]
}

async function runBatch(server: ChildProcess, host: string): Promise<Batch> {
  const found: number[] = []
  for (const latencyMs of LATENCIES_MS) found.push(await measure(server, host, latencyMs))
  return { ratios: found, failures: [...failures] }
}

async function startServer(): Promise<{ server: ChildProcess; host: string }> {
  const server = fork(file, ['serve'])
  return { server, host: await ask<string>(server) }
}

if (process.argv[2] === 'serve') await serve()
else if (process.argv[2] === 'batch') {
  const { server, host } = await startServer()
  process.send?.(await runBatch(server, host))
  server.kill()
  process.disconnect()
} else {
  console.log(
    `${SOURCES} sources over ${IMAGES} images, ${CONNECTIONS} connections; median of ${BATCHES} processes, each of ${ROUNDS} rounds after ${WARM_UP_ROUNDS}`,
  )
  const batches: Batch[] = []
  for (let batch = 0; batch < BATCHES; batch++) batches.push(await ask<Batch>(fork(file, ['batch'])))
  for (const failure of batches.flatMap(batch => batch.failures)) failures.add(failure)
  for (const [index, latencyMs] of LATENCIES_MS.entries()) {
    judge(`one process, latency ${latencyMs} ms`, median(batches.map(batch => batch.ratios[index]!)))
  }
  const { server, host } = await startServer()
  await play(server, host, false, noTimes())
  await measureProcesses(host)
  server.kill()
  for (const failure of failures) console.error(failure)
  console.log(
    `requests: cold ${3 * IMAGES}, warm ${IMAGES} (tags), offline 0${failures.size === 0 ? '' : ' (see above)'}`,
  )
  console.log(JSON.stringify(ratios))
  process.exitCode = failures.size === 0 ? 0 : 1
}

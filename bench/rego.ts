/*
 * Evaluates ten policies with ours, with OPA (Go) and with regorus (Rust): one thread each, prepared queries, parsed input,
 * medians of alternating rounds. The last line is one JSON object of ratios: above 1 we are faster.
 */
import { performance } from 'node:perf_hooks'
import { isDeepStrictEqual } from 'node:util'
import { prepare, toJSON, type Value } from '@source-policy/rego'
import { type Peer, startPeer } from './rego/peer.ts'
import { largeModule, type Scenario, scenarios } from './rego/scenarios.ts'

const rounds = Number(process.env.BENCH_ROUNDS ?? 7)
const roundMs = Number(process.env.BENCH_ROUND_MS ?? 120)

interface Measured {
  readonly iterations: number
  readonly nanoseconds: number
}

/** What a peer is asked; the members that an operation needs are there. */
interface Request {
  readonly modules: Record<string, string>
  readonly op: 'prepare' | 'run' | 'compile'
  readonly name: string
  readonly data: Value
  readonly input: Value
  readonly milliseconds: number
  readonly iterations: number
}

/** Our engine behind the same interface as the peers. */
function ours(): Peer {
  const queries = new Map<string, () => Value | undefined>()
  return {
    name: 'source-policy',
    async ask<T>(request: object) {
      const { op, name, modules, data, input, milliseconds, iterations } = request as Request
      if (op === 'prepare') {
        const query = prepare({ modules, query: 'data.bench.result = x', data })
        const evaluate = () => {
          const outcome = query.evaluate({ input })
          return outcome.results[0]?.bindings.x
        }
        queries.set(name, evaluate)
        const value = evaluate()
        return { value: value === undefined ? undefined : JSON.parse(toJSON(value)) } as T
      }
      if (op === 'run') {
        const evaluate = queries.get(name)!
        return measure(milliseconds, () => void evaluate()) as T
      }
      return measureTimes(iterations, () => void prepare({ modules, query: 'data.large = x' })) as T
    },
    close: () => undefined,
  }
}

function measure(milliseconds: number, run: () => void): Measured {
  const start = performance.now()
  let iterations = 0
  while (performance.now() - start < milliseconds) {
    for (let i = 0; i < 8; i++) run()
    iterations += 8
  }
  return { iterations, nanoseconds: (performance.now() - start) * 1e6 }
}

function measureTimes(iterations: number, run: () => void): Measured {
  const start = performance.now()
  for (let i = 0; i < iterations; i++) run()
  return { iterations, nanoseconds: (performance.now() - start) * 1e6 }
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
const geometricMean = (values: number[]) =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)

/** Nanoseconds of one evaluation, a peer. */
async function compare(peers: readonly Peer[], scenario: Scenario): Promise<number[]> {
  const answers = await Promise.all(
    peers.map(peer => peer.ask<{ value?: unknown }>({ op: 'prepare', query: 'data.bench.result', ...scenario })),
  )
  for (const [index, { value }] of answers.entries()) {
    if (isDeepStrictEqual(value, answers[0]!.value)) continue
    throw new Error(
      `${scenario.name}: ${peers[index]!.name} answers ${JSON.stringify(value)}, not ${JSON.stringify(answers[0]!.value)}`,
    )
  }
  const times: number[][] = peers.map(() => [])
  for (let round = -1; round < rounds; round++) {
    for (const [index, peer] of peers.entries()) {
      const { iterations, nanoseconds } = await peer.ask<Measured>({
        op: 'run',
        name: scenario.name,
        milliseconds: roundMs,
      })
      // the first round warms up
      if (round >= 0) times[index]!.push(nanoseconds / iterations)
    }
  }
  return times.map(median)
}

async function main(): Promise<void> {
  const peers = [ours(), startPeer('opa-bench'), startPeer('regorus-bench')]
  const only = process.argv[2]
  const times = new Map<string, number[]>()
  console.log(
    [
      'policy'.padEnd(16),
      ...peers.map(peer => peer.name.padStart(14)),
      'OPA/ours'.padStart(10),
      'regorus/ours'.padStart(13),
    ].join(' '),
  )
  for (const scenario of scenarios) {
    if (only !== undefined && scenario.name !== only) continue
    const row = await compare(peers, scenario)
    times.set(scenario.name, row)
    const [own = 0, opa = 0, regorus = 0] = row
    const shown = row.map(time => `${(time / 1000).toFixed(2)} us`.padStart(14))
    console.log(
      [
        scenario.name.padEnd(16),
        ...shown,
        (opa / own).toFixed(2).padStart(10),
        (regorus / own).toFixed(2).padStart(13),
      ].join(' '),
    )
  }

  const compile = { op: 'compile', modules: { 'large.rego': largeModule() }, iterations: 5 }
  const compiled: number[][] = [[], []]
  for (let round = -1; round < rounds; round++) {
    for (const index of [0, 1]) {
      const { iterations, nanoseconds } = await peers[index]!.ask<Measured>(compile)
      if (round >= 0) compiled[index]!.push(nanoseconds / iterations)
    }
  }
  for (const peer of peers) peer.close()

  const ratios = (peer: number) => [...times.values()].map(row => row[peer]! / row[0]!)
  const own = (name: string) => times.get(name)?.[0] ?? Number.NaN
  console.log(
    JSON.stringify({
      opaOverOurs: geometricMean(ratios(1)),
      worstOpaOverOurs: Math.min(...ratios(1)),
      regorusOverOurs: geometricMean(ratios(2)),
      compileOpaOverOurs: median(compiled[1]!) / median(compiled[0]!),
      rules1000Over10: own('rules-1000') / own('rules-10'),
    }),
  )
}

await main()

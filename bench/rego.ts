/*
 * Evaluates ten policies with ours, with OPA (Go) and with regorus (Rust): one thread each, prepared queries, parsed input.
 * Then makes a query of a module of a thousand lines, from its text to where it could be evaluated: `prepare` here,
 * `rego.New(Query, Module).PrepareForEval` there, both with all their checks.
 *
 * Medians of alternating rounds after a warm-up that is the same for all. What counts is the time that the processor works,
 * threads that collect garbage or compile included: other load on the machine takes from no side. Exits with 1 where a limit is
 * missed, and says which. The last line is one JSON object of ratios, above 1 where we are faster.
 */
import { loadavg } from 'node:os'
import { isDeepStrictEqual } from 'node:util'
import { prepare, toJSON, type Value } from '@source-policy/rego'
import { largeModule } from './rego/large-module.ts'
import { type Peer, startPeer } from './rego/peer.ts'
import { type Scenario, scenarios } from './rego/scenarios.ts'

const rounds = Number(process.env.BENCH_ROUNDS ?? 7)
/** Of the processor. */
const roundMs = Number(process.env.BENCH_ROUND_MS ?? 80)
/** One round for nobody: what is compiled on the way is compiled, and caches are warm. */
const warmUpMs = Number(process.env.BENCH_WARM_UP_MS ?? 400)
/** Making a query runs much more code once than evaluating one, and takes longer to get warm. */
const compileWarmUpMs = warmUpMs * 6

interface Measured {
  readonly iterations: number
  /** That the processor worked for it, all threads of the process together. */
  readonly nanoseconds: number
}

/** What a peer is asked; the members that an operation needs are there. */
interface Request {
  readonly modules: Record<string, string>
  readonly op: 'prepare' | 'run' | 'compile'
  readonly name: string
  readonly data: Value
  readonly input: Value
  readonly query: string
  readonly milliseconds: number
}

/** Our engine behind the same interface as the peers. */
function ours(): Peer {
  const queries = new Map<string, () => Value | undefined>()
  return {
    name: 'source-policy',
    async ask<T>(request: object) {
      const { op, name, modules, query, data, input, milliseconds } = request as Request
      if (op === 'prepare') {
        const prepared = prepare({ modules, query: `${query} = x`, data })
        const evaluate = () => {
          const outcome = prepared.evaluate({ input })
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
      return measure(milliseconds, () => void prepare({ modules, query })) as T
    },
    close: () => undefined,
  }
}

/** Runs until the processor has worked for the time asked; batches double, so that looking at the clock costs nothing. */
function measure(milliseconds: number, run: () => void): Measured {
  const start = process.cpuUsage()
  const nanoseconds = (): number => {
    const { user, system } = process.cpuUsage(start)
    return (user + system) * 1000
  }
  let iterations = 0
  while (nanoseconds() < milliseconds * 1e6) {
    const batch = Math.max(iterations, 1)
    for (let i = 0; i < batch; i++) run()
    iterations += batch
  }
  return { iterations, nanoseconds: nanoseconds() }
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
  return alternate(peers, { op: 'run', name: scenario.name }, warmUpMs)
}

/** Nanoseconds that each peer takes for what is asked. */
async function alternate(peers: readonly Peer[], request: object, warmUp: number): Promise<number[]> {
  for (const peer of peers) await peer.ask<Measured>({ ...request, milliseconds: warmUp })
  const times: number[][] = peers.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (const [index, peer] of peers.entries()) {
      const { iterations, nanoseconds } = await peer.ask<Measured>({ ...request, milliseconds: roundMs })
      times[index]!.push(nanoseconds / iterations)
    }
  }
  return times.map(median)
}

/** The limits that hold, by the name of a ratio. */
const limits: { readonly [ratio: string]: { readonly atLeast: number } | { readonly atMost: number } } = {
  opaOverOurs: { atLeast: 5 },
  worstOpaOverOurs: { atLeast: 1 },
  regorusOverOurs: { atLeast: 1 },
  compileOpaOverOurs: { atLeast: 1 },
  rules1000Over10: { atMost: 2 },
}

/** Says which ratios miss their limits. */
function missed(ratios: { readonly [ratio: string]: number }): readonly string[] {
  return Object.entries(limits).flatMap(([name, limit]) => {
    const value = ratios[name]
    if (value === undefined) return []
    if ('atLeast' in limit) return value >= limit.atLeast ? [] : [`${name} is ${value}, not at least ${limit.atLeast}`]
    return value <= limit.atMost ? [] : [`${name} is ${value}, not at most ${limit.atMost}`]
  })
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

  const ratios: { [ratio: string]: number } = {}
  const over = (peer: number) => [...times.values()].map(row => row[peer]! / row[0]!)
  if (times.size > 0) {
    ratios.opaOverOurs = geometricMean(over(1))
    ratios.worstOpaOverOurs = Math.min(...over(1))
    ratios.regorusOverOurs = geometricMean(over(2))
  }
  if (only === undefined || only === 'compile') {
    const compile = { op: 'compile', modules: { 'large.rego': largeModule() }, query: 'data.large.allow' }
    const [own = 0, opa = 0, regorus = 0] = await alternate(peers, compile, compileWarmUpMs)
    const shown = `ours ${inMs(own)}, OPA ${inMs(opa)}, regorus (which checks less) ${inMs(regorus)}`
    console.log(`parse and compile a module of 1,000 lines: ${shown}`)
    ratios.compileOpaOverOurs = opa / own
  }
  const [thousand, ten] = [times.get('rules-1000')?.[0], times.get('rules-10')?.[0]]
  if (thousand !== undefined && ten !== undefined) ratios.rules1000Over10 = thousand / ten
  for (const peer of peers) peer.close()

  const problems = missed(ratios)
  for (const problem of problems) console.log(problem)
  if (problems.length > 0) process.exitCode = 1
  console.log(
    `load ${loadavg()
      .map(load => load.toFixed(1))
      .join(' ')}`,
  )
  console.log(JSON.stringify(ratios))
}

const inMs = (nanoseconds: number) => `${(nanoseconds / 1e6).toFixed(2)} ms`

await main()

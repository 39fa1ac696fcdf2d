import { performance } from 'node:perf_hooks'
import { type Path, prepare, RegoError, type Value } from '../index.ts'
import { hostilePolicies, sharedParts } from './hostile-policies.ts'
import { hostilePrograms } from './hostile-programs.ts'
import type { Line } from './measure.ts'

/*
 * Evaluates the hostile policies, or compiles the hostile programs, that are named by index, one after the other, and
 * prints what each took. A process of its own, so that its memory can be limited and measured, and so that it can be
 * killed.
 * node --max-old-space-size=512 ... run-hostile.ts policies|unknown|programs <timeoutMs> <index,index,...>
 */

const [kind, timeoutMs, indexes] = process.argv.slice(2)
const chosen = indexes!.split(',').map(Number)
const tell = (line: Line): void => void process.stdout.write(`${JSON.stringify(line)}\n`)

const many = Array.from({ length: 3000 }, (_, i) => i)
const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, i]))
const nest = (value: Value, levels: number): Value => (levels === 0 ? value : nest([value], levels - 1))
const input = { a: [1], b: [1], x: 1, many, wide: { ...wide, a: 1 }, deep: nest(1, 900) }

const modulesOf = (rules: string) => ({ 'p.rego': `package p\n\n${rules}` })
const query = 'data.p.r = x'

/** What not to know, where that is asked for. */
const unknown: readonly Path[] = [
  ['a', 0],
  ['b', 0],
]

for (const index of chosen) {
  if (kind === 'programs') {
    const [name, rules] = hostilePrograms[index]!
    measure(name, () => prepare({ modules: modulesOf(rules), query }))
    continue
  }
  const [name, rules] = (kind === 'unknown' ? sharedParts : hostilePolicies)[index]!
  const prepared = prepare({ modules: modulesOf(rules), query })
  const options = { input, print: () => {}, limits: { timeoutMs: Number(timeoutMs) } }
  measure(name, () => prepared.evaluate(kind === 'unknown' ? { ...options, unknown } : options))
}

function measure(name: string, run: () => unknown): void {
  tell({ begins: name })
  const before = process.memoryUsage.rss()
  const largest = process.resourceUsage().maxRSS
  const start = performance.now()
  const processor = process.cpuUsage()
  const code = codeOf(run)
  const { user, system } = process.cpuUsage(processor)
  const clock = performance.now() - start
  const milliseconds = Math.min(clock, (user + system) / 1000)
  const after = process.resourceUsage().maxRSS
  // the largest size so far says something of this run only where this run has raised it
  const size = after > largest ? after * 1024 : process.memoryUsage.rss()
  tell({ name, code, milliseconds, clock, bytes: size - before })
}

/** Whatever is no RegoError is a defect, and ends the process. */
function codeOf(run: () => unknown): string {
  try {
    run()
    return 'none'
  } catch (error) {
    if (error instanceof RegoError) return error.code
    throw error
  }
}

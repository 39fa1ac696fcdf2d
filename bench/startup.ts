import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/*
 * How long the command takes to show the input of an image, which asks nobody, beside Node that does nothing.
 * Runs alternate, so that a slow moment of the machine hits both.
 */

const RUNS = 20
const MAX_RATIO = 2.5

const script = fileURLToPath(new URL('../apps/cli/dist/source-policy.js', import.meta.url))
if (!existsSync(script)) {
  console.error(`no ${script}: run npm run build`)
  process.exit(2)
}

const commands = {
  node: ['-e', '0'],
  eval: [script, 'eval', '--print', 'docker-image://alpine:3.22'],
} as const

function timeMs(args: readonly string[]): number {
  const started = performance.now()
  const { status, stderr } = spawnSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  if (status !== 0) throw new Error(`${args.join(' ')} exited with ${status}: ${stderr}`)
  return performance.now() - started
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return (sorted[Math.floor(middle - 0.5)]! + sorted[Math.floor(middle)]!) / 2
}

for (const args of Object.values(commands)) timeMs(args)
const times: Record<keyof typeof commands, number[]> = { node: [], eval: [] }
for (let run = 0; run < RUNS; run++) {
  for (const name of ['node', 'eval'] as const) times[name].push(timeMs(commands[name]))
}

const [nodeMs, evalMs] = [median(times.node), median(times.eval)]
const ratio = evalMs / nodeMs
console.log(
  `node -e 0: ${nodeMs.toFixed(1)} ms; eval --print: ${evalMs.toFixed(1)} ms; at most ${MAX_RATIO} times as long`,
)
console.log(JSON.stringify({ 'eval --print / node -e 0': Number(ratio.toFixed(2)) }))
process.exitCode = ratio <= MAX_RATIO ? 0 : 1

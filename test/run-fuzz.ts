import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/*
 * Malformed inputs for every parser of foreign bytes: none may crash, hang or fail without a code. `npm run fuzz`; FUZZ_RUNS inputs for
 * each target, FUZZ_SEED for others.
 */

const RUNS = process.env.FUZZ_RUNS ?? '33000'
const MIN_EXECUTIONS = 1_000_000
const TIMEOUT_MS = 60 * 60_000

const directory = mkdtempSync(path.join(tmpdir(), 'fuzz-'))
const tally = path.join(directory, 'tally')
writeFileSync(tally, '')
const { status } = spawnSync('npx', ['vitest', 'run', 'fuzz.test', `--testTimeout=${TIMEOUT_MS}`], {
  stdio: 'inherit',
  env: { ...process.env, FUZZ_RUNS: RUNS, FUZZ_TALLY: tally },
})
const counts = readFileSync(tally, 'utf8').trim().split('\n').map(Number)
rmSync(directory, { recursive: true })
const executions = counts.reduce((sum, count) => sum + count, 0)
console.log(`${executions} executions over ${counts.length} targets, seed ${process.env.FUZZ_SEED ?? '1'}`)
if (executions < MIN_EXECUTIONS) console.error(`fewer than ${MIN_EXECUTIONS}`)
process.exitCode = status === 0 && executions >= MIN_EXECUTIONS ? 0 : 1

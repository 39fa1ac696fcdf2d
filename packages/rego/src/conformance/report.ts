import { builtinsOf, undeliveredOf } from './builtins-of.ts'
import { hasCorpus, loadCases } from './corpus.ts'
import knownIssues from './known-issues.json' with { type: 'json' }
import { faultOf } from './run-case.ts'

// Runs all cases and prints what passed, failed and is known to fail, in all and by builtin. Fails on the unexpected.

type Verdict = 'passed' | 'failed' | 'known' | 'undelivered'
interface Tally {
  passed: number
  failed: number
  known: number
  undelivered: number
}

const tally = (): Tally => ({ passed: 0, failed: 0, known: 0, undelivered: 0 })
const total = tally()
const byBuiltin = new Map<string, Tally>()
const byFile = new Map<string, Tally>()
const faults: string[] = []

const count = (group: Map<string, Tally>, key: string, verdict: Verdict): void => {
  const found = group.get(key) ?? tally()
  found[verdict]++
  group.set(key, found)
}

for (const test of hasCorpus ? loadCases() : []) {
  const isKnown = knownIssues.some(({ filter }: { filter: string }) => filter === `${test.file}:${test.note}`)
  let fault: string | undefined
  const lacking = undeliveredOf(test)
  try {
    fault = faultOf(test)
  } catch (error) {
    fault = error instanceof Error ? error.message : String(error)
  }
  const verdict: Verdict =
    lacking.length > 0 && fault !== undefined
      ? 'undelivered'
      : fault === undefined
        ? isKnown
          ? 'failed'
          : 'passed'
        : isKnown
          ? 'known'
          : 'failed'
  if (verdict === 'failed')
    faults.push(`${test.id} ${test.file}:${test.note}\n    ${fault ?? 'passes, but is a known issue'}`)
  total[verdict]++
  count(byFile, test.id.replace(/\.json#.*/, ''), verdict)
  for (const name of builtinsOf(test)) count(byBuiltin, name, verdict)
}

const inOrder = (group: ReadonlyMap<string, Tally>): readonly (readonly [string, Tally])[] =>
  [...group].sort(([a], [b]) => (a < b ? -1 : 1))

const line = (name: string, { passed, failed, known, undelivered }: Tally): string =>
  `${name.padEnd(52)} ${String(passed).padStart(5)} ${String(failed).padStart(6)} ${String(known).padStart(5)} ${String(undelivered).padStart(11)}`

console.log(`${'builtin'.padEnd(52)} passed failed known undelivered`)
for (const [name, counts] of inOrder(byBuiltin)) console.log(line(name, counts))
if (faults.length > 0) {
  console.log('\nby category, where anything failed:')
  for (const [name, counts] of inOrder(byFile)) if (counts.failed > 0) console.log(line(name, counts))
  console.log(`\n${faults.join('\n')}`)
}
console.log(`\n${line('all cases', total)}`)
if (total.failed > 0) process.exitCode = 1

import { buildPeer } from '../peers.mjs'
import { startBuildKit } from './buildkit.ts'
import type { Case, Outcome } from './case.ts'
import { cases } from './cases/index.ts'
import { generateCase } from './generate.ts'
import { ourLazyOutcome, ourOutcome } from './ours.ts'

/*
 * Compares the sources of Dockerfiles with what BuildKit's own frontend fetches: those of cases/, and generated ones.
 * npm run interop:dockerfile -- [--count 5000] [--seed 1] [--only name]
 */

const flag = (name: string, otherwise: string): string => {
  const index = process.argv.indexOf(`--${name}`)
  return index === -1 ? otherwise : (process.argv[index + 1] ?? otherwise)
}
const count = Number(flag('count', '5000'))
const seed = Number(flag('seed', '1'))
const only = flag('only', '')
const MAX_SHOWN = Number(flag('show', '20'))

const builds: Case[] = [
  ...cases,
  ...Array.from({ length: Math.max(0, count - cases.length) }, (_, index) => generateCase(seed, index, cases)),
].filter(({ name }) => only === '' || name.includes(only))

const writtenCount = builds.filter(build => cases.includes(build)).length

const buildkit = startBuildKit(buildPeer('dockerfile'))
let passed = 0
let refused = 0
const failures: string[] = []
for (const build of builds) {
  const theirs = await buildkit.ask(build)
  const problem = compare(() => ourOutcome(build), theirs) ?? compareLazily(build, theirs)
  if ('refused' in theirs) refused++
  if (problem === undefined) passed++
  else failures.push(`${build.name}: ${problem}\n${indent(build.dockerfile)}\n  ${JSON.stringify(build.options ?? {})}`)
}
buildkit.close()

for (const failure of failures.slice(0, MAX_SHOWN)) console.log(`${failure}\n`)
console.log(
  `${writtenCount} written by hand, ${builds.length - writtenCount} generated, ${refused} refused by BuildKit`,
)
console.log(`${passed} passed, ${failures.length} failed, 0 skipped`)
process.exitCode = failures.length === 0 && builds.length > 0 ? 0 : 1

function compare(run: () => Outcome, theirs: Outcome): string | undefined {
  let ours: Outcome
  try {
    ours = run()
  } catch (error) {
    return `ours fell over: ${error instanceof Error ? error.stack : String(error)}`
  }
  if ('refused' in theirs) return 'refused' in ours ? undefined : `accepted, but BuildKit refuses: ${theirs.refused}`
  if ('refused' in ours) return `refused (${ours.refused}), but BuildKit fetches\n    ${theirs.sources.join('\n    ')}`
  const { sources } = ours
  const missed = theirs.sources.filter(line => !sources.includes(line))
  const invented = sources.filter(line => !theirs.sources.includes(line))
  if (missed.length === 0 && invented.length === 0) return undefined
  return [...missed.map(line => `\n    missed   ${line}`), ...invented.map(line => `\n    invented ${line}`)].join('')
}

/** Given only the configurations that are asked for, the outcome is the same, and nothing was guessed on the way. */
function compareLazily(build: Case, theirs: Outcome): string | undefined {
  let first: readonly string[] = []
  const problem = compare(() => ourLazyOutcome(build, lines => (first = lines)), theirs)
  if (problem !== undefined) return `asked lazily: ${problem}`
  const guessed = 'refused' in theirs ? [] : first.filter(line => !theirs.sources.includes(line))
  return guessed.length === 0 ? undefined : guessed.map(line => `\n    guessed  ${line}`).join('')
}

function indent(text: string): string {
  return text
    .split('\n')
    .map(line => `  | ${JSON.stringify(line).slice(1, -1)}`)
    .join('\n')
}

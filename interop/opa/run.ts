import { readTheirs, runOurs, sameFound, show, timeNs } from './compare.ts'
import { startOPA } from './opa.ts'
import { makeProgram, type Program } from './program.ts'

/*
 * Holds generated Rego programs against the real OPA: the same results, the same codes of errors.
 * npm run interop:opa -- [--count 20000] [--seed 1] [--show 10]
 */

const flag = (name: string, otherwise: number): number => {
  const index = process.argv.indexOf(`--${name}`)
  return index === -1 ? otherwise : Number(process.argv[index + 1])
}

const count = flag('count', 20_000)
const first = flag('seed', 1)
const shown = flag('show', 10)
/** Programs that OPA may work on while we evaluate ours. */
const window = 64

const opa = startOPA()
const tally = { same: 0, results: 0, evaluation: 0, compile: 0, otherError: 0, different: 0 }
const differences: string[] = []

const request = ({ modules, query, input, data, strict }: Program) => ({
  op: 'eval',
  modules,
  query,
  input,
  data,
  strictBuiltinErrors: strict,
  timeNs: Number(timeNs),
})

for (let start = 0; start < count; start += window) {
  const programs = Array.from({ length: Math.min(window, count - start) }, (_, i) => makeProgram(first + start + i))
  const answers = programs.map(program => opa.ask(request(program)))
  for (const [i, program] of programs.entries()) {
    const ours = attempt(program)
    const theirs = readTheirs(await answers[i]!)
    if (typeof ours !== 'string' && sameFound(ours, theirs)) {
      tally.same++
      tally[!('code' in ours) ? 'results' : ours.code.startsWith('eval') ? 'evaluation' : 'compile']++
      continue
    }
    // which of several errors of builtins comes first, or is met at all, is left to the order of evaluation
    if (program.strict && typeof ours !== 'string' && ('code' in ours || 'code' in theirs)) {
      const lenient = { ...program, strict: false }
      if (sameFound(runOurs(lenient), readTheirs(await opa.ask(request(lenient))))) {
        tally.otherError++
        continue
      }
    }
    tally.different++
    const texts = Object.values(program.modules).join('\n')
    const what = typeof ours === 'string' ? ours : show(ours)
    differences.push(
      `seed ${program.seed}${program.strict ? ' (strict)' : ''}\n${texts}\ninput ${JSON.stringify(program.input)}\ndata ${JSON.stringify(program.data)}\nOPA  ${show(theirs)}\nours ${what}`,
    )
  }
}
opa.close()

for (const difference of differences.slice(0, shown)) console.log(`${difference}\n${'-'.repeat(80)}`)
console.log(`${count} programs from seed ${first}: ${tally.same} the same, ${tally.different} different`)
console.log(
  `of the same: ${tally.results} with results, ${tally.evaluation} with an evaluation error, ${tally.compile} refused`,
)
console.log(
  `${tally.otherError} apart: where errors of builtins count, another one came first; without that they are the same`,
)
process.exitCode = tally.different === 0 && count > 0 ? 0 : 1

/** Our result, or how we fell over. */
function attempt(program: Program) {
  try {
    return runOurs(program)
  } catch (error) {
    return `fell over: ${error instanceof Error ? error.stack : String(error)}`
  }
}

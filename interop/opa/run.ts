import { type Found, readTheirs, runOurs, sameFound, show, timeNs } from './compare.ts'
import { startOPA } from './opa.ts'
import { makeProgram, type Program } from './program.ts'

/*
 * Holds generated Rego programs against the real OPA: the same results, the same codes of errors.
 * npm run interop:opa -- [--count 20000] [--seed 1] [--show 10]
 *
 * OPA does not always agree with itself: its index sorts places out of a map, whose order is random, and by their order
 * it tries the definitions of a rule, so that one success hides the conflict of another in some runs only. A program
 * passes when its result is one of those that OPA has.
 *
 * Skipped are programs in which several builtins fail, errors of builtins count (`strict`), and another one fails first
 * here; as long as the program has the same result where they do not count. The order of what has no value is no part of
 * the language; OPA sorts the items of a set before it evaluates them, for example.
 */

const flag = (name: string, otherwise: number): number => {
  const index = process.argv.indexOf(`--${name}`)
  return index === -1 ? otherwise : Number(process.argv[index + 1])
}

const count = flag('count', Number(process.env.INTEROP_COUNT ?? 20_000))
const first = flag('seed', 1)
const shown = flag('show', 10)
/** Programs that OPA may work on while we evaluate ours. */
const window = 64
/** How often OPA is asked again about a program, until its answer is ours. */
const tries = 500

const opa = startOPA()
const tally = { same: 0, either: 0, results: 0, evaluation: 0, compile: 0, otherError: 0, different: 0 }
const differences: string[] = []
const apart: number[] = []

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
    const either = typeof ours !== 'string' && !sameFound(ours, theirs) && (await everFinds(program, ours))
    if (either || (typeof ours !== 'string' && sameFound(ours, theirs))) {
      tally.same++
      if (either) tally.either++
      tally[!('code' in ours) ? 'results' : ours.code.startsWith('eval') ? 'evaluation' : 'compile']++
      continue
    }
    // which of several errors of builtins comes first, or is met at all, is left to the order of evaluation
    if (program.strict && typeof ours !== 'string' && ('code' in ours || 'code' in theirs)) {
      const lenient = { ...program, strict: false }
      if (sameFound(runOurs(lenient), readTheirs(await opa.ask(request(lenient))))) {
        tally.otherError++
        apart.push(program.seed)
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
const { same, either, results, evaluation, compile, otherError, different } = tally
console.log(
  `${count} programs from seed ${first}: ${results} with results, ${evaluation} with an evaluation error, ${compile} refused`,
)
console.log(`about ${either} of them OPA does not agree with itself: ours is one of its answers`)
console.log(
  `apart: ${otherError} in which another builtin fails first${apart.length > 0 ? ` (seeds ${apart.join(' ')})` : ''}`,
)
console.log(`${same} passed, ${different} failed, ${otherError} skipped`)
process.exitCode = different === 0 && same > 0 ? 0 : 1

/** Whether OPA, asked again and again, finds this too. */
async function everFinds(program: Program, found: Found): Promise<boolean> {
  for (let i = 0; i < tries; i++) {
    if (sameFound(found, readTheirs(await opa.ask(request(program))))) return true
  }
  return false
}

/** Our result, or how we fell over. */
function attempt(program: Program) {
  try {
    return runOurs(program)
  } catch (error) {
    return `fell over: ${error instanceof Error ? error.stack : String(error)}`
  }
}

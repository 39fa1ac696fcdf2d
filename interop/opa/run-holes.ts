import type { Path } from '@source-policy/rego'
import { readTheirs, runOurs, sameFound, show, timeNs } from './compare.ts'
import type { JSONValue } from './documents.ts'
import { residueOf, reveal, variants, withoutUnknown } from './holes.ts'
import { startOPA } from './opa.ts'
import { makeProgram, type Program } from './program.ts'
import { makeRandom } from './random.ts'

/*
 * Reveals the unknown fields of generated programs in random orders: the result must be that of evaluating with all
 * known, and nothing may be asked for that OPA's own partial evaluation leaves no trace of.
 * npm run interop:opa:holes -- [--count 5000] [--seed 1] [--show 10]
 *
 * Skipped are generated programs without a rule to ask for, and those that the compiler refuses.
 */

const flag = (name: string, otherwise: number): number => {
  const index = process.argv.indexOf(`--${name}`)
  return index === -1 ? otherwise : Number(process.argv[index + 1])
}

const count = flag('count', Number(process.env.INTEROP_COUNT ?? 5_000))
const first = flag('seed', 1)
const shown = flag('show', 10)
const window = 64
const triedVariants = 200

const opa = startOPA()
const faults: string[] = []
const failed = new Set<number>()
const tally = {
  programs: 0,
  refused: 0,
  rounds: 0,
  asked: 0,
  residue: 0,
  avoided: 0,
  noResidue: 0,
  checked: 0,
  wrong: 0,
}

/**
 * Whether OPA's own full evaluation needs a field that its residue does not have. Two inputs that differ in such fields
 * alone have the same residue, so where their results differ the residue is wrong, and no measure: OPA leaves out, for one,
 * what a body with a comprehension in the value of its rule depends on.
 */
async function isResidueWrong(program: Program, beyond: readonly Path[]): Promise<boolean> {
  const random = makeRandom(program.seed ^ 0xd1ff)
  const { modules, query, data } = program
  const inputs = [program.input, ...variants(program.input, beyond, random, triedVariants)]
  const asked = inputs.map(input => opa.ask({ op: 'eval', modules, query, input, data, timeNs: Number(timeNs) }))
  const [one, ...others] = (await Promise.all(asked)).map(readTheirs)
  return others.some(other => !('code' in other) && !('code' in one!) && !sameFound(one!, other))
}

/**
 * Constructs for which OPA leaves no residue although the rule has a value for some input: a comprehension of a local that
 * is not known, beside that local in a literal set, and one over an object whose keys are another local.
 */
const unsound = {
  besideItsLocal: {
    rules: 'r if {\n\tsome v in input.sizes\n\t{v | some y in input.items} == {v, 5}\n}',
    input: { sizes: { a: 5 }, items: [1] },
  },
  overKeysOfLocals: {
    rules:
      'r if {\n\t[u, _] := ["k", $"{input.none}"]\n\t0 in {"a": (input.m / w) | some w in {u: input.n | some y in input.items}}\n}',
    input: { items: [1], m: 0, n: 1 },
  },
} satisfies Record<string, { rules: string; input: { [key: string]: JSONValue } }>

/** Programs with such a construct that happen to have no value for any input, so that no input can disprove the residue. */
const byChance = new Map<number, keyof typeof unsound>([
  [2182, 'besideItsLocal'],
  [2205, 'overKeysOfLocals'],
])

/** Whether the program has a construct of which OPA itself, asked both ways, shows that its residue is no measure. */
async function isRightByChance(seed: number): Promise<boolean> {
  const construct = byChance.get(seed)
  if (construct === undefined) return false
  const { rules, input } = unsound[construct]
  const modules = { 'p.rego': `package p\n\n${rules}` }
  const request = { modules, query: 'data.p.r = x', data: {}, timeNs: Number(timeNs) }
  const unknowns = Object.keys(input).map(name => `input.${name}`)
  const [partial, full] = await Promise.all([
    opa.ask({ ...request, op: 'partial', input: {}, unknowns }),
    opa.ask({ ...request, op: 'eval', input }),
  ])
  const { errors, queries, support } = JSON.parse(partial) as { errors?: unknown; queries?: unknown; support?: unknown }
  const found = readTheirs(full)
  return errors === undefined && !queries && !support && 'rows' in found && found.rows.length > 0
}

for (let start = 0; start < count; start += window) {
  const batch = Array.from({ length: Math.min(window, count - start) }, (_, i) => {
    const made = makeProgram(first + start + i)
    // partial evaluation says nothing of a package as a whole
    const rule = made.rules[(first + start + i) % Math.max(made.rules.length, 1)]
    if (rule === undefined) return undefined
    // what holds an unknown field is known to be there
    const input = { image: {}, ...(made.input as { [key: string]: JSONValue }) }
    const program = { ...made, input, strict: false, query: `${rule} = x` }
    const full = runOurs(program)
    if ('code' in full && !full.code.startsWith('eval')) return undefined
    const lazy = reveal(program)
    const residue = opa.ask({
      op: 'partial',
      modules: program.modules,
      query: program.query,
      input: withoutUnknown(program.input, lazy.unknown),
      data: program.data,
      unknowns: lazy.unknown.map(path => `input.${path.join('.')}`),
      timeNs: Number(timeNs),
    })
    return { program, full, lazy, residue }
  })
  for (const one of batch) {
    if (one === undefined) {
      tally.refused++
      continue
    }
    const { program, full, lazy } = one
    tally.programs++
    tally.rounds += lazy.rounds
    const fault = (what: string): void => {
      const texts = Object.values(program.modules).join('\n')
      failed.add(program.seed)
      faults.push(
        `seed ${program.seed}: ${what}\n${texts}\ninput ${JSON.stringify(program.input)}\ndata ${JSON.stringify(program.data)}\nunknown ${lazy.unknown.map(path => path.join('.')).join(' ')}\nasked ${lazy.asked.map(path => path.join('.')).join(' ')}`,
      )
    }
    // an error that pruning avoided is none
    if ('code' in full && !('code' in lazy.found)) tally.avoided++
    else if (!sameFound(full, lazy.found)) fault(`with all known ${show(full)}, revealed ${show(lazy.found)}`)
    const answer = JSON.parse(await one.residue) as { errors?: unknown; queries?: string[]; support?: string[] }
    if (answer.errors !== undefined) {
      tally.noResidue++
      continue
    }
    const texts = [...(answer.queries ?? []), ...(answer.support ?? [])]
    // a rule that OPA left as it is stands for all that it could need; no residue at all for a rule that has a value, or an error, is wrong
    if (
      texts.some(text => /\bdata\.(?:p\d|looked)/.test(text)) ||
      (texts.length === 0 && ('code' in full || full.rows.length > 0))
    ) {
      tally.noResidue++
      continue
    }
    const residue = residueOf(texts, lazy.unknown)
    const beyond = lazy.asked.filter(path => !residue.some(known => known.join('.') === path.join('.')))
    if (beyond.length > 0 && ((await isResidueWrong(program, beyond)) || (await isRightByChance(program.seed)))) {
      tally.wrong++
      continue
    }
    tally.checked += lazy.unknown.length
    tally.asked += lazy.asked.length
    tally.residue += residue.length
    if (beyond.length > 0)
      fault(`asked beyond the residue: ${beyond.map(path => path.join('.')).join(' ')}\n${texts.join('\n')}`)
  }
}
opa.close()

for (const fault of faults.slice(0, shown)) console.log(`${fault}\n${'-'.repeat(80)}`)
console.log(
  `${tally.programs} programs from seed ${first} in ${tally.rounds} rounds, ${tally.refused} refused, ${faults.length} faults`,
)
console.log(
  `of ${tally.checked} unknown fields ${tally.asked} were asked for, ${tally.residue} are in the residue of OPA's partial evaluation`,
)
console.log(
  `${tally.avoided} errors of full evaluation were avoided by pruning; OPA gave no residue to measure by for ${tally.noResidue} programs, and for ${tally.wrong} one that its full evaluation disproves`,
)
console.log(`${tally.programs - failed.size} passed, ${failed.size} failed, ${tally.refused} skipped`)
process.exitCode = failed.size === 0 && tally.programs > 0 ? 0 : 1

import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { builtins } from '../../packages/rego/src/builtins/index.ts'
import { compile } from '../../packages/rego/src/compiler/compile.ts'
import { readPrograms } from '../../packages/rego/src/compiler/testdata/programs.mjs'
import { RegoError } from '../../packages/rego/src/error.ts'
import { parseAnnotated } from '../../packages/rego/src/testing/parse-annotated.ts'
import { type Problem, startOPA } from './opa.ts'
import { makeRandom, type Random } from './random.ts'

/*
 * Damages programs at random and holds what the compiler says of them against the real `opa check`: the same codes.
 * npm run interop:opa:check -- [--count 5000] [--seed 1] [--show 10]
 *
 * Skipped are programs with a variable that only itself could bind through a call, such as `x = $"{x}"`: OPA takes it for
 * bound in the equation, although the call waits for it, and evaluates to the compiler's name of it. It is unsafe here.
 */

const flag = (name: string, otherwise: number): number => {
  const index = process.argv.indexOf(`--${name}`)
  return index === -1 ? otherwise : Number(process.argv[index + 1])
}

const count = flag('count', 5000)
const first = flag('seed', 1)
const shown = flag('show', 10)

const testdata = fileURLToPath(new URL('../../packages/rego/src/compiler/testdata', import.meta.url))
const texts = ['invalid', 'valid'].flatMap(folder =>
  readPrograms(path.join(testdata, folder)).map(({ modules }) => modules['a.rego'] ?? ''),
)

const tokens = /"(?:[^"\\\n]|\\.)*"|`[^`]*`|[A-Za-z_]\w*|\d+|:=|[=!<>]=|\s+|./gs
const inserted = [
  ...'()[]{},:.=|&+-_;\n'.split(''),
  ...'x y p q input data 1 0 "a" null true if contains else default some every not set()'.split(' '),
  ':=',
  '==',
  ' in ',
  ' as ',
  ' with input as 1 ',
  '$"{x}"',
  'count(x)',
  'f(x)',
  'x[y]',
  '[x | x]',
  '{x}',
  'import data.a',
  '`raw`',
  'print(x)',
  'upper(x)',
  'walk(x)',
  'data.test.p',
]

function damage(random: Random, text: string): string {
  const parts = text.match(tokens) ?? []
  for (let i = 0; i <= random.below(2); i++) {
    const at = random.below(parts.length)
    const change = random.below(5)
    if (change === 0) parts.splice(at, 1)
    else if (change === 1) parts.splice(at, 0, random.pick(inserted))
    else if (change === 2) parts[at] = random.pick(inserted)
    else if (change === 3) parts.splice(at, 0, parts[random.below(parts.length)] ?? '')
    else {
      const other = random.below(parts.length)
      ;[parts[at], parts[other]] = [parts[other] ?? '', parts[at] ?? '']
    }
  }
  return parts.join('')
}

function ours(text: string): readonly { readonly code: string; readonly message: string }[] {
  try {
    const options = { isBuiltin: (name: string): boolean => builtins.has(name) }
    compile({ modules: [parseAnnotated('a.rego', text, options)], builtins })
    return []
  } catch (error) {
    if (error instanceof RegoError) return error.errors.map(({ code, reason }) => ({ code, message: reason }))
    return [{ code: 'crash', message: error instanceof Error ? (error.stack ?? error.message) : String(error) }]
  }
}

const codesOf = (errors: readonly { readonly code: string }[]): string =>
  [...new Set(errors.map(({ code }) => code))].toSorted().join(' ')

const opa = startOPA()
const tally = { programs: 0, invalid: 0, differentCode: 0, differentMessage: 0, unsafeInOPA: 0 }

for (let seed = first; seed < first + count; seed++) {
  const random = makeRandom(seed)
  const text = damage(random, random.pick(texts))
  const answer = JSON.parse(await opa.ask({ op: 'check', modules: { 'a.rego': text } })) as { errors?: Problem[] }
  const theirs = answer.errors ?? []
  const found = ours(text)
  tally.programs++
  if (theirs.length > 0) tally.invalid++
  if (theirs.length === 0 && codesOf(found) === 'rego_unsafe_var_error') tally.unsafeInOPA++
  else if (codesOf(theirs) !== codesOf(found)) {
    if (tally.differentCode++ < shown) {
      const line = (errors: typeof found): string =>
        errors.map(({ code, message }) => `${code}: ${message}`).join(' | ')
      console.log(`seed ${seed}\n  opa:  ${line(theirs)}\n  ours: ${line(found)}\n${text}\n`)
    }
  } else if (theirs.length > 0 && !found.some(({ message }) => theirs.some(other => other.message === message))) {
    tally.differentMessage++
  }
}
opa.close()
console.log(tally)
const passed = tally.programs - tally.differentCode - tally.unsafeInOPA
console.log(`${passed} passed, ${tally.differentCode} failed, ${tally.unsafeInOPA} skipped`)
process.exitCode = tally.differentCode === 0 && passed > 0 ? 0 : 1

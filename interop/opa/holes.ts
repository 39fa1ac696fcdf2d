import type { Path, Value } from '@source-policy/rego'
import { codeOf, type Found, prepareProgram, rowsOf, timeNs } from './compare.ts'
import { inputFields, type JSONValue, makeValue, type Type } from './documents.ts'
import type { Program } from './program.ts'
import { makeRandom, type Random } from './random.ts'

/** Fields that may be unknown; none is inside another. */
const fields: readonly Path[] = [
  ['n'],
  ['m'],
  ['s'],
  ['tag'],
  ['b'],
  ['xs'],
  ['names'],
  ['sizes'],
  ['items'],
  ['image', 'repo'],
  ['image', 'tag'],
  ['image', 'labels'],
  ['image', 'env'],
  ['image', 'user'],
  ['git'],
]

export interface Revelation {
  readonly found: Found
  /** All that was unknown at first. */
  readonly unknown: readonly Path[]
  /** What was asked for, in all rounds. */
  readonly asked: readonly Path[]
  readonly rounds: number
}

const same = (a: Path, b: Path): boolean => JSON.stringify(a) === JSON.stringify(b)

/** The unknown fields of a program: some of those that could be. */
export function unknownFields(random: Random): readonly Path[] {
  return fields.filter(() => !random.oneIn(3))
}

/** Evaluates with the fields unknown, and reveals some of those that are asked for, again and again. */
export function reveal(program: Program): Revelation {
  const random = makeRandom(program.seed ^ 0x5eed)
  const unknown = unknownFields(random)
  const query = prepareProgram({ ...program, strict: false })
  const asked: Path[] = []
  let left = unknown
  for (let rounds = 1; ; rounds++) {
    let outcome: ReturnType<typeof query.evaluate>
    try {
      outcome = query.evaluate({ input: program.input as Value, unknown: left, time: timeNs })
    } catch (error) {
      return { found: codeOf(error), unknown, asked, rounds }
    }
    if (outcome.kind === 'results') return { found: { rows: rowsOf(outcome.results) }, unknown, asked, rounds }
    for (const path of outcome.paths) if (!asked.some(known => same(known, path))) asked.push(path)
    const chosen = random.shuffle(outcome.paths).slice(0, 1 + random.below(outcome.paths.length))
    if (chosen.length === 0) throw new Error('blocked, but asks for nothing')
    left = left.filter(path => !chosen.some(known => same(known, path)))
  }
}

/** The input without the unknown fields, as OPA is given it. */
export function withoutUnknown(input: JSONValue, unknown: readonly Path[]): JSONValue {
  const copy = structuredClone(input) as { [key: string]: JSONValue }
  for (const path of unknown) {
    const parent = path
      .slice(0, -1)
      .reduce<JSONValue | undefined>(
        (value, key) =>
          typeof value === 'object' && value !== null ? (value as { [key: string]: JSONValue })[key] : undefined,
        copy,
      )
    if (typeof parent === 'object' && parent !== null)
      delete (parent as { [key: string]: JSONValue })[String(path.at(-1))]
  }
  return copy
}

const typeAt = (path: Path): Type => {
  const [first, second] = path as readonly string[]
  const type = inputFields[first!]!
  return second === undefined ? type : (type as { readonly item: Readonly<Record<string, Type>> }).item[second]!
}

/** What is the least of its type decides more often than anything else. */
function leastOf(type: Type): JSONValue {
  if (type === 'number') return 0
  if (type === 'string') return ''
  if (type === 'boolean') return false
  return 'array' in type ? [] : {}
}

/** Inputs that are alike but for the fields at the paths, which have other values or miss. */
export function variants(input: JSONValue, paths: readonly Path[], random: Random, count: number): JSONValue[] {
  return Array.from({ length: count }, () => {
    const copy = withoutUnknown(input, paths) as { [key: string]: JSONValue }
    for (const path of paths) {
      if (random.oneIn(4)) continue
      const [first, second] = path as readonly string[]
      const value = random.oneIn(3) ? leastOf(typeAt(path)) : makeValue(typeAt(path), random)
      if (second === undefined) copy[first!] = value
      else (copy[first!] as { [key: string]: JSONValue })[second] = value
    }
    return copy
  })
}

const REFERENCE = /\binput((?:\.\w+|\["[^"]*"\])*)/g
const STEP = /\.(\w+)|\["([^"]*)"\]/g

/** Which of the fields the residue of OPA's partial evaluation speaks of; an ancestor stands for all beneath it. */
export function residueOf(texts: readonly string[], unknown: readonly Path[]): readonly Path[] {
  const found = texts.flatMap(text =>
    [...text.matchAll(REFERENCE)].map(([, steps]) =>
      [...steps!.matchAll(STEP)].map(([, word, quoted]) => word ?? quoted!),
    ),
  )
  return unknown.filter(path => found.some(ref => ref.every((step, i) => i >= path.length || step === path[i])))
}

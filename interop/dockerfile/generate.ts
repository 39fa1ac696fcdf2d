import type { Case } from './case.ts'
import { generateDockerfile } from './generate/dockerfile.ts'
import { crossed, mutate } from './generate/mutate.ts'
import { generateOptions } from './generate/options.ts'
import { random } from './generate/random.ts'

/** The case of a seed: the same for the same numbers, everywhere. Some are made of the builds written by hand. */
export function generateCase(seed: number, index: number, written: readonly Case[]): Case {
  const r = random(seed * 1_000_003 + index)
  const name = `generated ${seed}/${index}`
  const one = r.chance(0.3) ? r.pick(written) : undefined
  if (one === undefined)
    return { name, dockerfile: mutate(r, generateDockerfile(r), 0.15), options: generateOptions(r) }
  const dockerfile = mutate(r, crossed(r, one.dockerfile, r.pick(written).dockerfile), 0.6)
  const { buildPlatform: _ofMachine, ...options } = generateOptions(r)
  return { name, dockerfile, options: r.chance(0.3) ? options : (one.options ?? {}) }
}

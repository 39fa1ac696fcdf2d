/** A seeded source of choices: the same seed makes the same programs. */
export interface Random {
  /** An integer from 0 up to, but not including, the bound. */
  below(bound: number): number
  /** True once in so many times. */
  oneIn(times: number): boolean
  pick<T>(items: readonly T[]): T
  /** From min to max items, each made anew. */
  many<T>(min: number, max: number, make: (index: number) => T): T[]
  shuffle<T>(items: readonly T[]): T[]
}

export function makeRandom(seed: number): Random {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let word = Math.imul(state ^ (state >>> 15), state | 1)
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61)
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (bound: number): number => Math.floor(next() * bound)
  return {
    below,
    oneIn: times => below(times) === 0,
    pick: items => items[below(items.length)]!,
    many: (min, max, make) => Array.from({ length: min + below(max - min + 1) }, (_, i) => make(i)),
    shuffle(items) {
      const copy = [...items]
      for (let i = copy.length - 1; i > 0; i--) {
        const j = below(i + 1)
        ;[copy[i], copy[j]] = [copy[j]!, copy[i]!]
      }
      return copy
    },
  }
}

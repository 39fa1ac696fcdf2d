export interface Random {
  int(below: number): number
  chance(probability: number): boolean
  pick<T>(items: readonly T[]): T
  /** One of the first list, which a build accepts, or now and then one of the second. */
  mostly<T>(usual: readonly T[], odd: readonly T[]): T
}

/** Draws of a seed by mulberry32: small, and the same everywhere. */
export function random(seed: number): Random {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const int = (below: number): number => Math.floor(next() * below)
  const pick = <T>(items: readonly T[]): T => items[int(items.length)] as T
  // two builds of three are written with care
  const oddity = next() < 0.66 ? 0.004 : 0.12
  const mostly = <T>(usual: readonly T[], odd: readonly T[]): T => pick(next() < oddity ? odd : usual)
  return { int, chance: probability => next() < probability, pick, mostly }
}

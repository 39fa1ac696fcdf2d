import type { BuiltinContext } from './signature.ts'

/**
 * Thirty-two bits that depend on nothing but the query's seed, the purpose and the counter: the same call gives the
 * same value throughout a query. Not for secrets.
 */
function randomWord(purpose: string, counter: number, seed: string): number {
  let state = 0x811c9dc5 ^ counter
  for (const text of [seed, '\0', purpose]) {
    for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193)
  }
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35)
  return (state ^ (state >>> 16)) >>> 0
}

/** An integer from 0 up to, but not including, the bound; 0 for a bound of 0. */
export function randomInteger(purpose: string, bound: number, { seed }: BuiltinContext): number {
  if (bound === 0) return 0
  const high = randomWord(purpose, 0, seed) & 0x1fffff
  const low = randomWord(purpose, 1, seed)
  return (high * 2 ** 32 + low) % bound
}

export function randomBytes(purpose: string, count: number, { seed }: BuiltinContext): Uint8Array {
  const words = Uint32Array.from({ length: Math.ceil(count / 4) }, (_, i) => randomWord(purpose, i, seed))
  return new Uint8Array(words.buffer, 0, count)
}

import type { Type } from './documents.ts'
import { expression, type Scope } from './expressions.ts'
import { makeRandom } from './random.ts'

interface Rule {
  readonly ref: string
  readonly type: Type
  readonly isPartial?: true
}

/** A package of rules that look up single keys of others, and what they are called. */
export interface Lookups {
  readonly module: string
  readonly rules: readonly string[]
}

/**
 * Lookups in the partial sets and objects among the rules; undefined where there are none. They have choices of their own, so
 * that the other rules of a seed are the same with and without them.
 */
export function makeLookups(seed: number, rules: readonly Rule[]): Lookups | undefined {
  const random = makeRandom(seed ^ 0x100c)
  const scope: Scope = { random, variables: [], rules: [], functions: [], fresh: base => base }
  const bodies = rules.flatMap(({ ref, type, isPartial }) => {
    if (!isPartial || typeof type !== 'object' || !('set' in type || 'object' in type)) return []
    const keyType: Type = 'set' in type ? type.set : 'string'
    const member = (): string => `${ref}[${expression(keyType, scope, 0)}]`
    return random.many(1, 2, () => {
      switch (random.below(5)) {
        case 0:
          return ` if not ${member()}`
        case 1:
          return ` := [v | some k in input.${keyType === 'string' ? 'names' : 'xs'}; v := ${ref}[k]]`
        case 2:
          return ` := [${member()} | some _ in input.names]`
        case 3:
          return ` := ${member()} with input.tag as input.s`
        default:
          return ` := ${member()}`
      }
    })
  })
  if (bodies.length === 0) return undefined
  // a head has no `with`
  const texts = bodies.map((body, i) => {
    const [value, modifier] = body.split(' with ')
    return modifier === undefined ? `l${i}${body}` : `l${i} := x if x${value} with ${modifier}`
  })
  return { module: `package looked\n\n${texts.join('\n\n')}\n`, rules: bodies.map((_, i) => `data.looked.l${i}`) }
}

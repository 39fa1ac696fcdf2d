import { TaggedValue } from './tagged.ts'

/**
 * A field of the input that is not known yet. It is not a `Value`: only the evaluator holds it, and typing, comparing,
 * keying or printing one is an internal error, so that nothing can be decided by looking at it.
 */
export class Hole extends TaggedValue {
  readonly tag = 'hole'
  /** Where the field is, from the root of the input. */
  readonly path: readonly (string | number)[]

  constructor(path: readonly (string | number)[]) {
    super()
    this.path = path
  }
}

export const isHole = (value: unknown): value is Hole => value instanceof Hole

import { TaggedValue } from '../value/tagged.ts'
import type { Value } from '../value/value.ts'
import type { Unknown } from './lacks.ts'
import type { Run, Slot } from './run.ts'

/** Takes a member of a collection. True: no more are wanted. */
export type Visit = (key: Value | Unknown, member: Value | Unknown | Place) => boolean

/**
 * A document that is not worked out as a whole unless somebody looks at the whole: a package, or the extent of a rule
 * that is known in part. It exists only while a reference is followed.
 */
export abstract class Place extends TaggedValue {
  readonly tag = 'hole'
  abstract select(run: Run, key: Value): Slot | Place
  /** Visits the members, in total order of their keys where `ordered`. Whether a visit returned true. */
  abstract each(run: Run, ordered: boolean, visit: Visit): boolean
  /** Whether it is known to have no members. */
  abstract isEmpty(run: Run): boolean

  /** The document as a value. */
  abstract finish(run: Run): Slot
}

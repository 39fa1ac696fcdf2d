import type { Value } from '../value/value.ts'
import type { Mock } from './mock.ts'
import type { Slot } from './run.ts'
import type { VirtualNode } from './virtual-node.ts'

/** Remembers that a rule was found undefined. */
export const undefinedResult = Symbol('undefined')

/**
 * The documents that expressions see, and what was worked out from them. `with` makes a new one: what a rule gave under
 * other documents is not what it gives here.
 */
export interface Environment {
  readonly input: Slot
  /** The base documents. */
  readonly data: Value
  /** Places of the rule tree that `with` has replaced by a base document. */
  readonly shadowed: ReadonlySet<VirtualNode> | undefined
  /** Replaced functions, by callee key. */
  readonly mocks: ReadonlyMap<string, Mock> | undefined
  /** Results of rules by node id. */
  readonly memo: unknown[]
  /** Results of functions by node id, then by arguments. */
  readonly calls: (Map<unknown, unknown> | undefined)[]
  /** The same without `mocks`, made when first needed. */
  unmocked: Environment | undefined
}

export const makeEnvironment = (parts: Pick<Environment, 'input' | 'data' | 'shadowed' | 'mocks'>): Environment => ({
  ...parts,
  memo: [],
  calls: [],
  unmocked: undefined,
})

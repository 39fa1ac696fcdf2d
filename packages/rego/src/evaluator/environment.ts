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
export class Environment {
  readonly input: Slot
  /** The base documents. */
  readonly data: Value
  /** Places of the rule tree that `with` has replaced by a base document. */
  readonly shadowed: ReadonlySet<VirtualNode> | undefined
  /** Replaced functions, by callee key. */
  readonly mocks: ReadonlyMap<string, Mock> | undefined
  /** Results of rules by node id. */
  readonly memo: unknown[] = []
  /** Members of partial rules that were looked up alone, by node id, then by key. */
  readonly members: (Map<string, unknown> | undefined)[] = []
  /** Results of functions by node id, then by arguments. */
  readonly calls: (Map<unknown, unknown> | undefined)[] = []
  #unmocked: Environment | undefined = undefined

  constructor(
    input: Slot,
    data: Value,
    shadowed: ReadonlySet<VirtualNode> | undefined,
    mocks: ReadonlyMap<string, Mock> | undefined,
  ) {
    this.input = input
    this.data = data
    this.shadowed = shadowed
    this.mocks = mocks
  }

  withInput(input: Slot): Environment {
    return new Environment(input, this.data, this.shadowed, this.mocks)
  }

  /** The base documents replaced, and with them the rules at some places of the tree. */
  withData(data: Value, shadowed: ReadonlySet<VirtualNode>): Environment {
    const all = this.shadowed === undefined ? shadowed : new Set([...this.shadowed, ...shadowed])
    return new Environment(this.input, data, all, this.mocks)
  }

  withMock(key: string, mock: Mock): Environment {
    return new Environment(this.input, this.data, this.shadowed, new Map(this.mocks).set(key, mock))
  }

  get withoutMocks(): Environment {
    this.#unmocked ??= new Environment(this.input, this.data, this.shadowed, undefined)
    return this.#unmocked
  }
}

import { ObjectValue } from '../value/object.ts'
import { SetValue } from '../value/set.ts'
import type { Value } from '../value/value.ts'
import { Place, type Visit } from './place.ts'
import type { Run, Slot } from './run.ts'
import { each, isOpen, select } from './select.ts'
import type { VirtualNode } from './virtual-node.ts'

/** The document of a partial rule: where one key of it is looked up, only that is worked out. */
export class Keyed extends Place {
  readonly #node: VirtualNode

  constructor(node: VirtualNode) {
    super()
    this.#node = node
  }

  select(run: Run, key: Value): Slot | Place {
    return isOpen(run, key) ? select(run, this.#node.whole(run), key) : this.#node.member(run, key)
  }

  isEmpty(run: Run): boolean {
    const whole = this.#node.whole(run)
    return (whole instanceof ObjectValue || whole instanceof SetValue) && whole.size === 0
  }

  each(run: Run, ordered: boolean, visit: Visit): boolean {
    return each(run, this.#node.whole(run) as Value | Place, ordered, visit)
  }

  finish(run: Run): Slot {
    const whole = this.#node.whole(run)
    return whole instanceof Place ? whole.finish(run) : whole
  }
}

import { sortValues } from '../value/compare.ts'
import { objectGet, objectItems, objectKeys } from '../value/object.ts'
import { isObject, type RegoObject, type Value } from '../value/value.ts'
import { undefinedResult } from './environment.ts'
import { Unknown } from './lacks.ts'
import { makeDocument } from './make-document.ts'
import { Place, type Visit } from './place.ts'
import type { Run, Slot } from './run.ts'
import { isOpen, selectStored } from './select.ts'
import type { VirtualNode } from './virtual-node.ts'

/** A package, or what is above packages: rules and base documents side by side; rules come first. */
export class Interior extends Place {
  readonly #node: VirtualNode

  constructor(node: VirtualNode) {
    super()
    this.#node = node
  }

  select(run: Run, key: Value): Slot | Place {
    const child = this.#node.child(key)
    if (child === undefined) return selectStored(run, this.#node.base(run), key)
    return child.kind === 'function' ? undefined : child.document(run)
  }

  isEmpty(run: Run): boolean {
    return !this.each(run, false, () => true)
  }

  each(run: Run, ordered: boolean, visit: Visit): boolean {
    const keys: Value[] = [...this.#node.children.keys()]
    for (const [key] of objectItems(this.#base(run))) if (this.#node.child(key) === undefined) keys.push(key)
    if (ordered) sortValues(keys)
    for (const key of keys) {
      run.tick()
      const member = this.select(run, key)
      if (member !== undefined && visit(key, member)) return true
    }
    return false
  }

  #base(run: Run): RegoObject {
    const base = this.#node.base(run)
    return base !== undefined && !(base instanceof Unknown) && isObject(base) ? base : {}
  }

  /** The whole: every rule below is evaluated. A member that is not known may not be there either. */
  finish(run: Run): Slot {
    const { memo } = run.environment
    const known = memo[this.#node.id]
    if (known !== undefined) return known === undefinedResult ? undefined : (known as Slot)
    const document = this.#merge(run)
    memo[this.#node.id] = document
    return document
  }

  #merge(run: Run): Value | Unknown {
    const members: [Value, Value][] = []
    let open = false
    let effect: Unknown | undefined
    const base = this.#base(run)
    this.each(run, true, (key, place) => {
      const member = over(objectGet(base, key as Value), place instanceof Place ? place.finish(run) : place)
      if (member === undefined) return false
      if (member instanceof Unknown && this.#node.child(key as Value)?.effectful) effect = member
      open ||= member instanceof Unknown || isOpen(run, member)
      members.push([key as Value, member as Value])
      return false
    })
    // An effect that may still happen is not decided by what stands beside it.
    if (effect !== undefined) return effect
    const document = makeDocument(members)
    if (open) run.open.add(document)
    return document
  }
}

/** A base document over a virtual one, as the whole shows them: objects are merged, else the base document counts. */
function over(base: Value | undefined, virtual: Slot): Slot {
  if (base === undefined || virtual === undefined || base === virtual || virtual instanceof Unknown) return virtual
  if (!isObject(base) || !isObject(virtual)) return base
  const keys = new Set([...objectKeys(base), ...objectKeys(virtual)])
  return makeDocument(
    [...keys].map(key => [key, over(objectGet(base, key), objectGet(virtual, key) ?? objectGet(base, key)) as Value]),
  )
}

import type { CompiledRule, RuleNode } from '../compiler/compiled.ts'
import type { Span } from '../source-text.ts'
import { valueKey } from '../value/key.ts'
import { BigNumber } from '../value/number.ts'
import type { Value } from '../value/value.ts'
import { evaluateComplete, evaluateFunction } from './complete.ts'
import { Definition } from './definition.ts'
import { orderDefinitions } from './definition-order.ts'
import { undefinedResult } from './environment.ts'
import { evaluateExtent, evaluateMember, orderParts, type Part, PartialDefinition } from './extent.ts'
import { Interior } from './interior.ts'
import { Keyed } from './keyed.ts'
import { Unknown } from './lacks.ts'
import type { Linked } from './linked.ts'
import { Place } from './place.ts'
import { linkIndex, type RuleIndex } from './rule-index.ts'
import type { Run, Slot } from './run.ts'
import { select } from './select.ts'
import { scalarValue } from './term.ts'

interface VirtualNodeOptions {
  readonly id: number
  readonly node: RuleNode
  readonly children: ReadonlyMap<Value, VirtualNode>
  readonly linked: Linked
}

/** A place below `data` that has rules, or rules below it. */
export class VirtualNode {
  readonly id: number
  readonly kind: RuleNode['kind']
  /** From `data`. */
  readonly path: readonly Value[]
  /** By key: a string, a number, ... */
  readonly children: ReadonlyMap<Value, VirtualNode>
  /** Where the first rule stands. */
  readonly span: Span | undefined
  /** Can reach a function with an effect: never decided early. */
  readonly effectful: boolean
  readonly #interior: Interior
  /** Of a partial rule of which one key can be looked up without the others; false of any other. */
  #keyed: Keyed | false | undefined
  readonly #linked: Linked
  readonly #node: RuleNode
  #definitions: readonly Definition[] | undefined
  #partials: readonly PartialDefinition[] | undefined
  #default: Definition | undefined
  #index: RuleIndex<Definition> | undefined
  #partialIndex: RuleIndex<PartialDefinition> | undefined
  #parts: readonly Part[] | undefined

  constructor({ id, node, children, linked }: VirtualNodeOptions) {
    this.id = id
    this.kind = node.rules.length === 0 && node.default !== undefined ? node.default.kind : node.kind
    this.path = node.path.map(scalarValue)
    this.children = children
    this.span = (node.rules[0] ?? node.default)?.headSpan
    this.effectful = node.rules.some(rule => linked.isEffectful(rule))
    if (node.default !== undefined && linked.isEffectful(node.default)) this.effectful = true
    this.#interior = new Interior(this)
    this.#linked = linked
    this.#node = node
  }

  get #isPartial(): boolean {
    return this.#node.kind === 'set' || this.#node.kind === 'object'
  }

  get definitions(): readonly Definition[] {
    this.#definitions ??= this.#isPartial ? [] : this.#node.rules.map(rule => new Definition(rule, this.#linked))
    return this.#definitions
  }

  /** Of a partial rule. */
  get partials(): readonly PartialDefinition[] {
    this.#partials ??= this.#isPartial ? this.#node.rules.map(rule => new PartialDefinition(rule, this.#linked)) : []
    return this.#partials
  }

  get default(): Definition | undefined {
    if (this.#default === undefined && this.#node.default !== undefined) {
      this.#default = new Definition(this.#node.default, this.#linked)
    }
    return this.#default
  }

  /** A partial set without keys of its own: `p contains x`. */
  get isFlatSet(): boolean {
    return this.#isPartial && this.#node.rules.every(rule => rule.member !== undefined && rule.keys.length === 0)
  }

  child(key: Value): VirtualNode | undefined {
    return this.children.get(key instanceof BigNumber ? key.key : key)
  }

  /** The definitions that could apply, by what the index knows. */
  candidates(run: Run, args: readonly unknown[] | undefined): readonly Definition[] {
    this.#index ??= this.#linkIndex(this.definitions)
    return this.#index(run, args)
  }

  partialCandidates(run: Run): readonly PartialDefinition[] {
    this.#partialIndex ??= this.#linkIndex(this.partials)
    return this.#partialIndex(run, undefined)
  }

  /** Where somebody is told what happens, definitions that an index leaves out are tried as well, to say what is false in them. */
  #linkIndex<T extends { readonly rule: CompiledRule }>(definitions: readonly T[]): RuleIndex<T> {
    const ordered = orderDefinitions(definitions, this.#linked)
    return this.#linked.events ? () => ordered : linkIndex(ordered)
  }

  /** Of a partial rule that has rules below it. */
  parts(): readonly Part[] {
    this.#parts ??= orderParts(this, this.#linked)
    return this.#parts
  }

  /** The document as a value. */
  value(run: Run): Slot {
    const document = this.document(run)
    return document instanceof Place ? document.finish(run) : document
  }

  /** The base document at this place. */
  base(run: Run): Slot {
    let document: Slot = run.environment.data
    for (const key of this.path) document = select(run, document, key) as Slot
    return document
  }

  /** The document at this place; a package is not worked out before somebody looks at the whole. */
  document(run: Run): Slot | Place {
    const { shadowed, memo } = run.environment
    if (shadowed?.has(this)) return this.base(run)
    if (this.kind === 'none') return this.#interior
    const known = memo[this.id]
    if (known !== undefined) return known === undefinedResult ? undefined : (known as Slot | Place)
    this.#keyed ??= this.#isKeyed() && new Keyed(this)
    return this.#keyed === false ? this.whole(run) : this.#keyed
  }

  #isKeyed(): boolean {
    const isPartial = this.kind === 'set' || this.kind === 'object'
    const nodes = [this, ...this.children.values()]
    return isPartial && nodes.every(node => !node.effectful) && this.partials.every(part => part.isKeyed)
  }

  /** The document of the rules here, worked out once. */
  whole(run: Run): Slot | Place {
    const { memo } = run.environment
    const known = memo[this.id]
    if (known !== undefined) return known === undefinedResult ? undefined : (known as Slot | Place)
    run.tick()
    run.enter()
    const value = this.#evaluate(run)
    run.leave()
    memo[this.id] = value === undefined ? undefinedResult : value
    return value
  }

  /** What a partial rule gives at one key, worked out once, unless the whole is known. */
  member(run: Run, key: Value): Slot | Place {
    const { memo, members } = run.environment
    const whole = memo[this.id]
    if (whole !== undefined) return select(run, whole as Slot | Place, key)
    members[this.id] ??= new Map()
    const known = members[this.id]!
    const name = valueKey(key)
    const before = known.get(name)
    if (before !== undefined) return before === undefinedResult ? undefined : (before as Slot | Place)
    run.tick()
    run.enter()
    const value = evaluateMember(run, this, key)
    run.leave()
    run.spend(bytesPerCall + name.length)
    known.set(name, value === undefined ? undefinedResult : value)
    return value
  }

  #evaluate(run: Run): Slot | Place {
    switch (this.kind) {
      case 'complete':
        return evaluateComplete(run, this)
      case 'set':
      case 'object':
        return evaluateExtent(run, this)
      default:
        return undefined
    }
  }

  /** The result of a function for arguments that are all defined, though maybe not known. */
  call(run: Run, args: readonly (Value | Unknown)[]): Slot {
    run.tick()
    if (run.lazy && args.some(arg => arg instanceof Unknown)) return this.#apply(run, args)
    const { calls } = run.environment
    let level = calls[this.id]
    if (level === undefined) {
      level = new Map()
      calls[this.id] = level
    }
    const last = args.length - 1
    for (let i = 0; i < last; i++) level = deeper(run, level, args[i])
    const key = args[last]
    const known = level.get(key)
    if (known !== undefined) return known === undefinedResult ? undefined : (known as Slot)
    const value = this.#apply(run, args)
    run.spend(bytesPerCall)
    level.set(key, value === undefined ? undefinedResult : value)
    return value
  }

  #apply(run: Run, args: readonly (Value | Unknown)[]): Slot {
    run.enter()
    const value = evaluateFunction(run, this, args)
    run.leave()
    return value
  }
}

/** What one remembered result of a function takes up, and a map of them, by a rough count. */
const bytesPerCall = 64
const bytesPerMap = 256

function deeper(run: Run, level: Map<unknown, unknown>, key: unknown): Map<unknown, unknown> {
  let next = level.get(key) as Map<unknown, unknown> | undefined
  if (next === undefined) {
    next = new Map()
    level.set(key, next)
    run.spend(bytesPerMap)
  }
  return next
}

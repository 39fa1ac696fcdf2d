import type { Branch, CompiledRule, CompiledTerm } from '../compiler/compiled.ts'
import { RegoError } from '../error.ts'
import { firstLineOf, locationOf, type Span } from '../source-text.ts'
import { equal } from '../value/compare.ts'
import { ObjectValue } from '../value/object.ts'
import { SetValue } from '../value/set.ts'
import type { Value } from '../value/value.ts'
import { linkBody } from './body.ts'
import { addMember, agree } from './comprehension.ts'
import { orderDefinitions } from './definition-order.ts'
import { linkDemands } from './demands.ts'
import { watchEnd, watchRule } from './events.ts'
import { collect, isBlocked, pendingLacks, sequence } from './flow.ts'
import { openLacks } from './lacking.ts'
import { joinLacks, type Lacks, Unknown } from './lacks.ts'
import type { Linked } from './linked.ts'
import { type OpenEntry, PartlyKnown } from './partly-known.ts'
import { linkPattern } from './pattern.ts'
import type { Place } from './place.ts'
import type { Frame, Getter, Next, Run, Slot, Step } from './run.ts'
import { type Layout, newFrame, newLayout, type Scope } from './scope.ts'
import { isOpen, select } from './select.ts'
import { constantOf, linkTerm } from './term.ts'
import type { VirtualNode } from './virtual-node.ts'

/** One definition of a partial rule: `p contains x`, `p[k] := v`, `p[x].q contains y`. */
export class PartialDefinition {
  readonly rule: CompiledRule
  readonly #linked: Linked
  readonly #layout: Layout
  #body: Next | undefined
  #bodyAt: Next | undefined
  /** Where in a frame the document under construction is. */
  readonly #builder: number
  /** Where the key is that is looked up. */
  readonly #key: number

  constructor(rule: CompiledRule, linked: Linked) {
    this.rule = rule
    this.#linked = linked
    this.#layout = newLayout(rule.locals)
    this.#builder = this.#layout.size++
    this.#key = this.#layout.size++
  }

  /** The first key of the entries, or the members of a set. */
  get #head(): CompiledTerm {
    return this.rule.keys[0] ?? this.rule.member!
  }

  /** Whether a key can be matched against the head before the body runs. */
  get isKeyed(): boolean {
    return isPattern(this.#head)
  }

  #link(matchKey: boolean): Next {
    const { rule } = this
    const linked = this.#linked
    const effectful = linked.isEffectful(rule)
    const scope: Scope = {
      linked,
      layout: this.#layout,
      ordered: linked.ordered,
      bound: new Set(),
      effectful,
      rule: rule.name,
    }
    const branch = rule.branches[0]!
    const match = matchKey ? [this.#linkKey(scope)] : []
    const body = sequence(
      [...match, ...linkDemands(branch.body, scope)],
      linkBody(branch.body, scope, own => watchEnd(branch.span, own, this.#end(branch, own))),
    )
    return linked.events ? watchRule(branch.span, scope, body) : body
  }

  #end(branch: Branch, scope: Scope): Next {
    const { rule } = this
    const keys = rule.keys.map(key => linkTerm(key, scope))
    const last = rule.member ?? branch.value!
    const leaf = linkTerm(last, scope)
    const builder = this.#builder
    const isSet = rule.member !== undefined
    return (run, frame) => {
      add(run, frame, frame[builder] as Builder, keys, leaf, isSet, rule.headSpan)
      return false
    }
  }

  #linkKey(scope: Scope): Step {
    const match = linkPattern(this.#head, scope)
    const key = this.#key
    return (run, frame) => match(run, frame, frame[key] as Value)
  }

  /** Adds what the definition gives. */
  evaluate(run: Run, builder: Builder): void {
    this.#body ??= this.#link(false)
    this.#run(run, builder, this.#body, newFrame(this.#layout))
  }

  /** Adds what the definition gives at the key: the body runs with the locals of the head bound by it. */
  evaluateAt(run: Run, builder: Builder, key: Value): void {
    this.#bodyAt ??= this.#link(true)
    const frame = newFrame(this.#layout)
    frame[this.#key] = key
    this.#run(run, builder, this.#bodyAt, frame)
  }

  #run(run: Run, builder: Builder, body: Next, frame: Frame): void {
    frame[this.#builder] = builder
    const lacks = collect(run, frame, body)
    if (lacks !== undefined) builder.open.push({ keys: undefined, lacks })
  }
}

/** A term that takes a value apart, or compares it with a constant. */
function isPattern(term: CompiledTerm): boolean {
  if (term.kind === 'local' || constantOf(term) !== undefined) return true
  if (term.kind === 'array') return term.items.every(isPattern)
  return (
    term.kind === 'object' && term.entries.every(({ key, value }) => constantOf(key) !== undefined && isPattern(value))
  )
}

/** The document of a partial rule under construction. */
interface Builder {
  readonly root: SetValue | ObjectValue
  /** Objects and sets that rules add to, as against values that they gave. */
  readonly made: Set<unknown>
  readonly open: OpenEntry[]
}

function startBuilder({ isFlatSet }: VirtualNode): Builder {
  const root = isFlatSet ? new SetValue() : new ObjectValue()
  return { root, made: new Set([root]), open: [] }
}

/** What the definitions of a partial rule give at one key. A conflict at another key is none of it. */
export function evaluateMember(run: Run, node: VirtualNode, key: Value): Slot | Place {
  const builder = startBuilder(node)
  if (node.children.size === 0) {
    for (const definition of node.partialCandidates(run)) definition.evaluateAt(run, builder, key)
  } else for (const part of node.parts()) part.evaluateAt(run, builder, key)
  const { root, open } = builder
  return open.length === 0 ? select(run, root, key) : new PartlyKnown(root, open, 0).select(run, key)
}

/** All that the definitions of a partial rule give, and the rules below it. */
export function evaluateExtent(run: Run, node: VirtualNode): Slot | Place {
  const builder = startBuilder(node)
  const { root } = builder
  if (node.children.size === 0) for (const definition of node.partialCandidates(run)) definition.evaluate(run, builder)
  else for (const part of node.parts()) part.evaluate(run, builder)
  if (builder.open.length === 0) return root
  if (node.effectful) return new Unknown(joinLacks(builder.open.map(({ lacks }) => lacks)), false)
  return new PartlyKnown(root, builder.open, 0)
}

/** A definition of a partial rule, or all of a place below it. */
export interface Part {
  evaluate(run: Run, builder: Builder): void
  /** Only what it gives at the key. */
  evaluateAt(run: Run, builder: Builder, key: Value): void
}

/** The parts of a partial rule that has rules below it. OPA has them all in one index, so its order goes through them. */
export function orderParts(node: VirtualNode, linked: Linked): readonly Part[] {
  const definitions = node.partials.map(part => ({ rule: part.rule, part }))
  const below = partsBelow(node, [])
  const ordered = orderDefinitions(
    [...definitions, ...below.flatMap(({ rules, part }) => rules.map(rule => ({ rule, part })))],
    linked,
  )
  return [...new Set<Part>([...ordered, ...below].map(({ part }) => part))]
}

function partsBelow(node: VirtualNode, path: readonly Value[]): { rules: readonly CompiledRule[]; part: Part }[] {
  return [...node.children].flatMap(([key, child]) => {
    const place = [...path, key]
    if (child.kind === 'none') return partsBelow(child, place)
    const part: Part = {
      evaluate: (run, builder) => addChild(run, child, place, builder),
      evaluateAt(run, builder, at) {
        if (equal(place[0]!, at)) addChild(run, child, place, builder)
      },
    }
    return [{ rules: [...child.definitions, ...child.partials].map(({ rule }) => rule), part }]
  })
}

function addChild(run: Run, child: VirtualNode, place: readonly Value[], builder: Builder): void {
  const value = child.value(run)
  if (value instanceof Unknown) builder.open.push({ keys: place, lacks: value.lacks })
  else if (value !== undefined) putDocument(run, builder, place, value, child)
}

/** Adds what the rules of a place below give: to a set or an object under construction, member by member. */
function putDocument(
  run: Run,
  builder: Builder,
  place: readonly Value[],
  value: Value,
  { kind, span }: VirtualNode,
): void {
  if (kind === 'set' && value instanceof SetValue) {
    for (const member of value.items()) putMember(run, builder, place, member, span)
    if (value.size > 0) return
  }
  if (kind === 'object' && value instanceof ObjectValue) {
    for (const [key, member] of value.items()) put(run, builder, [...place, key], member, span)
    if (value.size > 0) return
  }
  put(run, builder, place, value, span)
}

function add(
  run: Run,
  frame: Frame,
  builder: Builder,
  keys: readonly Getter[],
  leaf: Getter,
  isSet: boolean,
  span: Span | undefined,
): void {
  const path = keys.map(get => get(run, frame))
  const value = leaf(run, frame)
  if (path.includes(undefined) || value === undefined) return
  const place = (isSet ? [...path, value] : path) as (Value | Unknown)[]
  const lacks = lacksOf(run, place, isSet ? undefined : value)
  if (lacks !== undefined) builder.open.push({ keys: place.map(key => (isOpen(run, key) ? undefined : key)), lacks })
  else if (isSet) putMember(run, builder, path as Value[], value as Value, span)
  else put(run, builder, path as Value[], value as Value, span)
}

/** What is missing before an entry can be added; undefined where it can be. */
function lacksOf(run: Run, place: readonly (Value | Unknown)[], value: Slot): Lacks | undefined {
  if (isBlocked(run)) return pendingLacks(run)
  if (!run.lazy) return undefined
  for (const key of place) {
    if (key instanceof Unknown) return key.lacks
    if (isOpen(run, key)) return openLacks(key, run)
  }
  return value instanceof Unknown && !value.defined ? value.lacks : undefined
}

/** The object that holds the last key of the path. */
function holder(run: Run, builder: Builder, path: readonly Value[], span: Span | undefined): ObjectValue {
  let at = builder.root as ObjectValue
  for (const key of path.slice(0, -1)) {
    let next = at.get(key)
    if (next === undefined) {
      next = new ObjectValue()
      builder.made.add(next)
      at.set(key, next)
      run.spend(next.weight + 256)
    } else if (!builder.made.has(next) || !(next instanceof ObjectValue)) throw conflict(span)
    at = next
  }
  return at
}

function put(run: Run, builder: Builder, path: readonly Value[], value: Value, span: Span | undefined): void {
  run.tick()
  const object = holder(run, builder, path, span)
  const key = path[path.length - 1]!
  const before = object.get(key)
  if (before === undefined) {
    const { weight } = object
    object.set(key, value)
    run.grow(object.size, object.weight - weight)
  } else if (builder.made.has(before) || !agree(run, before, value)) throw conflict(span)
  if (run.lazy && (isOpen(run, value) || (value as unknown) instanceof Unknown)) markOpen(run, builder, path)
}

function putMember(run: Run, builder: Builder, path: readonly Value[], member: Value, span: Span | undefined): void {
  run.tick()
  if (builder.root instanceof SetValue) {
    addMember(run, builder.root, member)
    return
  }
  const object = holder(run, builder, path, span)
  const key = path[path.length - 1]!
  let set = object.get(key)
  if (set === undefined) {
    set = new SetValue()
    builder.made.add(set)
    object.set(key, set)
    run.spend(set.weight + 256)
  } else if (!builder.made.has(set) || !(set instanceof SetValue)) throw conflict(span)
  addMember(run, set, member)
}

function markOpen(run: Run, builder: Builder, path: readonly Value[]): void {
  let at: Value | undefined = builder.root
  for (const key of path) {
    if (!(at instanceof ObjectValue)) return
    run.open.add(at)
    at = at.get(key)
  }
}

const conflict = (span: Span | undefined): RegoError =>
  new RegoError({
    code: 'eval_conflict_error',
    message: 'object keys must be unique',
    location: span && locationOf(span),
    line: span && firstLineOf(span),
  })

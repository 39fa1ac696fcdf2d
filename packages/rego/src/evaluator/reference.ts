import type { CompiledRef, CompiledTerm } from '../compiler/compiled.ts'
import { BigNumber } from '../value/number.ts'
import { ObjectValue } from '../value/object.ts'
import { SetValue } from '../value/set.ts'
import { TaggedValue } from '../value/tagged.ts'
import type { PlainObject, Value } from '../value/value.ts'
import { block, proceed } from './flow.ts'
import { Lacks, Unknown } from './lacks.ts'
import { linkPattern, unboundIn } from './pattern.ts'
import { Place } from './place.ts'
import type { Consumer, Frame, Getter, Next, Run, Slot } from './run.ts'
import { newSlot, type Scope } from './scope.ts'
import { each, plainKeys, select } from './select.ts'
import { linkTerm } from './term.ts'

type PlaceGetter = (run: Run, frame: Frame) => Slot | Place

/** Takes a member on its way through a reference. */
type PlaceConsumer = (run: Run, frame: Frame, member: Value | Unknown | Place) => boolean

/** Whether the reference visits members: a part of its path has no value yet. */
export const enumerates = (ref: CompiledRef, scope: Scope): boolean =>
  ref.path.some(part => unboundIn(part, scope.bound).length > 0)

/** A reference of which every part has a value. */
export function linkReference(ref: CompiledRef, scope: Scope): Getter {
  const { source, rest, virtual } = linkBase(ref, scope)
  return virtual ? finish(linkPath(source, rest, scope)) : (linkPath(source, rest, scope) as Getter)
}

const finish =
  (get: PlaceGetter): Getter =>
  (run, frame) => {
    const value = get(run, frame)
    return value instanceof Place ? value.finish(run) : value
  }

/** A reference that visits members: the consumer takes the value of each way through it. */
export function linkEnumeration(ref: CompiledRef, scope: Scope): (consumer: Consumer) => Next {
  const { source, rest } = linkBase(ref, scope)
  return linkLoop(source, rest, scope)
}

function linkBase(
  ref: CompiledRef,
  scope: Scope,
): { source: PlaceGetter; rest: readonly CompiledTerm[]; virtual: boolean } {
  if (ref.base.kind === 'input') return { source: run => run.environment.input, rest: ref.path, virtual: false }
  if (ref.base.kind === 'data') return { ...scope.linked.dataReference(ref.path), virtual: true }
  const { slot } = ref.base
  return { source: (_run, frame) => frame[slot] as Slot, rest: ref.path, virtual: false }
}

function linkPath(source: PlaceGetter, parts: readonly CompiledTerm[], scope: Scope): PlaceGetter {
  const names: string[] = []
  for (const part of parts) {
    if (part.kind !== 'string' || isReserved(part.value)) break
    names.push(part.value)
  }
  if (names.length > 0) return linkPath(selectNames(source, names), parts.slice(names.length), scope)
  const [part, ...rest] = parts
  if (part === undefined) return source
  const key = linkTerm(part, scope)
  const selected: PlaceGetter = (run, frame) => {
    const container = source(run, frame)
    if (container === undefined) return undefined
    const name = key(run, frame)
    return name === undefined ? undefined : select(run, container, name)
  }
  return linkPath(selected, rest, scope)
}

/** Names that arrays, values of this package or any object at all may have without being asked. */
const reserved: ReadonlySet<string> = new Set(
  [{}, [], new SetValue(), new ObjectValue(), new BigNumber('1.0'), new Unknown(new Lacks(), false)].flatMap(namesOf),
)

function namesOf(object: object): string[] {
  const names: string[] = []
  for (let at: object | null = object; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    names.push(...Object.getOwnPropertyNames(at))
  }
  return names
}

/** Those of Place and what extends it. */
const placeNames: readonly string[] = ['select', 'each', 'isEmpty', 'finish']

const isReserved = (name: string): boolean => reserved.has(name) || placeNames.includes(name)

/** `source.a.b` where no name is reserved, so that a plain property read is right. */
function selectNames(source: PlaceGetter, names: readonly string[]): PlaceGetter {
  const [first] = names as readonly [string]
  if (names.length === 1) return (run, frame) => selectName(run, source(run, frame), first)
  return (run, frame) => {
    let value = source(run, frame)
    for (let i = 0; i < names.length; i++) value = selectName(run, value, names[i]!)
    return value
  }
}

function selectName(run: Run, container: Slot | Place, name: string): Slot | Place {
  if (typeof container !== 'object' || container === null) return undefined
  const member = (container as PlainObject)[name]
  return member === undefined && container instanceof TaggedValue ? select(run, container, name) : member
}

function linkLoop(source: PlaceGetter, parts: readonly CompiledTerm[], scope: Scope): (consumer: Consumer) => Next {
  const at = parts.findIndex(part => unboundIn(part, scope.bound).length > 0)
  if (at < 0) {
    const get = finish(linkPath(source, parts, scope))
    return consumer => (run, frame) => {
      const value = get(run, frame)
      return value !== undefined && consumer(run, frame, value)
    }
  }
  const container = linkPath(source, parts.slice(0, at), scope)
  const loop = linkMembers(container, parts[at]!, scope)
  const rest = parts.slice(at + 1)
  if (rest.length === 0) {
    return consumer =>
      loop((run, frame, member) => {
        const value = member instanceof Place ? member.finish(run) : member
        return value !== undefined && consumer(run, frame, value)
      })
  }
  const slot = newSlot(scope)
  const inner = linkLoop((_run, frame) => frame[slot] as Slot | Place, rest, scope)
  return consumer => {
    const next = inner(consumer)
    return loop((run, frame, member) => {
      frame[slot] = member
      return next(run, frame)
    })
  }
}

/** Visits the members of a container whose key fits the pattern. */
function linkMembers(container: PlaceGetter, pattern: CompiledTerm, scope: Scope): (consumer: PlaceConsumer) => Next {
  const { ordered } = scope
  if (pattern.kind === 'local') {
    const { slot } = pattern
    scope.bound.add(slot)
    return consumer => visitAll(container, ordered, slot, consumer)
  }
  const slot = newSlot(scope)
  const match = linkPattern(pattern, scope)
  return consumer =>
    visitAll(container, ordered, slot, (run, frame, member) => {
      const mark = run.pending
      if (match(run, frame, frame[slot] as Value | Unknown)) {
        return proceed(run, frame, mark, (r, f) => consumer(r, f, member))
      }
      run.pending = mark
      return false
    })
}

/** The loop itself, with the common collections spelt out. */
function visitAll(container: PlaceGetter, ordered: boolean, slot: number, consumer: PlaceConsumer): Next {
  const visit = (run: Run, frame: Frame, members: Slot | Place): boolean => {
    if (typeof members !== 'object' || members === null) return false
    if (Array.isArray(members)) {
      for (let i = 0; i < members.length; i++) {
        run.tick()
        frame[slot] = i
        if (consumer(run, frame, members[i] as Value)) return true
      }
      return false
    }
    if (!(members instanceof TaggedValue)) {
      const keys = plainKeys(members as PlainObject, ordered)
      for (let i = 0; i < keys.length; i++) {
        run.tick()
        frame[slot] = keys[i]
        if (consumer(run, frame, (members as PlainObject)[keys[i]!]!)) return true
      }
      return false
    }
    if (members instanceof Unknown && members.only !== undefined) {
      const mark = run.pending
      block(run, members.lacks)
      return proceed(run, frame, mark, (r, f) => visit(r, f, members.only))
    }
    return each(run, members as Value, ordered, (key, member) => {
      frame[slot] = key
      if (!(key instanceof Unknown)) return consumer(run, frame, member)
      const mark = run.pending
      block(run, key.lacks)
      return proceed(run, frame, mark, (r, f) => consumer(r, f, member))
    })
  }
  return (run, frame) => visit(run, frame, container(run, frame))
}

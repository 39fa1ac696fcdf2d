import { equal } from '../value/compare.ts'
import { int64Of, makeNumber } from '../value/number.ts'
import { makeObject, type ObjectValue, objectHas, objectItems, objectSize } from '../value/object.ts'
import { makeSet } from '../value/set.ts'
import { termText } from '../value/text.ts'
import { isArray, isNumber, isObject, isSet, typeName, type Value } from '../value/value.ts'
import { BuiltinError } from './builtin-error.ts'
import { select } from './objects.ts'
import type { BuiltinContext } from './signature.ts'

type Steps = readonly Value[]

/** One operation of RFC 6902; paths may also go through sets, where a step is the member itself. */
export type Patch =
  | { readonly op: 'remove'; readonly path: Steps }
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: Steps; readonly value: Value }
  | { readonly op: 'move' | 'copy'; readonly path: Steps; readonly from: Steps }

/** The document after the operation; undefined once its root is removed. */
export function applyPatch(document: Value | undefined, patch: Patch, context: BuiltinContext): Value | undefined {
  chargeCopies(document, patch.path, context)
  switch (patch.op) {
    case 'add':
      return insert(document, patch.path, patch.value)
    case 'remove':
      return remove(document, patch.path)
    case 'replace':
      return insert(remove(document, patch.path), patch.path, patch.value)
    case 'move': {
      const moved = find(document, patch.from)
      return insert(remove(document, patch.from), patch.path, moved)
    }
    case 'copy':
      return insert(document, patch.path, find(document, patch.from))
    case 'test': {
      const found = find(document, patch.path)
      if (equal(found, patch.value)) return document
      throw new BuiltinError(
        `value from EditTree != patch value.\n\nExpected: ${termText(patch.value)}\n\nFound: ${termText(found)}`,
      )
    }
  }
}

/** What stands on the way to a changed place is copied. */
function chargeCopies(document: Value | undefined, path: Steps, { charge, spend }: BuiltinContext): void {
  let at: Value | undefined = document
  for (const step of path) {
    if (at === undefined) return
    const size = isArray(at) ? at.length : isSet(at) ? at.size : isObject(at) ? objectSize(at) : 0
    charge(1 + (size >> 4))
    spend(16 * size)
    at = isArray(at) && typeof step === 'string' ? at[Number(step)] : select(at, step)
  }
}

/** The index that a step names in an array: a number, its text, or `-` for the place after the last. */
function indexOf(step: Value, length: number): number {
  if (isNumber(step)) {
    const index = int64Of(step)
    if (index === undefined) throw new BuiltinError('invalid number type for indexing')
    return Number(index)
  }
  if (typeof step !== 'string') throw new BuiltinError('invalid type for indexing')
  if (step === '-') return length
  const index = /^[+-]?\d+$/.test(step) ? int64Of(makeNumber(step)) : undefined
  if (index === undefined) throw new BuiltinError('invalid string for indexing')
  if (step !== '0' && step.startsWith('0')) throw new BuiltinError('leading zeros are not allowed in JSON paths')
  return Number(index)
}

function child(value: Value, step: Value): Value {
  const found = isArray(value) ? value[indexOf(step, value.length)] : select(value, step)
  if (found !== undefined) return found
  if (isArray(value) || isObject(value) || isSet(value)) {
    throw new BuiltinError(`path ${termText(step)} does not exist in ${typeName(value)} term ${termText(value)}`)
  }
  throw new BuiltinError(`expected composite type for path ${termText(step)}, found value: ${termText(value)}`)
}

function find(document: Value | undefined, path: Steps): Value {
  if (document === undefined) throw new BuiltinError('nil value encountered where composite value was expected')
  return path.reduce(child, document)
}

/** Rebuilds the document with the container at the path's last step but one changed. */
function edit(document: Value | undefined, path: Steps, change: (container: Value, step: Value) => Value): Value {
  if (document === undefined) throw new BuiltinError('deleted node encountered')
  const [step, ...rest] = path as readonly [Value, ...Value[]]
  if (rest.length === 0) return change(document, step)
  const below = child(document, step)
  return put(document, step, edit(below, rest, change))
}

/** The container with an existing member replaced. */
function put(container: Value, step: Value, value: Value): Value {
  if (isArray(container)) return container.with(indexOf(step, container.length), value)
  if (isSet(container)) return makeSet([...container.items().filter(item => !equal(item, step)), value])
  const copy = makeObject(objectItems(container as ObjectValue))
  copy.set(step, value)
  return copy
}

function insert(document: Value | undefined, path: Steps, value: Value): Value {
  if (path.length === 0) return value
  return edit(document, path, (container, step) => {
    if (isArray(container)) {
      const index = indexOf(step, container.length)
      if (index < 0 || index > container.length) throw new BuiltinError('index for array insertion out of bounds')
      return container.toSpliced(index, 0, value)
    }
    if (isSet(container)) {
      if (!equal(step, value)) {
        throw new BuiltinError(`set key ${termText(step)} does not equal value to be inserted ${termText(value)}`)
      }
      return makeSet([...container.items(), value])
    }
    if (isObject(container)) return put(container, step, value)
    throw new BuiltinError(`expected composite type, found value: ${termText(container)}`)
  })
}

function remove(document: Value | undefined, path: Steps): Value | undefined {
  if (path.length === 0) {
    if (document === undefined) throw new BuiltinError('deleted node encountered during delete operation')
    return undefined
  }
  return edit(document, path, (container, step) => {
    if (isArray(container)) {
      const index = indexOf(step, container.length)
      if (index < 0 || index >= container.length) throw new BuiltinError('index for array delete out of bounds')
      return container.toSpliced(index, 1)
    }
    if (isSet(container) ? container.has(step) : isObject(container) && objectHas(container, step)) {
      return isSet(container)
        ? makeSet(container.items().filter(item => !equal(item, step)))
        : makeObject(objectItems(container as ObjectValue).filter(([key]) => !equal(key, step)))
    }
    if (isSet(container) || isObject(container)) {
      throw new BuiltinError(`cannot delete child key ${termText(step)} that does not exist`)
    }
    throw new BuiltinError(`expected composite type, found value: ${termText(container)}`)
  })
}

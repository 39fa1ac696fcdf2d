import { ObjectValue, objectGet, objectItems } from '../value/object.ts'
import { makeSet, type SetValue } from '../value/set.ts'
import { isArray, isObject, isSet, type RegoObject, typeName, type Value } from '../value/value.ts'
import { BuiltinError, operandError } from './builtin-error.ts'
import { applyPatch, type Patch } from './json-patch.ts'
import { membersOf } from './operands.ts'
import { defineBuiltin } from './signature.ts'
import { types as t } from './type-spec.ts'

type Steps = readonly Value[]
type Paths = readonly Value[] | SetValue

/** Reads a JSON pointer, or takes an array of steps as it is. */
export function parsePath(path: Value): Steps {
  if (isArray(path)) return path
  if (typeof path !== 'string') {
    throw operandError(
      2,
      `must be one of {set, array} containing string paths or array of path segments but got ${typeName(path)}`,
    )
  }
  if (path === '') return []
  const steps = path.replace(/^\/+/, '').split('/')
  return steps.map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** The paths as a tree: what ends at a node is null. */
function pathTree(paths: Paths): ObjectValue {
  const root = new ObjectValue()
  for (const steps of membersOf(paths).map(parsePath)) {
    const last = steps.at(-1)
    if (last === undefined) continue
    let node: ObjectValue | null = root
    for (const step of steps.slice(0, -1)) {
      const child: Value | undefined = node.get(step)
      if (child === undefined) {
        const next = new ObjectValue()
        node.set(step, next)
        node = next
      } else {
        node = child instanceof ObjectValue ? child : null
        if (node === null) break
      }
    }
    node?.set(last, null)
  }
  return root
}

/** The tree below a member; array indexes are looked up as texts. */
const below = (tree: ObjectValue, key: Value): Value | undefined => tree.get(key)

/** The value without what the tree names; undefined where nothing of it is left. */
function remove(value: Value, tree: Value | undefined): Value | undefined {
  if (tree === null) return undefined
  if (!(tree instanceof ObjectValue)) return value
  if (isArray(value)) {
    return value.flatMap((item, i) => {
      const kept = remove(item, below(tree, String(i)))
      return kept === undefined ? [] : [kept]
    })
  }
  if (isSet(value)) {
    return makeSet(
      value
        .items()
        .map(item => remove(item, below(tree, item)))
        .filter(item => item !== undefined),
    )
  }
  if (!isObject(value)) return value
  const kept = new ObjectValue()
  for (const [key, item] of objectItems(value)) {
    const rest = remove(item, below(tree, key))
    if (rest !== undefined) kept.set(key, rest)
  }
  return kept
}

/** Only what the tree names. */
function filter(value: Value, tree: Value): Value {
  if (!(tree instanceof ObjectValue)) return value
  if (isArray(value)) {
    return value.flatMap((item, i) => {
      const sub = below(tree, String(i))
      return sub === undefined ? [] : [filter(item, sub)]
    })
  }
  if (isSet(value)) {
    const kept = value.items().filter(item => tree.has(item))
    return makeSet(kept.map(item => filter(item, tree.get(item)!)))
  }
  if (!isObject(value)) return value
  const kept = new ObjectValue()
  for (const [key, sub] of tree.items()) {
    const item = objectGet(value, key)
    if (item !== undefined) kept.set(key, filter(item, sub))
  }
  return kept
}

const object = t.object(t.any, t.any)
const path = t.anyOf(t.string, t.array(t.any))
const pathsDeclared = t.anyOf(t.set(path), t.array(path))

export const jsonPaths = [
  defineBuiltin({
    name: 'json.filter',
    args: [object, pathsDeclared],
    result: t.any,
    implementation: ([value, paths]: readonly [RegoObject, Paths]) => filter(value, pathTree(paths)),
  }),
  defineBuiltin({
    name: 'json.remove',
    args: [object, pathsDeclared],
    result: t.any,
    implementation: ([value, paths]: readonly [RegoObject, Paths]) => remove(value, pathTree(paths)),
  }),
  defineBuiltin({
    name: 'json.patch',
    args: [t.any, t.array(t.record({ op: t.string, path: t.any }, { key: t.any, value: t.any }))],
    result: t.any,
    implementation: ([value, patches]: readonly [Value, readonly Value[]], context) => {
      let patched: Value | undefined = value
      for (const patch of patches) {
        context.charge(1)
        patched = applyPatch(patched, readPatch(patch), context)
      }
      return patched
    },
  }),
]

function readPatch(patch: Value): Patch {
  if (!isObject(patch)) {
    throw new BuiltinError('must be an array of JSON-Patch objects, but at least one element is not an object')
  }
  const attribute = (name: string): Value => {
    const value = objectGet(patch, name)
    if (value === undefined) throw new BuiltinError(`missing required attribute '${name}'`)
    return value
  }
  const pathValue = attribute('path')
  const op = attribute('op')
  if (typeof op !== 'string') throw new BuiltinError(`attribute 'op' must be a string but found: ${typeName(op)}`)
  const path = parsePath(pathValue)
  switch (op) {
    case 'remove':
      return { op, path }
    case 'add':
    case 'replace':
    case 'test':
      return { op, path, value: attribute('value') }
    case 'move':
    case 'copy':
      return { op, path, from: parsePath(attribute('from')) }
    default:
      throw new BuiltinError(`unrecognized op: '${op}'`)
  }
}

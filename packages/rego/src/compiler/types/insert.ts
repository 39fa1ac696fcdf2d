import type { Term } from '../../ast.ts'
import { childOf, childrenOf, type Environment, ensureChild, limited, type TypeNode, typeOf } from './environment.ts'
import { type ObjectType, objectType, type Type, union } from './type.ts'

/** Adds what one definition says of a name; objects above it and places below it learn of it too. */
export function insertType(env: Environment, path: readonly Term[], type: Type): void {
  let node = env.tree
  for (const [i, part] of path.entries()) {
    const child = childOf(node, part)
    if (child?.value?.kind === 'object' && i + 1 < path.length) {
      child.value = insertIntoObject(child.value, path.slice(i + 1), type, env)
    }
    node = child ?? ensureChild(node, part)
  }
  node.value = limited(env, mergeTypes(node.value, type))
  if (type.kind !== 'object') return
  for (const leaf of leavesBelow(node)) {
    if (node.value?.kind === 'object') node.value = insertIntoObject(node.value, leaf.path, leaf.type, env)
  }
}

interface Leaf {
  readonly path: readonly Term[]
  readonly type: Type
}

function leavesBelow(node: TypeNode, path: readonly Term[] = []): readonly Leaf[] {
  return [...childrenOf(node)].flatMap((child): readonly Leaf[] => {
    const place = [...path, child.term!]
    return child.value === undefined ? leavesBelow(child, place) : [{ path: place, type: child.value }]
  })
}

function insertIntoObject(object: ObjectType, path: readonly Term[], type: Type, env: Environment): ObjectType {
  const [first, ...further] = path
  if (first === undefined) return object
  const key = typeOf(env, first)
  const value = further.length === 0 ? type : insertIntoObject(objectType([], undefined), further, type, env)
  const { rest } = object
  return objectType(object.properties, {
    key: rest === undefined ? key : union(rest.key, key),
    value: rest === undefined ? value : union(rest.value, value),
  })
}

/** What two definitions of one name say together: sets and objects without constant keys melt into one. */
function mergeTypes(a: Type | undefined, b: Type | undefined): Type | undefined {
  if (a === undefined) return b
  if (b === undefined) return a
  if (a.kind === 'object' && isOpen(a)) {
    if (b.kind === 'object' && isOpen(b)) {
      const key = union(a.rest?.key, b.rest?.key)
      return objectType([], { key, value: mergeTypes(a.rest?.value, b.rest?.value) })
    }
    if (b.kind === 'any') {
      const open = b.of.findIndex(member => member.kind === 'object' && isOpen(member))
      if (open >= 0) return { kind: 'any', of: b.of.with(open, joinRests(b.of[open] as ObjectType, a)) }
    }
  }
  if (a.kind === 'set' && b.kind === 'set') return { kind: 'set', of: union(a.of, b.of) }
  if (a.kind === 'any' && b.kind !== 'any') return mergeTypes(b, a)
  return union(a, b)
}

function isOpen(type: ObjectType): boolean {
  return type.properties.length === 0
}

function joinRests(a: ObjectType, b: ObjectType): ObjectType {
  return objectType([], { key: union(a.rest?.key, b.rest?.key), value: union(a.rest?.value, b.rest?.value) })
}

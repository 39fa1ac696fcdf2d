import {
  type AnyType,
  type ArrayType,
  type FunctionType,
  itemAt,
  type ObjectType,
  type SetType,
  selectProperty,
  type Type,
  valuesOf,
} from './type.ts'

/** Whether a value could be of both types. */
export function unifies(a: Type | undefined, b: Type | undefined): boolean {
  if (a === undefined || b === undefined) return false
  // Each pair of parts is held against each other once: twice at each level would be exponential in the depth.
  if (a.kind === 'any') return someUnifies(a, b) || (b.kind === 'any' && b.of.length === 0)
  if (b.kind === 'any') return someUnifies(b, a)
  if (a.kind !== b.kind) return false
  switch (a.kind) {
    case 'array':
      return arraysUnify(a, b as ArrayType)
    case 'object':
      return objectsUnify(a, b as ObjectType)
    case 'set':
      return unifies(valuesOf(a), valuesOf(b as SetType))
    case 'function': {
      const { args } = b as FunctionType
      return a.args.length === args.length && a.args.every((arg, i) => unifies(arg, args[i]))
    }
    default:
      return true
  }
}

function someUnifies({ of }: AnyType, other: Type): boolean {
  if (other.kind === 'function') return false
  return of.length === 0 || of.some(member => unifies(member, other))
}

function arraysUnify(a: ArrayType, b: ArrayType): boolean {
  if (!a.items.every((item, i) => unifies(item, itemAt(b, i)))) return false
  if (!b.items.slice(a.items.length).every(item => unifies(item, a.rest))) return false
  return a.rest === undefined || b.rest === undefined || unifies(a.rest, b.rest)
}

function objectsUnify(a: ObjectType, b: ObjectType): boolean {
  if (!a.properties.every(({ key, value }) => unifies(value, selectProperty(b, key)))) return false
  const shared = new Set(a.properties.map(({ key }) => key.id))
  if (!b.properties.every(({ key, value }) => shared.has(key.id) || unifies(value, selectProperty(a, key))))
    return false
  const [left, right] = [a.rest?.value, b.rest?.value]
  return left === undefined || right === undefined || unifies(left, right)
}

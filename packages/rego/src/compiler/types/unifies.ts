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
  if (a.kind === 'any' && someUnifies(a, b)) return true
  if (b.kind === 'any' && someUnifies(b, a)) return true
  if (a.kind !== b.kind || a.kind === 'any') return false
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
  if (!b.items.every((item, i) => unifies(item, itemAt(a, i)))) return false
  return a.rest === undefined || b.rest === undefined || unifies(a.rest, b.rest)
}

function objectsUnify(a: ObjectType, b: ObjectType): boolean {
  if (!a.properties.every(({ key, value }) => unifies(value, selectProperty(b, key)))) return false
  if (!b.properties.every(({ key, value }) => unifies(value, selectProperty(a, key)))) return false
  const [left, right] = [a.rest?.value, b.rest?.value]
  return left === undefined || right === undefined || unifies(left, right)
}

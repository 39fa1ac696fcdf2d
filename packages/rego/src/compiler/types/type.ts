import type { Term } from '../../ast.ts'
import { formatTerm } from '../../format.ts'
import { maxTypeAlternatives } from '../../limits.ts'
import { asScalar, keyOfString, scalarKey } from '../rule-tree.ts'

/** What is known of a value before evaluation; undefined stands for what is not known at all. */
export type Type = ScalarType | ArrayType | ObjectType | SetType | AnyType | FunctionType

export interface ScalarType {
  readonly kind: 'null' | 'boolean' | 'number' | 'string'
}

export interface ArrayType {
  readonly kind: 'array'
  readonly items: readonly (Type | undefined)[]
  /** Of further items. */
  readonly rest: Type | undefined
}

/** A constant key of an object, or operand of a ref. */
export interface Key {
  /** The same for equal constants. */
  readonly id: string
  readonly text: string
  readonly type: Type
  /** A place in an array. */
  readonly index: number | undefined
  readonly rank: number
}

export interface Property {
  readonly key: Key
  readonly value: Type | undefined
}

export interface ObjectType {
  readonly kind: 'object'
  /** In the order of their keys. */
  readonly properties: readonly Property[]
  readonly rest: { readonly key: Type | undefined; readonly value: Type | undefined } | undefined
}

export interface SetType {
  readonly kind: 'set'
  readonly of: Type | undefined
}

/** One of these types, in order; any at all when there are none. */
export interface AnyType {
  readonly kind: 'any'
  readonly of: readonly Type[]
}

export interface FunctionType {
  readonly kind: 'function'
  readonly args: readonly (Type | undefined)[]
  readonly result: Type | undefined
  readonly variadic: Type | undefined
}

type Unknown = undefined

export const scalarTypes: { readonly [kind in ScalarType['kind']]: ScalarType } = {
  null: { kind: 'null' },
  boolean: { kind: 'boolean' },
  number: { kind: 'number' },
  string: { kind: 'string' },
}
export const anything: AnyType = { kind: 'any', of: [] }
export const stringType = scalarTypes.string
const numberType = scalarTypes.number

export function isAnything(type: Type | Unknown): boolean {
  return type?.kind === 'any' && type.of.length === 0
}

/** The constant as a key; undefined for a term that is none. */
export function keyOf(term: Term): Key | undefined {
  if (term.kind === 'string') return stringKey(term.value)
  const type = typeOfConstant(term)
  if (type === undefined) return undefined
  const scalar = asScalar(term)
  const text = formatTerm(term)
  const id = scalar === undefined ? `\0c${text}` : scalarKey(scalar)
  const index = term.kind === 'number' && /^\d+$/.test(term.text) ? Number(term.text) : undefined
  return { id, text, type, index, rank: ranks.indexOf(term.kind) }
}

const ranks: readonly string[] = ['null', 'boolean', 'number', 'string', 'array', 'set', 'object']
const numberRank = ranks.indexOf('number')
const stringRank = ranks.indexOf('string')

export function stringKey(value: string): Key {
  return { id: keyOfString(value), text: value, type: stringType, index: undefined, rank: stringRank }
}

function typeOfConstant(term: Term): Type | undefined {
  switch (term.kind) {
    case 'null':
    case 'boolean':
    case 'number':
    case 'string':
      return scalarTypes[term.kind]
    case 'array':
    case 'set': {
      // A set is an array when it is written as JSON, which is what keys are compared by.
      const items = term.items.map(typeOfConstant)
      return items.every(item => item !== undefined) ? { kind: 'array', items, rest: undefined } : undefined
    }
    case 'object': {
      const properties: Property[] = []
      for (const entry of term.entries) {
        const key = keyOf(entry.key)
        const value = typeOfConstant(entry.value)
        if (key === undefined || value === undefined) return undefined
        properties.push({ key, value })
      }
      return objectType(properties, undefined)
    }
    default:
      return undefined
  }
}

export function isConstant(term: Term): boolean {
  return typeOfConstant(term) !== undefined
}

function compareKeys(a: Key, b: Key): number {
  if (a.rank !== b.rank) return a.rank - b.rank
  if (a.id === b.id) return 0
  const numeric = a.rank === numberRank ? Number(a.text) - Number(b.text) : 0
  return numeric || (a.id < b.id ? -1 : 1)
}

export function objectType(properties: readonly Property[], rest: ObjectType['rest']): ObjectType {
  return { kind: 'object', properties: properties.toSorted((a, b) => compareKeys(a.key, b.key)), rest }
}

const order: readonly Type['kind'][] = [
  'null',
  'boolean',
  'number',
  'string',
  'array',
  'object',
  'set',
  'any',
  'function',
]

/** A total order of types; 0 for the same. */
export function compareTypes(a: Type | Unknown, b: Type | Unknown): number {
  if (a === b) return 0
  if (a === undefined || b === undefined) return a === undefined ? -1 : 1
  if (a.kind !== b.kind) return order.indexOf(a.kind) - order.indexOf(b.kind)
  switch (a.kind) {
    case 'array': {
      const other = b as ArrayType
      return compareTypes(a.rest, other.rest) || compareAll(a.items, other.items)
    }
    case 'object':
      return compareObjects(a, b as ObjectType)
    case 'set':
      return compareTypes(a.of, (b as SetType).of)
    case 'any':
      return compareAll(a.of, (b as AnyType).of)
    case 'function': {
      const other = b as FunctionType
      return (
        a.args.length - other.args.length ||
        compareAll(a.args, other.args) ||
        compareTypes(a.result, other.result) ||
        compareTypes(a.variadic, other.variadic)
      )
    }
    default:
      return 0
  }
}

function compareAll(a: readonly (Type | Unknown)[], b: readonly (Type | Unknown)[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = compareTypes(a[i], b[i])
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

function compareObjects(a: ObjectType, b: ObjectType): number {
  if ((a.rest === undefined) !== (b.rest === undefined)) return a.rest === undefined ? -1 : 1
  const rest = compareTypes(a.rest?.key, b.rest?.key) || compareTypes(a.rest?.value, b.rest?.value)
  if (rest !== 0) return rest
  for (let i = 0; i < Math.min(a.properties.length, b.properties.length); i++) {
    const left = a.properties[i]!
    const right = b.properties[i]!
    const difference = compareKeys(left.key, right.key) || compareTypes(left.value, right.value)
    if (difference !== 0) return difference
  }
  return a.properties.length - b.properties.length
}

/** One of both; the same when they are equal, anything when one is that. */
export function union(a: Type | Unknown, b: Type | Unknown): Type | Unknown {
  if (a === undefined) return b
  if (b === undefined) return a
  if (a.kind === 'function' || b.kind === 'function') return unionOfFunctions(a, b)
  if (a.kind === 'any') return mergeInto(a, b)
  if (b.kind === 'any') return mergeInto(b, a)
  if (compareTypes(a, b) === 0) return a
  return { kind: 'any', of: [a, b].toSorted(compareTypes) }
}

function unionOfFunctions(a: Type, b: Type): Type | Unknown {
  if (a.kind !== 'function' || b.kind !== 'function' || a.args.length !== b.args.length) return undefined
  const args = a.args.map((arg, i) => union(arg, b.args[i]))
  return { kind: 'function', args, result: union(a.result, b.result), variadic: union(a.variadic, b.variadic) }
}

function mergeInto(any: AnyType, other: Type): AnyType {
  if (any.of.length === 0) return any
  if (other.kind === 'any' && other.of.length === 0) return other
  const of = [...any.of]
  for (const type of other.kind === 'any' ? other.of : [other]) {
    if (!of.some(member => compareTypes(member, type) === 0)) of.push(type)
  }
  return of.length > maxTypeAlternatives ? anything : { kind: 'any', of: of.toSorted(compareTypes) }
}

/** Whether a value of type `b` is one of type `a`, as far as OPA looks. */
function contains(a: Type | Unknown, b: Type): boolean {
  if (a?.kind !== 'any') return compareTypes(a, b) === 0
  if (b.kind === 'function') return false
  return a.of.length === 0 || a.of.some(member => compareTypes(member, b) === 0)
}

/** The type of `value[key]`; undefined where there can be none. */
export function select(type: Type | Unknown, key: Key): Type | Unknown {
  switch (type?.kind) {
    case 'array':
      return key.index === undefined ? undefined : (type.items[key.index] ?? itemRest(type, key.index))
    case 'object':
      return selectProperty(type, key)
    case 'set':
      if (compareTypes(type.of, key.type) === 0) return type.of
      return type.of?.kind === 'any' && contains(type.of, key.type) ? key.type : undefined
    case 'any': {
      if (type.of.length === 0) return anything
      let found: Type | Unknown
      for (const member of type.of) found = union(select(member, key), found)
      return found
    }
    default:
      return undefined
  }
}

function itemRest({ items, rest }: ArrayType, index: number): Type | Unknown {
  return index < items.length ? undefined : rest
}

export function selectProperty(type: ObjectType, key: Key): Type | Unknown {
  const property = type.properties.find(({ key: { id } }) => id === key.id)
  if (property !== undefined) return property.value
  return type.rest !== undefined && contains(type.rest.key, key.type) ? type.rest.value : undefined
}

/** The item at a place that need not be there. */
export function itemAt({ items, rest }: ArrayType, index: number): Type | Unknown {
  return index < items.length ? items[index] : rest
}

/** What can be put between brackets: numbers, keys, members; undefined for what has none. */
export function keysOf(type: Type | Unknown): Type | Unknown {
  switch (type?.kind) {
    case 'array':
      return numberType
    case 'object': {
      let found: Type | Unknown
      for (const { key } of type.properties) found = union(found, key.type)
      return type.rest === undefined ? found : union(found, type.rest.key)
    }
    case 'set':
      return type.of
    case 'any':
      return ofMembers(type, keysOf)
    default:
      return undefined
  }
}

export function valuesOf(type: Type | Unknown): Type | Unknown {
  switch (type?.kind) {
    case 'array': {
      let found: Type | Unknown
      for (const item of type.items) found = union(found, item)
      return union(found, type.rest)
    }
    case 'object': {
      let found: Type | Unknown
      for (const { value } of type.properties) found = union(found, value)
      return type.rest === undefined ? found : union(found, type.rest.value)
    }
    case 'set':
      return type.of
    case 'any':
      return ofMembers(type, valuesOf)
    default:
      return undefined
  }
}

function ofMembers(type: AnyType, of: (member: Type) => Type | Unknown): Type | Unknown {
  if (type.of.length === 0) return anything
  let found: Type | Unknown
  for (const member of type.of) found = union(of(member), found)
  return found
}

/** Nothing is known of it, or of a part of it. */
export function isUnknown(type: Type | Unknown): boolean {
  switch (type?.kind) {
    case undefined:
      return true
    case 'function':
      return type.args.some(isUnknown) || isUnknown(type.result)
    case 'array':
      return type.items.some(isUnknown) || (type.rest !== undefined && isUnknown(type.rest))
    case 'object':
      if (type.properties.some(({ value }) => isUnknown(value))) return true
      return type.rest !== undefined && (isUnknown(type.rest.key) || isUnknown(type.rest.value))
    case 'set':
      return isUnknown(type.of)
    default:
      return false
  }
}

/** The type as messages show it: `object<a: number>[string: any]`. */
export function formatType(type: Type | Unknown): string {
  if (type === undefined) return '???'
  switch (type.kind) {
    case 'array':
      return `array${angled(type.items.map(formatType))}${type.rest === undefined ? '' : `[${formatType(type.rest)}]`}`
    case 'object': {
      const { rest } = type
      const shown = angled(type.properties.map(({ key, value }) => `${key.text}: ${formatType(value)}`))
      return `object${shown}${rest === undefined ? '' : `[${formatType(rest.key)}: ${formatType(rest.value)}]`}`
    }
    case 'set':
      return `set[${formatType(type.of)}]`
    case 'any':
      return `any${angled(type.of.map(formatType))}`
    case 'function':
      return `${formatArgs(type.args, type.variadic)} => ${formatType(type.result)}`
    default:
      return type.kind
  }
}

function angled(parts: readonly string[]): string {
  return parts.length === 0 ? '' : `<${parts.join(', ')}>`
}

export function formatArgs(args: readonly (Type | Unknown)[], variadic?: Type): string {
  const shown = args.map(formatType)
  if (variadic !== undefined) shown.push(`${formatType(variadic)}...`)
  return `(${shown.join(', ')})`
}

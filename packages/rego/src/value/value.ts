import { RegoError } from '../error.ts'
import { BigNumber } from './number.ts'
import { ObjectValue } from './object.ts'
import { SetValue } from './set.ts'
import { TaggedValue } from './tagged.ts'

/** An object as JSON has it: string keys, read in place. Only own enumerable properties count. */
export interface PlainObject {
  readonly [key: string]: Value
}

export type Scalar = null | boolean | string | number | BigNumber

/**
 * A Rego value. Plain JSON is a value as it stands; sets, objects with keys of any type and numbers that a double's
 * shortest text cannot carry have classes of their own. `undefined` is Rego's undefined and never a value.
 */
export type Value = Scalar | readonly Value[] | PlainObject | ObjectValue | SetValue

export type RegoObject = PlainObject | ObjectValue

export type TypeName = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object' | 'set'

/** The name of a value's type, as `type_name` gives it. */
export function typeName(value: Value): TypeName {
  switch (typeof value) {
    case 'string':
      return 'string'
    case 'number':
      return 'number'
    case 'boolean':
      return 'boolean'
  }
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (!(value instanceof TaggedValue)) return 'object'
  const { tag } = value
  if ((tag as string) === 'hole') throw new RegoError({ code: 'eval_internal_error', message: 'a hole has no type' })
  return tag
}

export const isNumber = (value: Value): value is number | BigNumber =>
  typeof value === 'number' || value instanceof BigNumber

export const isArray = (value: Value): value is readonly Value[] => Array.isArray(value)

export const isSet = (value: Value): value is SetValue => value instanceof SetValue

export const isObject = (value: Value): value is RegoObject =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  (!(value instanceof TaggedValue) || value instanceof ObjectValue)

export const isPlainObject = (value: Value): value is PlainObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof TaggedValue)

/** Whether the value is null, a boolean, a number or a string. */
export const isScalar = (value: Value): value is Scalar =>
  typeof value !== 'object' || value === null || value instanceof BigNumber

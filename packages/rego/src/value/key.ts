import { RegoError } from '../error.ts'
import { BigNumber } from './number.ts'
import { ObjectValue } from './object.ts'
import { SetValue } from './set.ts'
import { TaggedValue } from './tagged.ts'
import type { PlainObject, Value } from './value.ts'

/** A text that two values share exactly when they are equal. Not meant for people. */
export function valueKey(value: Value): string {
  switch (typeof value) {
    case 'string':
      return `"${value.length}:${value}`
    case 'number':
      return `#${value}`
    case 'boolean':
      return value ? 't' : 'f'
  }
  if (value === null) return 'n'
  if (Array.isArray(value)) return `[${value.map(valueKey).join('')}]`
  if (!(value instanceof TaggedValue)) return objectKey(plainEntries(value as PlainObject))
  if (value instanceof BigNumber) return `#${value.key}`
  if (value instanceof SetValue) {
    value.cachedKey ??= `<${value.items().map(valueKey).sort().join('')}>`
    return value.cachedKey
  }
  if (value instanceof ObjectValue) {
    value.cachedKey ??= objectKey(value.items())
    return value.cachedKey
  }
  throw new RegoError({ code: 'eval_internal_error', message: 'a hole has no key' })
}

const plainEntries = (object: PlainObject): (readonly [Value, Value])[] => Object.entries(object)

const objectKey = (entries: readonly (readonly [Value, Value])[]): string =>
  `{${entries
    .map(([key, value]) => valueKey(key) + valueKey(value))
    .sort()
    .join('')}}`

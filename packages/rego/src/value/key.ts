import { RegoError } from '../error.ts'
import { boundText } from './bounds.ts'
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
  if (Array.isArray(value)) return arrayKey(value)
  if (!(value instanceof TaggedValue)) return `{${plainMembers(value as PlainObject)}}`
  if (value instanceof BigNumber) return `#${value.key}`
  if (value instanceof SetValue) {
    value.cachedKey ??= boundText(`<${value.items().map(valueKey).sort().join('')}>`)
    return value.cachedKey
  }
  if (value instanceof ObjectValue) {
    value.cachedKey ??= objectKey(value)
    return value.cachedKey
  }
  throw new RegoError({ code: 'eval_internal_error', message: 'a hole has no key' })
}

function arrayKey(items: readonly Value[]): string {
  let text = '['
  for (let i = 0; i < items.length; i++) text += valueKey(items[i]!)
  return boundText(`${text}]`)
}

function plainMembers(object: PlainObject): string {
  let text = ''
  for (const name of sortNames(Object.keys(object))) text += `"${name.length}:${name}${valueKey(object[name]!)}`
  return boundText(text)
}

/** Names come first in their order, then the other keys by their texts: so an equal plain object has the same key. */
function objectKey(object: ObjectValue): string {
  const names: string[] = []
  const others: string[] = []
  for (const [key, value] of object.items()) {
    if (typeof key === 'string') names.push(key)
    else others.push(valueKey(key) + valueKey(value))
  }
  let text = ''
  for (const name of sortNames(names)) text += `"${name.length}:${name}${valueKey(object.get(name)!)}`
  return boundText(`{${text}${others.sort().join('')}}`)
}

/** Any order will do that is always the same; most objects have their names in it already. */
function sortNames(names: string[]): string[] {
  for (let i = 1; i < names.length; i++) if (names[i - 1]! > names[i]!) return names.sort()
  return names
}

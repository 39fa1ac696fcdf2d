import { shortDouble } from '../format/double.ts'
import { jsonEntries } from '../value/json.ts'
import { BigNumber, numberText } from '../value/number.ts'
import { isArray, isObject, type Value } from '../value/value.ts'

/**
 * What a template works on: data as JSON, whose numbers are texts to Go (`json.Number`), literals of the template
 * (a bigint is an int, a `Double` a float64), and undefined for what is not there.
 */
export type Item = Value | bigint | Double | undefined

export class Double {
  readonly value: number
  constructor(value: number) {
    this.value = value
  }
}

export const isTrue = (item: Item): boolean => {
  if (item === undefined || item === null || item === false || item === '') return false
  if (typeof item === 'bigint') return item !== 0n
  if (item instanceof Double) return item.value !== 0
  // a number of the data is a text, and so is 0
  if (typeof item !== 'object' || item instanceof BigNumber) return true
  const value = item as Value
  return isArray(value) ? value.length > 0 : !isObject(value) || jsonEntries(value).length > 0
}

/** The item as Go's `fmt.Print` writes it. */
export function printItem(item: Item): string {
  return item === undefined || item === null ? '<no value>' : printInner(item)
}

function printInner(item: Item): string {
  if (item === undefined || item === null) return '<nil>'
  if (item instanceof Double) return shortDouble(item.value)
  if (typeof item === 'string' || typeof item === 'bigint' || typeof item === 'boolean') return String(item)
  if (typeof item === 'number' || item instanceof BigNumber) return numberText(item)
  const value = item as Value
  if (isArray(value)) return `[${value.map(printInner).join(' ')}]`
  return isObject(value)
    ? `map[${jsonEntries(value)
        .map(([key, one]) => `${key}:${printInner(one)}`)
        .join(' ')}]`
    : ''
}

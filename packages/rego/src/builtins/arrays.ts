import type { NumberValue } from '../value/number.ts'
import { isArray, type Value } from '../value/value.ts'
import { boundItems, intOperand } from './operands.ts'
import { defineBuiltin } from './signature.ts'
import { types as t } from './type-spec.ts'

const array = t.array(t.any)
type List = readonly Value[]

const clamp = (index: number, max: number): number => Math.min(Math.max(index, 0), max)

function slice(list: List, start: number, stop: number): List {
  const end = clamp(stop, list.length)
  return list.slice(clamp(start, end), end)
}

export const arrays = [
  defineBuiltin({
    name: 'array.concat',
    args: [array, array],
    result: array,
    implementation([a, b]: readonly [List, List], context) {
      boundItems(a.length + b.length, 'array.concat', context)
      return a.concat(b)
    },
  }),
  defineBuiltin({
    name: 'array.flatten',
    args: [array],
    result: array,
    implementation([list]: readonly [List], context) {
      boundItems(
        list.reduce<number>((count, item) => count + (isArray(item) ? item.length : 1), 0),
        'array.flatten',
        context,
      )
      return list.flatMap(item => (isArray(item) ? item : [item]))
    },
  }),
  defineBuiltin({
    name: 'array.slice',
    args: [array, t.number, t.number],
    result: array,
    implementation: ([list, start, stop]: readonly [List, NumberValue, NumberValue]) =>
      slice(list, intOperand(start, 2), intOperand(stop, 3)),
  }),
  defineBuiltin({
    name: 'array.reverse',
    args: [array],
    result: array,
    implementation: ([list]: readonly [List]) => list.toReversed(),
  }),
]

import { fromBigInt, type NumberValue } from '../value/number.ts'
import type { Value } from '../value/value.ts'
import { BuiltinError } from './builtin-error.ts'
import { bigIntOperand, boundItems, intOperand } from './operands.ts'
import { randomInteger } from './random.ts'
import { type BuiltinContext, defineBuiltin } from './signature.ts'
import { types as t } from './type-spec.ts'

/** The integers from the first to the last, both included, up or down. */
function range(
  first: NumberValue,
  last: NumberValue,
  step: NumberValue,
  name: string,
  context: BuiltinContext,
): readonly Value[] {
  const from = bigIntOperand(first, 1)
  const to = bigIntOperand(last, 2)
  const size = bigIntOperand(step, 3)
  if (size <= 0n) throw new BuiltinError('numbers.range_step: step must be a positive integer')
  const distance = to > from ? to - from : from - to
  const count = distance / size + 1n
  boundItems(Number(count), name, context)
  const signed = to >= from ? size : -size
  const end = from + signed * (count - 1n)
  if (Number.isSafeInteger(Number(from)) && Number.isSafeInteger(Number(end))) {
    const start = Number(from)
    const by = Number(signed)
    // a step beyond all doubles is never taken
    return Array.from({ length: Number(count) }, (_, i) => (i === 0 ? start : start + i * by))
  }
  return Array.from({ length: Number(count) }, (_, i) => fromBigInt(from + signed * BigInt(i)))
}

export const numbers = [
  defineBuiltin({
    name: 'numbers.range',
    args: [t.integer, t.integer],
    result: t.array(t.number),
    implementation: ([first, last]: readonly [NumberValue, NumberValue], context) =>
      range(first, last, 1, 'numbers.range', context),
  }),
  defineBuiltin({
    name: 'numbers.range_step',
    args: [t.integer, t.integer, t.integer],
    result: t.array(t.number),
    implementation: ([first, last, step]: readonly [NumberValue, NumberValue, NumberValue], context) =>
      range(first, last, step, 'numbers.range_step', context),
  }),
  defineBuiltin({
    name: 'rand.intn',
    args: [t.string, t.number],
    result: t.number,
    nondeterministic: true,
    implementation: ([name, bound]: readonly [string, NumberValue], context) =>
      randomInteger(`rand.intn ${name}`, Math.abs(intOperand(bound, 2)), context),
  }),
]

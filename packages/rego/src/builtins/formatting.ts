import { RegoError } from '../error.ts'
import { type Operand, sprintf } from '../format/printf.ts'
import { doubleOf, int64Of, numberText } from '../value/number.ts'
import { termText } from '../value/text.ts'
import { isNumber, isSet, type Value } from '../value/value.ts'
import { boundLength } from './operands.ts'
import { defineBuiltin } from './signature.ts'
import { types as t } from './type-spec.ts'

const INTEGER = /^[+-]?\d+$/

/** What OPA hands to Go's Sprintf: ints, big ints, doubles and strings; every other value as its Rego text. */
function operandOf(value: Value): Operand {
  if (typeof value === 'string') return value
  if (!isNumber(value)) return termText(value)
  const integer = int64Of(value)
  if (integer !== undefined) return BigInt(integer)
  const text = numberText(value)
  if (INTEGER.test(text)) return { big: BigInt(text) }
  const double = doubleOf(value)
  return Number.isFinite(double) ? double : text
}

/** The text of a part of a template string: an expression comes as the set of its results. */
function partText(part: Value): string {
  if (!isSet(part)) return typeof part === 'string' ? part : termText(part)
  const [value, another] = part.values()
  if (value === undefined) return '<undefined>'
  if (another !== undefined) {
    throw new RegoError({ code: 'eval_conflict_error', message: 'template-strings must not produce multiple outputs' })
  }
  return typeof value === 'string' ? value : termText(value)
}

export const formatting = [
  defineBuiltin({
    name: 'sprintf',
    args: [t.string, t.array(t.any)],
    result: t.string,
    implementation: ([format, operands]: readonly [string, readonly Value[]], context) =>
      sprintf(format, operands.map(operandOf), length => boundLength(length, 'sprintf', context)),
  }),
  defineBuiltin({
    name: 'internal.template_string',
    args: [t.array(t.any)],
    result: t.string,
    implementation: ([parts]: readonly [readonly Value[]]) => parts.map(partText).join(''),
  }),
]

import { RegoError } from '../error.ts'
import { type Operand, sprintf } from '../format/printf.ts'
import { parseTemplate } from '../template/parse.ts'
import { renderTemplate } from '../template/render.ts'
import { type ComparisonBudget, comparisonBudget, spend } from '../value/bounds.ts'
import { jsonForm } from '../value/json.ts'
import { doubleOf, int64Of, numberText } from '../value/number.ts'
import { objectItems } from '../value/object.ts'
import { termText } from '../value/text.ts'
import { isArray, isNumber, isObject, isSet, type RegoObject, type Value } from '../value/value.ts'
import { BuiltinError } from './builtin-error.ts'
import { cached } from './cached.ts'
import { boundLength } from './operands.ts'
import { type BuiltinContext, defineBuiltin } from './signature.ts'
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

/** Values share parts, so that the texts of a few small operands can fill the memory. */
function operandsOf(values: readonly Value[], context: BuiltinContext): readonly Operand[] {
  let length = 0
  return values.map(value => {
    const operand = operandOf(value)
    if (typeof operand === 'string' && operand !== value) length += operand.length
    boundLength(length, 'sprintf', context)
    return operand
  })
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

/** The object as Go's decoder reads its Rego text: a set in it is none of JSON's. */
function templateData(value: Value): Value {
  if (containsSet(value, comparisonBudget())) throw new BuiltinError('invalid character in the variables of a template')
  return jsonForm(value)
}

function containsSet(value: Value, budget: ComparisonBudget): boolean {
  spend(budget)
  if (isSet(value)) return true
  if (isArray(value)) return value.some(item => containsSet(item, budget))
  return (
    isObject(value) && objectItems(value).some(([key, item]) => typeof key !== 'string' || containsSet(item, budget))
  )
}

function render(text: string, variables: RegoObject, context: BuiltinContext): string {
  const template = cached(context, 'template text', text, parseTemplate)
  return renderTemplate(template, templateData(variables), context).replaceAll('<no value>', '<undefined>')
}

export const formatting = [
  defineBuiltin({
    name: 'strings.render_template',
    args: [t.string, t.object(t.string, t.any)],
    result: t.string,
    implementation: ([text, variables]: readonly [string, RegoObject], context) => render(text, variables, context),
  }),
  defineBuiltin({
    name: 'sprintf',
    args: [t.string, t.array(t.any)],
    result: t.string,
    implementation: ([format, operands]: readonly [string, readonly Value[]], context) =>
      sprintf(format, operandsOf(operands, context), length => boundLength(length, 'sprintf', context)),
  }),
  defineBuiltin({
    name: 'internal.template_string',
    args: [t.array(t.any)],
    result: t.string,
    implementation: ([parts]: readonly [readonly Value[]]) => parts.map(partText).join(''),
  }),
]

import { jsonForm } from '../value/json.ts'
import type { Value } from '../value/value.ts'
import { parseYAML } from '../yaml/parse.ts'
import { writeYAML } from '../yaml/write.ts'
import { BuiltinError } from './builtin-error.ts'
import { boundLength } from './operands.ts'
import { type BuiltinContext, defineBuiltin } from './signature.ts'
import { types as t } from './type-spec.ts'

/** Bytes of nodes and tokens that the parser makes of a character. */
const bytesPerCharacter = 64

function chargeYAML({ length }: string, { charge, spend }: BuiltinContext): void {
  charge(length)
  spend(length * bytesPerCharacter)
}

function isValid(text: string): boolean {
  try {
    parseYAML(text)
    return true
  } catch (error) {
    if (error instanceof BuiltinError) return false
    throw error
  }
}

export const yaml = [
  defineBuiltin({
    name: 'yaml.marshal',
    args: [t.any],
    result: t.string,
    implementation([value]: readonly [Value], context) {
      const text = writeYAML(jsonForm(value))
      boundLength(text.length, 'yaml.marshal', context)
      return text
    },
  }),
  defineBuiltin({
    name: 'yaml.unmarshal',
    args: [t.string],
    result: t.any,
    implementation([text]: readonly [string], context) {
      chargeYAML(text, context)
      return parseYAML(text)
    },
  }),
  defineBuiltin({
    name: 'yaml.is_valid',
    args: [t.string],
    result: t.boolean,
    unchecked: true,
    implementation([text]: readonly [Value], context) {
      if (typeof text !== 'string') return false
      chargeYAML(text, context)
      return isValid(text)
    },
  }),
]

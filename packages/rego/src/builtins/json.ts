import { RegoError } from '../error.ts'
import { goQuoteJSON, jsonEntries, parseJSON, writeJSON } from '../value/json.ts'
import { BigNumber } from '../value/number.ts'
import { objectEntries } from '../value/object.ts'
import { SetValue } from '../value/set.ts'
import { termText } from '../value/text.ts'
import { isArray, type RegoObject, typeName, type Value } from '../value/value.ts'
import { BuiltinError, limitExceeded, operandError } from './builtin-error.ts'
import { boundLength } from './operands.ts'
import { type BuiltinContext, defineBuiltin } from './signature.ts'
import { types as t } from './type-spec.ts'

/** JSON as Go's `json.Marshal` writes it. */
function marshal(value: Value, name: string, context: BuiltinContext): string {
  const text = writeJSON(value, goQuoteJSON)
  boundLength(text.length, name, context)
  return text
}

interface Layout {
  readonly prefix: string
  readonly indent: string
  readonly pretty: boolean
}

function layoutOf(options: RegoObject): Layout {
  let prefix = ''
  let indent = '\t'
  let pretty: boolean | undefined
  let implied = false
  for (const [index, [key, value]] of objectEntries(options).entries()) {
    if (typeof key !== 'string') {
      throw operandError(2, `failed to stringify key ${termText(key)} at index ${index}: ${wrongOption(index, key)}`)
    }
    if (key === 'pretty') {
      if (typeof value !== 'boolean') throw operandError(2, 'key "pretty" failed cast to bool')
      pretty = value
    } else if (key === 'prefix' || key === 'indent') {
      if (typeof value !== 'string')
        throw operandError(2, `key "${key}" failed cast to string: ${wrongOption(index, value)}`)
      if (key === 'prefix') prefix = value
      else indent = value
      implied = true
    } else {
      throw operandError(2, `object contained unknown key ${termText(key)}`)
    }
  }
  return { prefix, indent, pretty: pretty ?? implied }
}

const wrongOption = (index: number, value: Value): string =>
  `operand ${index} must be string but got ${typeName(value)}`

/** JSON over many lines, as Go's `json.MarshalIndent`. */
function indented(value: Value, { prefix, indent }: Layout, onLength: (length: number) => void, depth = 0): string {
  const line = `\n${prefix}${indent.repeat(depth + 1)}`
  const last = `\n${prefix}${indent.repeat(depth)}`
  const inner = (item: Value) => indented(item, { prefix, indent, pretty: true }, onLength, depth + 1)
  if (isArray(value) || value instanceof SetValue) {
    const items = isArray(value) ? value : value.values()
    return enclose('[', items.map(inner), ']', line, last, onLength)
  }
  if (typeof value !== 'object' || value === null || value instanceof BigNumber) return writeJSON(value, goQuoteJSON)
  const members = jsonEntries(value as RegoObject).map(([key, item]) => `${goQuoteJSON(key)}: ${inner(item)}`)
  return enclose('{', members, '}', line, last, onLength)
}

function enclose(
  open: string,
  items: readonly string[],
  close: string,
  line: string,
  last: string,
  onLength: (length: number) => void,
): string {
  if (items.length === 0) return open + close
  onLength(items.reduce((length, item) => length + item.length + line.length, 0))
  return `${open}${line}${items.join(`,${line}`)}${last}${close}`
}

function marshalWithOptions(value: Value, options: RegoObject, context: BuiltinContext): string {
  const name = 'json.marshal_with_options'
  const layout = layoutOf(options)
  if (!layout.pretty) return marshal(value, name, context)
  return layout.prefix + indented(value, layout, length => boundLength(length, name, context))
}

/** Bytes of values that a character of JSON can stand for: a few characters make an object. */
const bytesPerCharacter = 16

function chargeJSON({ length }: string, { charge, spend, limits }: BuiltinContext): void {
  if (length > limits.maxStringLength) throw limitExceeded('the length of a JSON text', limits.maxStringLength)
  charge(length >> 4)
  spend(length * bytesPerCharacter)
}

function unmarshal(text: string): Value {
  try {
    return parseJSON(text)
  } catch (error) {
    if (!(error instanceof RegoError) || error.code !== 'json_parse_error') throw error
    throw new BuiltinError(error.reason)
  }
}

function isValid(text: string): boolean {
  try {
    parseJSON(text)
    return true
  } catch (error) {
    if (error instanceof RegoError && error.code === 'json_parse_error') return false
    throw error
  }
}

export const json = [
  defineBuiltin({
    name: 'json.marshal',
    args: [t.any],
    result: t.string,
    implementation: ([value]: readonly [Value], context) => marshal(value, 'json.marshal', context),
  }),
  defineBuiltin({
    name: 'json.marshal_with_options',
    args: [t.any, t.record({ indent: t.string, prefix: t.string, pretty: t.boolean }, { key: t.string, value: t.any })],
    result: t.string,
    implementation: ([value, options]: readonly [Value, RegoObject], context) =>
      marshalWithOptions(value, options, context),
  }),
  defineBuiltin({
    name: 'json.unmarshal',
    args: [t.string],
    result: t.any,
    implementation([text]: readonly [string], context) {
      chargeJSON(text, context)
      return unmarshal(text)
    },
  }),
  defineBuiltin({
    name: 'json.is_valid',
    args: [t.string],
    result: t.boolean,
    unchecked: true,
    implementation([text]: readonly [Value], context) {
      if (typeof text !== 'string') return false
      chargeJSON(text, context)
      return isValid(text)
    },
  }),
]

import { makeNumber, type NumberValue } from '../value/number.ts'
import { makeSet, type SetValue } from '../value/set.ts'
import { isNumber, isSet, type TypeName, typeName, type Value } from '../value/value.ts'
import { BuiltinError } from './builtin-error.ts'
import { membersOf, wrongType } from './operands.ts'
import { defineBuiltin } from './signature.ts'
import { type TypeSpec, types as t } from './type-spec.ts'

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?((?:[eE][+-]?\d+)?)$/
const SPECIAL = /^[+-]*(?:inf|infinity|nan)$/i

/** Reads a number as Go's `strconv.ParseFloat` does, but keeps its digits. Hexadecimal floats are refused. */
function parseNumber(text: string): NumberValue {
  if (SPECIAL.test(text)) throw wrongType(1, text, 'valid number string')
  const invalid = `strconv.ParseFloat: parsing ${JSON.stringify(text)}`
  const plain = text.replaceAll(/(?<=\d)_(?=\d)/g, '')
  const [, sign, whole = '', fraction = '', exponent] = DECIMAL.exec(plain) ?? []
  if (whole === '' && fraction === '') throw new BuiltinError(`${invalid}: invalid syntax`)
  if (!Number.isFinite(Number(plain))) throw new BuiltinError(`${invalid}: value out of range`)
  const digits = whole.replace(/^0+(?=\d)/, '') || '0'
  return makeNumber(`${sign === '-' ? '-' : ''}${digits}${fraction === '' ? '' : `.${fraction}`}${exponent ?? ''}`)
}

function toNumber(value: null | boolean | string | NumberValue): NumberValue {
  if (isNumber(value)) return value
  return typeof value === 'string' ? parseNumber(value) : Number(value)
}

/** A deprecated cast that takes values of its own type only. */
const identity = (type: TypeName, result: TypeSpec) =>
  defineBuiltin({
    name: `cast_${type}`,
    args: [t.any],
    result,
    deprecated: true,
    implementation([value]: readonly [Value]) {
      if (typeName(value) !== type) throw wrongType(1, value, type)
      return value
    },
  })

/** A deprecated cast between arrays and sets. */
const between = (type: 'array' | 'set', result: TypeSpec, make: (value: readonly Value[] | SetValue) => Value) =>
  defineBuiltin({
    name: `cast_${type}`,
    args: [t.any],
    result,
    deprecated: true,
    implementation([value]: readonly [Value]) {
      const from = typeName(value)
      if (from !== 'array' && from !== 'set') throw wrongType(1, value, 'array', 'set')
      return make(value as readonly Value[] | SetValue)
    },
  })

const isType = (type: TypeName) =>
  defineBuiltin({
    name: `is_${type}`,
    args: [t.any],
    result: t.boolean,
    implementation: ([value]: readonly [Value]) => typeName(value) === type,
  })

export const casts = [
  defineBuiltin({
    name: 'to_number',
    args: [t.anyOf(t.null, t.boolean, t.number, t.string)],
    result: t.number,
    implementation: ([value]: readonly [null | boolean | string | NumberValue]) => toNumber(value),
  }),
  between('array', t.array(t.any), membersOf),
  between('set', t.set(t.any), value => (isSet(value as Value) ? (value as SetValue) : makeSet(value))),
  identity('string', t.string),
  identity('boolean', t.boolean),
  identity('null', t.null),
  identity('object', t.object(t.any, t.any)),
]

export const typeNames = [
  ...(['number', 'string', 'boolean', 'array', 'set', 'object', 'null'] as const).map(isType),
  defineBuiltin({
    name: 'type_name',
    args: [t.any],
    result: t.string,
    implementation: ([value]: readonly [Value]) => typeName(value),
  }),
]

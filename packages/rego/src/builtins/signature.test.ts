import { describe, expect, test } from 'vitest'
import { makeSet } from '../value/set.ts'
import type { TypeName, Value } from '../value/value.ts'
import { builtins } from './index.ts'
import type { Builtin } from './signature.ts'
import { testContext } from './test-context.ts'
import type { TypeSpec } from './type-spec.ts'

const samples: Readonly<Record<TypeName, Value>> = {
  null: null,
  boolean: true,
  number: 1,
  string: 'text',
  array: [],
  object: {},
  set: makeSet([]),
}

const kindsOf = (spec: TypeSpec): readonly string[] =>
  spec.kind === 'any' ? spec.of.map(({ kind }) => kind) : [spec.kind]

/** A value of the type. */
function sample(spec: TypeSpec): Value {
  const [kind = 'string'] = kindsOf(spec)
  if (spec.kind === 'array' && spec.items.length > 0) return spec.items.map(sample)
  return samples[kind as TypeName]
}

const checked = [...builtins.values()].filter(one => !one.unchecked && one.implementation !== undefined)

function wrongTypes(builtin: Builtin): readonly (readonly [string, readonly Value[]])[] {
  return builtin.args.flatMap((spec, i) => {
    const kinds = kindsOf(spec)
    if (kinds.length === 0) return []
    return Object.entries(samples)
      .filter(([kind]) => !kinds.includes(kind))
      .map(([kind, value]) => {
        const args = builtin.args.map((other, j) => (i === j ? value : sample(other)))
        return [`operand ${i + 1} is of type ${kind}`, args] as const
      })
  })
}

describe('every builtin refuses operands of another type, by its row alone', () => {
  test.each(checked.map(builtin => [builtin.name, builtin] as const))('%s', (name, builtin) => {
    for (const [what, args] of wrongTypes(builtin)) {
      const position = Number(/\d+/.exec(what)![0])
      expect(() => builtin.call(args, testContext()), what).toThrow(
        expect.objectContaining({
          code: 'eval_type_error',
          message: expect.stringContaining(`${name}: operand ${position} must be`),
        }),
      )
    }
  })
})

describe('every builtin refuses too few and too many operands', () => {
  test.each(checked.map(builtin => [builtin.name, builtin] as const))('%s', (_name, builtin) => {
    const args = builtin.args.map(sample)
    if (builtin.variadic === undefined) {
      expect(() => builtin.call([...args, 1], testContext())).toThrow(
        expect.objectContaining({ code: 'eval_type_error' }),
      )
    }
    if (args.length > 0) {
      expect(() => builtin.call(args.slice(1), testContext())).toThrow(
        expect.objectContaining({ code: 'eval_type_error' }),
      )
    }
  })
})

test('a builtin without an implementation is an error, not undefined', () => {
  const missing = builtins.get('http.send')!
  expect(() => missing.call([{}], testContext())).toThrow(expect.objectContaining({ code: 'eval_builtin_error' }))
})

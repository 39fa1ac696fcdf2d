import { expect, test } from 'vitest'
import { prepare } from '../index.ts'
import type { Value } from '../value/value.ts'

const rows: readonly (readonly [modifiers: string, data: Value, gives: Value])[] = [
  ['with data.z.b as 1', { z: { a: 1, b: { c: 2 } } }, { a: 1, b: 1 }],
  ['with data.z.b.d as 1', { z: { a: 1, b: { c: 2 } } }, { a: 1, b: { c: 2, d: 1 } }],
  ['with data.z.a.b as 2', { z: { a: [1] } }, { a: { b: 2 } }],
  ['with data.z.a.b as 2', { z: 7 }, { a: { b: 2 } }],
  ['with data.z.b as 1', { z: 's' }, { b: 1 }],
  ['with data.z as 1 with data.z.b as 2', { z: {} }, { b: 2 }],
  ['with data.z.a as 1 with data.z.a.b as 2', {}, { a: { b: 2 } }],
  ['with data.z.a.b as 2 with data.z.a as 1', {}, { a: 1 }],
  ['with data.z as {"a": {"k": 1}} with data.z.a.b as 2', { z: { a: { l: 3 } } }, { a: { b: 2, k: 1 } }],
]

test.each(rows)(
  'what is no object gives way, later modifiers add to earlier ones: %s over %j',
  (modifiers, z, gives) => {
    const ofData = {
      modules: { 'p.rego': `package p\n\nr := x if x := data.z ${modifiers}` },
      query: 'data.p.r = x',
      data: z,
    }
    const ofInput = {
      modules: { 'p.rego': `package p\n\nr := x if x := input.z ${modifiers.replaceAll('data.z', 'input.z')}` },
      query: 'data.p.r = x',
    }
    const fromData = prepare(ofData).evaluate({})
    const fromInput = prepare(ofInput).evaluate({ input: z })
    expect([fromData, fromInput].map(({ results }) => results[0]?.bindings.x)).toEqual([gives, gives])
  },
)

test.each([
  ['input.name == "x" with input as {"name": name}'],
  ['input.name[0] == "x" with input as {"name": [name]}'],
  ['data.z.name == "x" with data.z as {"name": name}'],
  ['input.name == "x" with input as {"name": lower(name)}'],
])('what is not known stays so inside a literal that replaces a document: %s', expression => {
  const module = `package p\n\nok if {\n\tname := input.a\n\t${expression}\n}`
  const query = prepare({ modules: { 'p.rego': module }, query: 'data.p.ok = x' })
  expect(query.evaluate({ input: {}, unknown: [['a']] })).toMatchObject({ kind: 'blocked', paths: [['a']] })
  expect(query.evaluate({ input: { a: 'x' } }).results).toHaveLength(1)
})

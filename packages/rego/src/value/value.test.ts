import { describe, expect, test } from 'vitest'
import { compare, equal, sortValues } from './compare.ts'
import { Hole } from './hole.ts'
import { jsonForm, parseJSON, toJSON } from './json.ts'
import { makeNumber } from './number.ts'
import { makeObject, objectEntries, objectGet } from './object.ts'
import { makeSet } from './set.ts'
import { termText } from './text.ts'
import { typeName, type Value } from './value.ts'

const ascending: readonly Value[] = [
  null,
  false,
  true,
  -1,
  makeNumber('0.5'),
  1,
  makeNumber('9007199254740993'),
  '',
  'a',
  '\uffff',
  '\u{10000}',
  [],
  [1],
  [1, 2],
  [2],
  {},
  { a: 1 },
  { a: 1, b: 0 },
  makeObject([
    ['a', 1],
    [[1], 0],
  ]),
  { a: 2 },
  makeSet([]),
  makeSet([1]),
  makeSet([2, 1]),
]

describe('the total order', () => {
  test('is that of types, then of values', () => {
    for (const [i, a] of ascending.entries()) {
      for (const [j, b] of ascending.entries()) {
        expect([i, j, Math.sign(compare(a, b))]).toEqual([i, j, Math.sign(i - j)])
        expect(equal(a, b)).toBe(i === j)
      }
    }
  })

  test('sorts strings by code point', () => {
    expect(sortValues(['\u{10000}', '\uffff', 'b', 'a'])).toEqual(['a', 'b', '\uffff', '\u{10000}'])
  })
})

describe('sets', () => {
  test('hold equal values once, whatever they are made of', () => {
    const set = makeSet([1, makeNumber('1.0'), '1', [1], [makeNumber('1.0')], { a: makeSet([1]) }])
    expect(set.size).toBe(4)
    expect(set.has(makeNumber('1.00'))).toBe(true)
    expect(set.has(makeObject([['a', makeSet([makeNumber('1.0')])]]))).toBe(true)
    expect(set.has('2')).toBe(false)
  })

  test('keep the spelling of a number and iterate in order', () => {
    expect(termText(makeSet([3, makeNumber('2.0'), 'x', 1]))).toBe('{1, 2.0, 3, "x"}')
  })

  test('a string that looks like the key of another value is not that value', () => {
    expect(makeSet([[1]]).has('[#1]')).toBe(false)
    expect(equal(makeSet([['a', 'b']]), makeSet([['a"1:b']]))).toBe(false)
  })
})

describe('objects', () => {
  test('find keys by value and keep the first spelling', () => {
    const object = makeObject([
      [makeNumber('1.0'), 'a'],
      [1, 'b'],
      [[1], 'c'],
    ])
    expect(object.get(1)).toBe('b')
    expect(objectGet(object, [makeNumber('1.0')])).toBe('c')
    expect(termText(object)).toBe('{1.0: "b", [1]: "c"}')
  })

  test('a plain object has only its own keys', () => {
    const object = parseJSON('{"__proto__": 1, "b": 2}')
    expect(objectGet(object as never, '__proto__')).toBe(1)
    expect(objectGet({}, 'constructor')).toBeUndefined()
    expect(objectEntries(object as never)).toEqual([
      ['__proto__', 1],
      ['b', 2],
    ])
    expect(toJSON(object)).toBe('{"__proto__":1,"b":2}')
  })

  test('a plain object equals the same object with a map', () => {
    expect(equal({ a: 1, b: [2] }, makeObject(Object.entries({ b: [2], a: 1 })))).toBe(true)
  })
})

describe('JSON', () => {
  test.each(['{"a":[1,2.50,1e400,"x\\u0000",null,true,false,{}],"b":[]}', '12345678901234567890', '"\\ud83d\\ude00"'])(
    '%s comes back as it was',
    text => {
      expect(toJSON(parseJSON(text))).toBe(
        JSON.stringify(JSON.parse(text)).length === 0 ? '' : text.replace('\\ud83d\\ude00', '😀'),
      )
    },
  )

  test.each(['', '{', '[1,]', '01', '1 2', '"\n"', '{"a":1,}', "'a'", '[1', '-', '1.', 'nul', '"\\x"', '{a:1}'])(
    '%j is refused',
    text => {
      expect(() => parseJSON(text)).toThrow(expect.objectContaining({ code: 'json_parse_error' }))
    },
  )

  test('deep nesting is refused', () => {
    expect(() => parseJSON('['.repeat(100_000))).toThrow(expect.objectContaining({ code: 'json_parse_error' }))
  })

  test('sets become sorted arrays and other keys their JSON', () => {
    const value = makeObject([
      [makeSet([2, 1]), makeSet(['b', 'a'])],
      [1, '<'],
      [['<'], 1],
    ])
    expect(toJSON(value)).toBe('{"1":"<","[\\"\\\\u003c\\"]":1,"[1,2]":["a","b"]}')
    expect(jsonForm(value)).toEqual({ '1': '<', '["\\u003c"]': 1, '[1,2]': ['a', 'b'] })
  })
})

test('a hole is never looked at', () => {
  const hole = new Hole(['a']) as unknown as Value
  for (const look of [
    () => typeName(hole),
    () => compare(hole, 1),
    () => equal(hole, 1),
    () => equal({ a: hole }, { a: 1 }),
    () => equal(hole, hole),
    () => makeSet([hole]),
    () => termText(hole),
    () => toJSON([hole]),
  ]) {
    expect(look).toThrow(expect.objectContaining({ code: 'eval_internal_error' }))
  }
})

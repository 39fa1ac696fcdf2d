import { describe, expect, test } from 'vitest'
import { absolute, add, ceiling, divide, floor, multiply, roundNumber, subtract } from './arithmetic.ts'
import { compare, equal } from './compare.ts'
import { int64Of, makeNumber, numberText } from './number.ts'

describe('computed numbers have the text that a 64-bit mantissa gives', () => {
  test.each([
    ['add', add, '0.1', '0.2', '0.3'],
    ['add', add, '9223372036854775807', '1', '9223372036854775808'],
    ['add', add, '36893488147419103232', '1', '36893488147419103230'],
    ['add', add, '1e3', '1', '1001'],
    ['subtract', subtract, '9007199254740993', '2', '9007199254740991'],
    ['multiply', multiply, '1.5', '823045', '1.2345675e+06'],
    ['multiply', multiply, '-3', '0', '0'],
    ['divide', divide, '1', '3', '0.33333333333333333334'],
    ['divide', divide, '7', '2', '3.5'],
    ['divide', divide, '6', '-3', '-2'],
    ['divide', divide, '1', '1000000', '1e-06'],
  ] as const)('%s %#', (_name, operation, a, b, expected) => {
    const result = operation(makeNumber(a), makeNumber(b))
    expect(result === undefined ? undefined : numberText(result)).toBe(expected)
  })

  test('a divisor of zero has no quotient', () => {
    expect(divide(1, 0)).toBeUndefined()
    expect(divide(1, makeNumber('0.0'))).toBeUndefined()
  })

  test.each([
    ['round', roundNumber, '2.5', '3'],
    ['round', roundNumber, '-2.5', '-3'],
    ['ceiling', ceiling, '2.1', '3'],
    ['ceiling', ceiling, '-2.1', '-2'],
    ['floor', floor, '-2.1', '-3'],
    ['floor', floor, '2.0', '2'],
    ['absolute', absolute, '-1.50', '1.5'],
  ] as const)('%s %#', (_name, operation, a, expected) => {
    expect(numberText(operation(makeNumber(a)))).toBe(expected)
  })
})

describe('numbers', () => {
  test('that are computed spell an integer of 64 bits where their text does', () => {
    const parts = [
      '1',
      '-3',
      '0.5',
      '0.1',
      '4294967296',
      '9007199254740993',
      '9223372036854775807',
      '1.5',
      '1e19',
      '7e-3',
    ]
    for (const a of parts.map(makeNumber)) {
      for (const b of parts.map(makeNumber)) {
        for (const computed of [add(a, b), subtract(a, b), multiply(a, b), divide(a, b)!]) {
          const written = makeNumber(numberText(computed))
          expect(int64Of(computed), numberText(computed)).toBe(int64Of(written))
        }
      }
    }
  })

  test.each([
    ['1', '1.0', 0],
    ['1', '1e0', 0],
    ['9007199254740993', '9007199254740992', 1],
    ['0.1', '0.10000000000000000001', -1],
    ['-1e400', '-1e399', -1],
    ['1e400', '2', 1],
    ['-0', '0', 0],
    ['1e-400', '0', 1],
  ])('%s and %s are ordered by value', (a, b, order) => {
    expect(Math.sign(compare(makeNumber(a), makeNumber(b)))).toBe(order)
    expect(Math.sign(compare(makeNumber(b), makeNumber(a)))).toBe(order === 0 ? 0 : -order)
    expect(equal(makeNumber(a), makeNumber(b))).toBe(order === 0)
  })

  test.each([
    ['1', 1],
    ['1.0', undefined],
    ['1e3', undefined],
    ['9223372036854775807', 9223372036854775807n],
    ['9223372036854775808', undefined],
  ])('%s spells the 64-bit integer %s', (text, expected) => {
    expect(int64Of(makeNumber(text))).toBe(expected)
  })

  test('the text stays as it was written', () => {
    for (const text of ['1.0', '1e400', '0.12345678901234567890', '18446744073709551617', '-0']) {
      expect(numberText(makeNumber(text))).toBe(text)
    }
  })
})

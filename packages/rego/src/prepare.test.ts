import { describe, expect, test } from 'vitest'
import { ObjectValue, parseJSON, prepare, RegoError, SetValue, toJSON } from './index.ts'
import type { EvaluateOptions, PrepareOptions } from './query.ts'

function evaluate(rules: string, query: string, options: EvaluateOptions = {}, more: Partial<PrepareOptions> = {}) {
  return prepare({ modules: { 'p.rego': `package p\n\n${rules}` }, query, ...more }).evaluate(options)
}

describe('a prepared query', () => {
  test('gives its variables and the value of each of its expressions', () => {
    const { results } = evaluate('n := 1\n\ns := {"b", "a"}', 'data.p.n; x = data.p.s; not data.p.none')
    expect(results).toHaveLength(1)
    expect(results[0]!.expressions).toEqual([
      { text: 'data.p.n', value: 1 },
      { text: 'x = data.p.s', value: true },
      { text: 'not data.p.none', value: true },
    ])
    const { x } = results[0]!.bindings
    expect(x).toBeInstanceOf(SetValue)
    expect(toJSON(x!)).toBe('["a","b"]')
  })

  test('has one result for each way in which it holds, in order', () => {
    const { results } = evaluate('', 'some k, v in {"b": 2, "a": 1}')
    expect(results.map(({ bindings }) => bindings)).toEqual([
      { k: 'a', v: 1 },
      { k: 'b', v: 2 },
    ])
  })

  test('has no result where it is undefined or false', () => {
    expect(evaluate('f := false', 'data.p.f')).toEqual({ kind: 'results', results: [], effects: [] })
    expect(evaluate('', 'data.p.none').results).toEqual([])
  })

  test('reads input and data in place, digits and all', () => {
    const input = parseJSON('{"n": 1.0, "big": 12345678901234567890}')
    const { results } = evaluate('', 'x = [input.n, input.big, data.k]', { input }, { data: { k: 'v' } })
    expect(toJSON(results[0]!.bindings.x!)).toBe('[1.0,12345678901234567890,"v"]')
  })

  test('gives plain objects where all keys are strings', () => {
    const rules = 'o[k] := {v: 1 | some v in [k]} if some k in ["b", "a"]\n\nn := {1: "x"}'
    const { x, y } = evaluate(rules, 'x = data.p.o; y = data.p.n').results[0]!.bindings
    expect(x).toEqual({ a: { a: 1 }, b: { b: 1 } })
    expect(y).toBeInstanceOf(ObjectValue)
  })

  test('can be evaluated again and again, each time by itself', () => {
    const query = prepare({ modules: { 'p.rego': 'package p\n\nr := input.x' }, query: 'x = data.p.r' })
    expect([1, 2, 1].map(x => query.evaluate({ input: { x } }).results[0]!.bindings.x)).toEqual([1, 2, 1])
  })

  test('reports the first builtin error where builtin errors are strict', () => {
    const options = { strictBuiltinErrors: true }
    const outcome = evaluate('r := 1 / input.zero', 'data.p.r', { input: { zero: 0 } }, options)
    expect(outcome).toMatchObject({ kind: 'results', results: [], error: { code: 'eval_builtin_error' } })
    expect(evaluate('r := 1 / input.zero', 'data.p.r', { input: { zero: 0 } })).not.toHaveProperty('error')
  })

  test('refuses builtins outside of its capabilities', () => {
    const capabilities = { builtins: ['eq', 'assign', 'count'] }
    expect(() => evaluate('r := lower("A")', 'data.p.r', {}, { capabilities })).toThrow(
      expect.objectContaining({ code: 'rego_type_error' }),
    )
  })

  test('prints to the hook, and not at all without one', () => {
    const printed: string[] = []
    const print = (message: string, { row }: { row: number }): void => void printed.push(`${row}: ${message}`)
    const rules = 'r if {\n\tprint("n is", input.n, input.none, {"a"})\n}'
    evaluate(rules, 'data.p.r', { input: { n: 1 }, print })
    evaluate(rules, 'data.p.r', { input: { n: 1 } })
    expect(printed).toEqual(['4: n is 1 <undefined> {"a"}'])
  })

  test('calls functions of the embedding program, whose errors count as builtin errors', () => {
    const builtins: PrepareOptions['builtins'] = {
      'my.double': { args: ['number'], result: 'number', implementation: ([n]) => (n as number) * 2 },
      'my.fail': {
        args: [],
        result: 'any',
        implementation: () => {
          throw new Error('no')
        },
      },
    }
    expect(evaluate('', 'x = my.double(21)', {}, { builtins }).results[0]!.bindings.x).toBe(42)
    const outcome = evaluate('', 'x = my.fail()', {}, { builtins, strictBuiltinErrors: true })
    expect(outcome).toMatchObject({ results: [], error: { code: 'eval_builtin_error' } })
  })

  test('refuses at once also what no evaluation would come to', () => {
    const modules = { 'p.rego': 'package p\n\nr if {\n\tsome x in ["a"]\n\tinput.a with input[x] as 1\n}' }
    expect(() => prepare({ modules, query: 'data.q = x' })).toThrow(
      expect.objectContaining({ code: 'rego_compile_error', location: { file: 'p.rego', row: 5, col: 21 } }),
    )
  })

  test('throws errors with their place and code', () => {
    for (const [rules, code] of [
      ['r := ', 'rego_parse_error'],
      ['r := none(1)', 'rego_type_error'],
      ['r if { x == 1 }', 'rego_unsafe_var_error'],
      ['r := r', 'rego_recursion_error'],
    ] as const) {
      try {
        evaluate(rules, 'data.p.r')
        expect.unreachable()
      } catch (error) {
        expect(error).toBeInstanceOf(RegoError)
        expect(error).toMatchObject({ code, location: { file: 'p.rego', row: 3 } })
      }
    }
  })
})

import { describe, expect, it } from 'vitest'
import type { Rule, Term } from '../ast.ts'
import { RegoError } from '../error.ts'
import { formatExpr, formatHead, formatTerm } from '../format.ts'
import { locationOf, textOf } from '../source-text.ts'
import { readAnnotations } from './annotations.ts'
import { parseModule, parseQuery } from './module.ts'
import type { ParseOptions } from './state.ts'

const module = (text: string, options?: ParseOptions) => parseModule('a.rego', `package a\n${text}`, options)

const ruleOf = (text: string): Rule => module(text).rules[0]!

function termOf(text: string): Term {
  const [expr] = parseQuery(text)
  if (expr?.kind !== 'term') throw new Error(`not a term: ${text}`)
  return expr.term
}

describe('operators', () => {
  it.each([
    ['1 + 2 * 3', 'plus(1, mul(2, 3))'],
    ['1 * 2 + 3', 'plus(mul(1, 2), 3)'],
    ['1 - 2 - 3', 'minus(minus(1, 2), 3)'],
    ['(1 - 2) - (3)', 'minus(minus(1, 2), 3)'],
    ['1 - (2 - 3)', 'minus(1, minus(2, 3))'],
    ['a | b & c', 'or(a, and(b, c))'],
    ['a + b | c', 'or(plus(a, b), c)'],
    ['a & b == c | d', 'equal(and(a, b), or(c, d))'],
    ['a < b == c', 'equal(lt(a, b), c)'],
    ['1 + 1 in xs', 'internal.member_2(plus(1, 1), xs)'],
    ['x in xs == true', 'internal.member_2(x, equal(xs, true))'],
    ['k, v in xs', 'internal.member_3(k, v, xs)'],
    ['x in xs in ys', 'internal.member_2(internal.member_2(x, xs), ys)'],
    ['-1 + -.5', 'plus(-1, -.5)'],
    ['x := 1 + 1', 'assign(x, plus(1, 1))'],
    ['x = y', 'x = y'],
    ['not x in xs', 'not internal.member_2(x, xs)'],
    ['1 % 2 / 3', 'div(rem(1, 2), 3)'],
  ])('%s', (text, shown) => {
    expect(formatExpr(parseQuery(text)[0]!)).toBe(shown)
  })
})

describe('terms', () => {
  it.each([
    ['{}', 'object', '{}'],
    ['set()', 'set', 'set()'],
    ['{1, 2,}', 'set', '{1, 2}'],
    ['[1, 2,]', 'array', '[1, 2]'],
    ['{"b": 1, "a": 2}', 'object', '{"a": 2, "b": 1}'],
    ['{a: 1}', 'object', '{a: 1}'],
    ['{x | x}', 'set-comprehension', '{x | x}'],
    ['[x | x; y]', 'array-comprehension', '[x | x; y]'],
    ['{x: y | x; y}', 'object-comprehension', '{x: y | x; y}'],
    ['{a | b, c}', 'set', '{c, or(a, b)}'],
    ['[a | b, c]', 'array', '[or(a, b), c]'],
    ['{"a": b | c, "d": e}', 'object', '{"a": or(b, c), "d": e}'],
    ['input', 'ref', 'input'],
    ['input.if["else"].not', 'ref', 'input["if"]["else"]["not"]'],
    ['data.a["b c"][x][1]', 'ref', 'data.a["b c"][x][1]'],
    ['`raw "x" \\n`', 'string', '"raw \\"x\\" \\\\n"'],
    ['"\\u00e9\\n\\ud83d\\ude00"', 'string', '"é\\n😀"'],
    ['[1, 2][0]', 'ref', '[1, 2][0]'],
    ['"\\ud800"', 'string', '"\ufffd"'],
    ['$"a {x} \\{ {f(y)}"', 'template', '$"a {x} \\{ {f(y)}"'],
    ['$`{x}\n`', 'template', '$"{x}\\n"'],
    ['1e3', 'number', '1e3'],
    ['12345678901234567890.123', 'number', '12345678901234567890.123'],
  ])('%s', (text, kind, shown) => {
    const term = termOf(text)
    expect(term.kind).toBe(kind)
    expect(formatTerm(term)).toBe(shown)
  })

  it('reads nested braces once, however deep', () => {
    const depth = 150
    const started = performance.now()
    expect(termOf('{'.repeat(depth) + '1' + '}'.repeat(depth)).kind).toBe('set')
    expect(termOf('[x | [y | '.repeat(40) + '1' + ']]'.repeat(40)).kind).toBe('array-comprehension')
    expect(performance.now() - started).toBeLessThan(2000)
  })
})

describe('rules', () => {
  it.each([
    ['p', 'rule must have value', undefined],
    ['p := 1', '', 'p := 1'],
    ['p = 1', '', 'p = 1'],
    ['p if true', '', 'p = true'],
    ['p contains 1', '', 'p contains 1'],
    ['p contains x if x := 1', '', 'p contains x'],
    ['p[x] := y if { x := 1; y := 2 }', '', 'p[x] := y'],
    ['p[x] if x := 1', '', 'p[x] = true'],
    ['a.b[c].d := 1 if c := "x"', '', 'a.b[c].d := 1'],
    ['a.b.c contains x if x := 1', '', 'a.b.c contains x'],
    ['f(x, [y, _]) := y', '', 'f(x, [y, _]) := y'],
    ['f(_) if true', '', 'f(_) = true'],
    ['default p := [x | x := 1]', '', 'p := [x | assign(x, 1)]'],
    ['default f(_, _) := 1', '', 'f(_, _) := 1'],
    ['default.x := 1', '', 'default.x := 1'],
    ['package.x := 1', '', 'package.x := 1'],
    ['import.x := 1', '', 'import.x := 1'],
    ['if.x if true', '', 'if.x = true'],
  ])('%s', (text, _reason, head) => {
    if (head === undefined) expect(() => ruleOf(text)).toThrow(RegoError)
    else expect(formatHead(ruleOf(text))).toBe(head)
  })

  it('chains else branches in their order', () => {
    const rule = ruleOf('p := 1 if { input.a } else := 2 if { input.b } else := 3')
    expect(formatHead(rule.else!)).toBe('p := 2')
    expect(formatHead(rule.else!.else!)).toBe('p := 3')
    expect(rule.else!.else!.else).toBeUndefined()
  })

  it('makes a definition of each chained body', () => {
    expect(module('p if { 1 } { 2 } { 3 }').rules).toHaveLength(3)
  })

  it('gives every wildcard a name of its own', () => {
    const [first, second] = ruleOf('f(_, _) := 1').head.args ?? []
    expect(first).not.toEqual(second)
    expect(new Set([first, second].map(term => (term?.kind === 'var' ? term.name : ''))).size).toBe(2)
  })
})

describe('places', () => {
  it('counts rows and code points', () => {
    const rule = module('\n\tp := "😀" + input.x').rules[0]!
    const value = rule.head.value!
    expect(locationOf(rule.span)).toEqual({ file: 'a.rego', row: 3, col: 2 })
    expect(textOf(value.span)).toBe('"😀" + input.x')
    expect(value.kind === 'call' && locationOf(value.args[1]!.span).col).toBe(13)
  })

  it('covers the whole of an expression', () => {
    const [expr] = parseQuery('not  f( x ) with input.y as [1,\n2] ')
    expect(textOf(expr!.span)).toBe('not  f( x ) with input.y as [1,\n2]')
  })

  it('keeps comments', () => {
    const { comments } = module('# one\r\np := 1 # two')
    expect(comments.map(({ text }) => text)).toEqual([' one', ' two'])
  })

  it('skips a byte order mark at the start only', () => {
    expect(parseModule('a.rego', '\ufeffpackage a').rules).toEqual([])
    expect(() => parseModule('a.rego', 'package a # \ufeff')).toThrow(RegoError)
  })
})

describe('annotations', () => {
  it('stand above what follows', () => {
    const text = '# METADATA\n# title: T\n# custom:\n#   n: 1.50\np := 1\n'
    const parsed = module(text)
    const { annotations } = readAnnotations(parsed)
    expect(annotations).toHaveLength(1)
    expect(annotations[0]).toMatchObject({ scope: 'rule', entrypoint: false, fields: { title: 'T' } })
    expect(annotations[0]!.target).toBe(parsed.rules[0])
  })

  it('are comments to the parser', () => {
    expect(module('# METADATA\n# - broken: [\np := 1\n').comments).toHaveLength(2)
  })
})

describe('v0', () => {
  const v0 = { regoVersion: 'v0' } as const

  it('has no need of if and contains', () => {
    const { rules } = module('p[x] { x := 1 }\nq { true } else = 2 { true }\nr = 1 { true }', v0)
    expect(rules.map(formatHead)).toEqual(['p contains x', 'q = true', 'r = 1'])
  })

  it('takes new keywords as names until they are imported', () => {
    expect(module('if := 1\nin := 2', v0).rules).toHaveLength(2)
    expect(module('import future.keywords.in\np { 1 in [1] }', v0).rules).toHaveLength(1)
    expect(() => module('p { 1 in [1] }', v0)).toThrow(RegoError)
    expect(module('import rego.v1\np if true', v0).v1).toBe(true)
    expect(() => module('import rego.v1\np { true }', v0)).toThrow(RegoError)
    expect(() => module('p = $"{input.x}"', v0)).toThrow(RegoError)
  })
})

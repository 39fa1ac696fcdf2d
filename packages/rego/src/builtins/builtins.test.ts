import { describe, expect, test } from 'vitest'
import { makeNumber } from '../value/number.ts'
import { makeObject } from '../value/object.ts'
import { makeSet } from '../value/set.ts'
import { termText } from '../value/text.ts'
import type { Value } from '../value/value.ts'
import { builtins } from './index.ts'
import { testContext } from './test-context.ts'

const run = (name: string, args: readonly Value[], steps?: number): Value | undefined =>
  builtins.get(name)!.call(args, testContext(steps === undefined ? {} : { steps }))

const set = (...values: Value[]) => makeSet(values)
const n = makeNumber

// name, operands, the result as Rego text
const rows: readonly (readonly [string, readonly Value[], string])[] = [
  ['plus', [n('0.1'), n('0.2')], '0.3'],
  ['minus', [set(1, 2, 3), set(2)], '{1, 3}'],
  ['rem', [-7, 3], '-1'],
  ['ceil', [n('-0.5')], '1'],
  ['floor', [n('-0.5')], '0'],
  ['bits.lsh', [1, 100], '1267650600228229401496703205376'],
  ['count', ['日本😀'], '3'],
  ['sum', [[n('9223372036854775807'), 1]], '-9223372036854775808'],
  ['product', [[n('0.5'), 3]], '1.5'],
  ['min', [set(null, 2, 1)], '1'],
  ['min', [[null, 1]], 'null'],
  ['sort', [set('b', 1, [0])], '[1, "b", [0]]'],
  ['array.slice', [[1, 2, 3], -1, 2], '[1, 2]'],
  ['array.flatten', [[1, [2, [3]]]], '[1, 2, [3]]'],
  ['intersection', [set(set(1, 2), set(2, 3))], '{2}'],
  ['intersection', [set()], 'set()'],
  ['object.get', [{ a: { b: [1] } }, ['a', 'b', 0], 'none'], '1'],
  ['object.get', [{ a: 1 }, 'b', 'none'], '"none"'],
  ['object.union', [{ a: { b: 1 } }, { a: { c: 2 } }], '{"a": {"b": 1, "c": 2}}'],
  ['object.union_n', [[{ a: { b: 2 } }, { a: 4 }, { a: { c: 3 } }]], '{"a": {"c": 3}}'],
  ['object.remove', [{ a: 1, b: 2 }, set('a')], '{"b": 2}'],
  [
    'object.subset',
    [
      [1, 2, 3],
      [2, 3],
    ],
    'true',
  ],
  ['object.keys', [makeObject([[1, 'a']])], '{1}'],
  ['json.filter', [{ a: { b: 1, c: 2 } }, ['a/b']], '{"a": {"b": 1}}'],
  ['json.remove', [{ a: [1, 2, 3] }, set('/a/1')], '{"a": [1, 3]}'],
  ['json.patch', [{ a: [1] }, [{ op: 'add', path: '/a/-', value: 2 }]], '{"a": [1, 2]}'],
  ['json.patch', [set('x'), [{ op: 'add', path: ['y'], value: 'y' }]], '{"x", "y"}'],
  ['json.marshal', ['<a>&\u2028'], '"\\"\\\\u003ca\\\\u003e\\\\u0026\\\\u2028\\""'],
  ['json.marshal', [set(n('1.0'), 2)], '"[1.0,2]"'],
  ['json.unmarshal', ['{"a": 12345678901234567890}'], '{"a": 12345678901234567890}'],
  ['concat', [', ', set('b', 'a')], '"a, b"'],
  ['format_int', [n('-15.9'), 16], '"-f"'],
  ['indexof', ['😀ab', 'b'], '2'],
  ['indexof_n', ['aaa', 'aa'], '[0, 1]'],
  ['substring', ['😀abc', 1, 2], '"ab"'],
  ['replace', ['a😀é', '', ''], '"a😀é"'],
  ['strings.replace_n', [{ '': '', a: 'b' }, 'a😀é'], '"b😀é"'],
  ['substring', ['abc', 1, -1], '"bc"'],
  ['upper', ['ßŉᾳ'], '"ßŉᾼ"'],
  ['lower', ['ΣΑΣ İ'], '"σασ i"'],
  ['replace', ['aaa', 'aa', 'b'], '"ba"'],
  ['replace', ['ab', '', '-'], '"-a-b-"'],
  ['strings.replace_n', [{ a: 'b', b: 'c' }, 'ab'], '"bc"'],
  ['strings.count', ['cheese', ''], '7'],
  ['split', ['a😀', ''], '["a", "😀"]'],
  ['trim', ['xxaxx', 'x'], '"a"'],
  ['trim_space', ['\u0085\u00a0 a\ufeff'], '"a\\ufeff"'],
  ['sprintf', ['%v %5.1f|%-4d|%q %s', [set(1), n('2.55'), 7, 'x', true]], '"{1}   2.5|7   |\\"x\\" true"'],
  ['sprintf', ['%d', ['x']], '"%!d(string=x)"'],
  ['sprintf', ['%[2]v %[1]v', [1, 2]], '"2 1"'],
  ['regex.replace', ['foo', '^(f)', '<$1>${1}x$1x'], '"<f>fxoo"'],
  ['regex.split', ['a*', 'baaac'], '["b", "c"]'],
  ['regex.find_n', ['a*', 'baac', -1], '["", "aa", ""]'],
  ['regex.find_all_string_submatch_n', ['(a)|b', 'ab', -1], '[["a", "a"], ["b", ""]]'],
  ['regex.is_valid', ['(?=a)'], 'false'],
  ['regex.template_match', ['urn:foo:{.*}', 'urn:foo:bar', '{', '}'], 'true'],
  ['regex.globs_match', ['a.a.[0-9]+z', 'aaaz'], 'false'],
  ['regex.match', ['^\\s$', '\v'], 'false'],
  ['glob.match', ['*.github.com', [], 'api.github.com'], 'true'],
  ['glob.match', ['*.github.com', ['.'], 'a.b.github.com'], 'false'],
  ['glob.match', ['{cat,b[!c]t}*', null, 'battery'], 'true'],
  ['glob.quote_meta', ['*.{a}'], '"\\\\*.\\\\{a\\\\}"'],
  ['base64.decode', ['gg=='], '"\ufffd"'],
  ['base64url.encode_no_pad', ['<<???>>'], '"PDw_Pz8-Pg"'],
  ['urlquery.encode_object', [{ b: set('2', '1'), a: 'x y' }], '"a=x+y&b=1&b=2"'],
  ['hex.encode', ['é'], '"c3a9"'],
  ['yaml.unmarshal', ['a: yes\nb: 0o17\nc: [1.50, ~]\n? 1\n: x'], '{"1": "x", "a": true, "b": 15, "c": [1.5, null]}'],
  ['yaml.marshal', [{ b: [], a: ['x: y', 'true', { c: 1 }] }], '"a:\\n- \'x: y\'\\n- \\"true\\"\\n- c: 1\\nb: []\\n"'],
  ['units.parse', ['1.5Mi'], '1572864'],
  ['units.parse', ['100m'], '0.1000000000'],
  ['units.parse_bytes', ['1.5kb'], '1500'],
  ['semver.compare', ['1.0.0-rc.2', 'v1.0.0-rc.10'], '-1'],
  [
    'time.format',
    [[n('1714979289123456789'), 'UTC', 'Mon Jan _2 15:04:05.000 2006 MST']],
    '"Mon May  6 07:08:09.123 2024 UTC"',
  ],
  ['time.parse_ns', ['2006-01-02 MST', '2024-02-29 UTC'], '1709164800000000000'],
  ['time.add_date', [n('1709164800000000000'), 1, 0, 0], '1740787200000000000'],
  ['time.diff', [n('1709164800000000000'), 0], '[54, 1, 28, 0, 0, 0]'],
  ['time.parse_duration_ns', ['1h1m1.5s'], '3661500000000'],
  ['time.weekday', [0], '"Thursday"'],
  ['uuid.parse', ['not one'], 'undefined'],
  ['crypto.sha256', [''], '"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"'],
  ['crypto.hmac.md5', ['a', 'key'], '"80ea44ccea14cc2263889567cfacccd7"'],
  ['net.cidr_merge', [['192.0.2.0/25', '192.0.2.128/25']], '{"192.0.2.0/24"}'],
  ['net.cidr_contains', ['::ffff:10.0.0.0/104', '10.1.2.3'], 'true'],
  ['net.cidr_contains', ['10.0.0.0/08', '10.0.0.1'], 'true'],
  ['net.cidr_contains', ['::ffff:0:0/95', '::fffe:0:1'], 'true'],
  ['net.cidr_contains', ['::ffff:0:0/95', '10.0.0.1'], 'false'],
  ['net.cidr_is_valid', ['::ffff:10.0.0.0/129'], 'false'],
  ['net.cidr_contains_matches', [1, '10.0.0.1'], 'set()'],
  ['net.cidr_expand', ['10.0.0.1/31'], '{"10.0.0.0", "10.0.0.1"}'],
  ['graph.reachable', [{ a: ['b'], b: set('c') }, ['a']], '{"a", "b"}'],
  ['walk', [{ a: [1] }], '[[[], {"a": [1]}], [["a"], [1]], [["a", 0], 1]]'],
  ['to_number', ['+05.50'], '5.50'],
  ['to_number', ['-1_0.5_0e1_0'], '-10.50e10'],
  ['numbers.range', [3, 1], '[3, 2, 1]'],
  ['numbers.range_step', [16, 20, n('1e400')], '[16]'],
  ['time.add_date', [[n('1711762200000000000'), 'Europe/Berlin'], 0, 0, 1], '1711848600000000000'],
  ['yaml.marshal', [n('18446744073709551616')], String.raw`"1.8446744073709552e+19\n"`],
  ['yaml.marshal', [n('-9223372036854775808')], String.raw`"-9223372036854775808\n"`],
  ['yaml.marshal', [n('-1e400')], String.raw`"-1e400\n"`],
  ['yaml.marshal', ['a\u2028b'], String.raw`"\"a\\Lb\"\n"`],
  ['yaml.unmarshal', ['a: b\rc: d\u0085e: f'], '{"a": "b", "c": "d", "e": "f"}'],
  ['yaml.unmarshal', ['%YAML 1.1\n---\na'], '"a"'],
  ['yaml.unmarshal', ['[!!binary aGk=, !local 1, !!int "2", !!constructor 3]'], '["hi", "1", 2, "3"]'],
  ['yaml.is_valid', ['%d %s'], 'false'],
  ['yaml.is_valid', ['a: \u0007'], 'false'],
  [
    'strings.render_template',
    ['{{range $i, $x := .xs}}{{if $i}}, {{end}}{{$x}}{{else}}none{{end}}', { xs: ['a', 1] }],
    '"a, 1"',
  ],
]

describe('builtins give what OPA gives', () => {
  test.each(rows)('%s %#', (name, args, expected) => {
    const result = run(name, args)
    expect(result === undefined ? 'undefined' : termText(result)).toBe(expected)
  })
})

const failures: readonly (readonly [string, readonly Value[], string])[] = [
  ['div', [1, 0], 'divide by zero'],
  ['rem', [1, n('0.5')], 'modulo on floating-point number'],
  ['to_number', ['1__0'], 'invalid syntax'],
  ['sum', [[1, '2']], 'operand 1 must be array of numbers but got array containing string'],
  ['concat', ['', set('a', 1)], 'operand 2 must be set of strings but got set containing number'],
  ['array.slice', [[], n('1.0'), 1], 'operand 2 must be integer number but got floating-point number'],
  ['substring', ['a', -1, 1], 'negative offset'],
  ['minus', ['x', 1], 'operand 1 must be one of {number, set} but got string'],
  ['minus', [set(1), 'x'], 'operand 2 must be number but got string'],
  ['minus', [set(1), 1], 'operand 2 must be set but got number'],
  ['bits.and', ['x', 1], 'operand 1 must be integer but got string'],
  ['numbers.range', [1, '2'], 'operand 2 must be integer but got string'],
  ['graph.reachable', [{}, 'a'], 'operand 2 must be {array, set} but got string'],
  ['json.marshal_with_options', [1, { a: 1 }], 'operand 2 object contained unknown key "a"'],
  ['net.cidr_contains_matches', [[[1]], ['10.0.0.1']], 'operand 1 must be string but got number'],
  ['yaml.unmarshal', ['%YAML 1.2\n---\na'], 'found incompatible YAML document'],
  ['yaml.unmarshal', ['!!int x'], 'cannot decode `x` as a !!int'],
  ['yaml.unmarshal', ['!!binary "*"'], 'illegal base64 data'],
  ['regex.match', ['(', ''], 'error parsing regexp: missing closing ): `(`'],
  ['json.unmarshal', ['{'], 'parsing JSON'],
  ['yaml.unmarshal', ['a: *b'], 'unknown anchor'],
  ['time.add_date', [0, 1000, 0, 0], 'time outside of valid range'],
  [
    'time.add_date',
    ['x', 1, 0, 0],
    'operand 1 must be either number (ns) or [number (ns), string (tz)] but got string',
  ],
  ['time.add_date', [0, 1, 'x', 0], 'operand 3 must be number but got string'],
  ['time.date', ['x'], 'must be either number (ns) or [number (ns), string (tz)] but got string'],
  ['time.format', [[0, 'Europe/Nowhere']], 'unknown time zone Europe/Nowhere'],
  ['time.format', [[0, 'europe/berlin']], 'unknown time zone europe/berlin'],
  ['glob.match', ['[', null, ''], 'unexpected end of input'],
  ['strings.render_template', ['{{.a.b}}', { a: 1 }], "can't evaluate field b"],
  ['strings.render_template', ['{{if}}', {}], 'missing value for command'],
  ['strings.render_template', ['{{break}}', {}], '{{break}} outside {{range}}'],
  ['strings.render_template', ['{{range .a}}{{else}}{{continue}}{{end}}', {}], '{{continue}} outside {{range}}'],
  [
    'strings.render_template',
    ['{{range .a}}{{block "b" .}}{{break}}{{end}}{{end}}', { a: [1] }],
    '{{break}} outside {{range}}',
  ],
  ['strings.render_template', ['{{define "a"}}x{{end}}{{define "a"}}y{{end}}', {}], 'multiple definition of template'],
]

describe('builtins fail in the words of OPA', () => {
  test.each(failures)('%s %#', (name, args, text) => {
    expect(() => run(name, args)).toThrow(expect.objectContaining({ message: expect.stringContaining(text) }))
    expect(() => run(name, args)).toThrow(expect.objectContaining({ message: expect.stringContaining(`${name}: `) }))
  })
})

const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']
  .map((name, i) => `${name}: &${name} [${`*${'abcdefgh'[i]},`.repeat(9)}]`)
  .join('\n')}`

// what would fill the memory or run for ever; `halts` is a limit that ends the evaluation, not a builtin's error
const bombs: readonly (readonly [string, string, readonly Value[], 'halts' | 'fails' | 'works'])[] = [
  ['a long range', 'numbers.range', [0, 1_000_000_000_000], 'halts'],
  ['a long range by steps', 'numbers.range_step', [0, n('1e30'), 1], 'halts'],
  ['a wide field', 'sprintf', ['%2147483647d', [1]], 'works'],
  ['many wide fields', 'sprintf', ['%999999d'.repeat(50), Array.from({ length: 50 }, () => 1)], 'halts'],
  ['a far shift', 'bits.lsh', [1, n('1e9')], 'halts'],
  ['a number of absurd size', 'mul', [n('1e1000000'), 2], 'halts'],
  ['deep JSON', 'json.unmarshal', [deep(100_000)], 'fails'],
  ['deep JSON to validate', 'json.is_valid', [deep(100_000)], 'works'],
  ['deep YAML', 'yaml.unmarshal', [deep(3_000)], 'fails'],
  ['anchors that multiply', 'yaml.unmarshal', [bomb], 'fails'],
  ['all addresses of IPv6', 'net.cidr_expand', ['::/0'], 'halts'],
  ['a replacement that multiplies', 'replace', ['a'.repeat(10_000), 'a', 'b'.repeat(10_000)], 'halts'],
  ['a separator that multiplies', 'concat', ['b'.repeat(10_000), Array.from({ length: 10_000 }, () => 'a')], 'halts'],
  ['a regex that backtracks', 'regex.match', ['^(a+)+$', `${'a'.repeat(5_000)}b`], 'works'],
  ['a regex that starts everywhere', 'regex.match', ['[a-y]+z', 'a'.repeat(20_000)], 'works'],
  ['a regex that repeats itself', 'regex.match', ['((a{100}){100}){100}', 'a'], 'fails'],
  ['a glob of many stars', 'glob.match', ['*a'.repeat(30), null, 'a'.repeat(2_000)], 'works'],
  ['globs that intersect in many ways', 'regex.globs_match', ['a*b*'.repeat(20), `${'.*'.repeat(3)}[ab]*c`], 'works'],
  ['a template that ranges for ever', 'strings.render_template', ['{{range 1000000000}}x{{end}}', {}], 'halts'],
  [
    'a template that calls itself',
    'strings.render_template',
    ['{{define "a"}}{{template "a"}}{{end}}{{template "a"}}', {}],
    'halts',
  ],
  ['a date far away', 'time.add_date', [0, n('1e15'), 0, 0], 'fails'],
  [
    'paths through a complete graph',
    'graph.reachable_paths',
    [Object.fromEntries('abcdefghijklmno'.split('').map(a => [a, 'abcdefghijklmno'.split('')])), ['a']],
    'works',
  ],
]

describe('no builtin hangs or fills the memory', () => {
  test.each(bombs)('%s', (_what, name, args, outcome) => {
    const started = performance.now()
    const code = codeOf(() => run(name, args))
    expect(performance.now() - started).toBeLessThan(3_000)
    if (outcome === 'halts') expect(code).toBe('eval_cancel_error')
    else if (outcome === 'fails') expect(code).toMatch(/^eval_(?:builtin|type)_error$/)
    else expect(code).toBe('')
  })
})

function codeOf(call: () => unknown): string {
  try {
    call()
    return ''
  } catch (error) {
    return (error as { code: string }).code
  }
}

test('time and random values stand still within a query', () => {
  expect(run('rand.intn', ['a', 1000])).toEqual(run('rand.intn', ['a', 1000]))
  expect(run('uuid.rfc4122', ['a'])).not.toEqual(run('uuid.rfc4122', ['b']))
  expect(run('uuid.rfc4122', ['a'])).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(run('time.now_ns', [])).toEqual(makeNumber('1714979289123456789'))
})

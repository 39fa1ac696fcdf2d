import { describe, expect, it } from 'vitest'
import { decodeJSON, foldCase } from './json.ts'

const decode = (text: string | Uint8Array, options = {}) => decodeJSON(text, { what: 'a test', ...options })
const invalid = expect.objectContaining({ code: 'invalid_json' })

describe('decodeJSON', () => {
  it.each([
    '{}',
    '[]',
    'null',
    'true',
    ' [1, -2.5e3, "a\\u00e9\\n", {"b": [false]}] ',
    '"\\ud83d\\ude00"',
    '0',
    '{"a":{"a":{"a":1}}}',
  ])('reads what JSON.parse reads: %s', text => {
    expect(JSON.stringify(decode(text))).toBe(JSON.stringify(JSON.parse(text)))
  })

  it.each([
    '',
    ' ',
    '{',
    '[',
    '[1,',
    '[1,]',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{a:1}',
    "{'a':1}",
    '01',
    '1.',
    '.5',
    '+1',
    '-',
    '1e',
    'NaN',
    'Infinity',
    '1e999',
    'tru',
    'nul',
    '"',
    '"\\',
    '"\\x"',
    '"\n"',
    '"\\u12"',
    '[1] 2',
    '{} {}',
    '\ufeff{}',
    '// no\n1',
    '[1 2]',
    '{"a" 1}',
    '\u00a01',
  ])('refuses %j', text => {
    expect(() => decode(text)).toThrow(invalid)
  })

  it.each([
    '{"a":1,"a":1}',
    '{"mediaType":1,"MEDIATYPE":2}',
    '{"x":{"digest":1,"dige\\u0073t":2}}',
    '{"s":1,"\u017f":2}',
    '{"k":1,"\u212a":2}',
  ])('refuses a key that stands twice: %s', text => {
    expect(() => decode(text)).toThrow(invalid)
  })

  it('lets keys of open maps differ by case, but not stand twice', () => {
    const openMaps = ['Labels']
    expect(decode('{"config":{"Labels":{"a":"1","A":"2"}}}', { openMaps })).toEqual({
      config: { Labels: { a: '1', A: '2' } },
    })
    expect(() => decode('{"Labels":{"a":"1","a":"2"}}', { openMaps })).toThrow(invalid)
    expect(() => decode('{"other":{"a":"1","A":"2"}}', { openMaps })).toThrow(invalid)
  })

  it('gives members the names that are asked for, however they are spelt, but not the keys of open maps', () => {
    const names = new Map(['User', 'Labels', 'k'].map(name => [foldCase(name), name]))
    const options = { names, openMaps: ['Labels'] }
    expect(decode('{"uSER":1,"other":2,"\u212a":3}', options)).toEqual({ User: 1, other: 2, k: 3 })
    expect(decode('{"labels":{"user":"1","USER":"2"}}', options)).toEqual({ Labels: { user: '1', USER: '2' } })
    expect(() => decode('{"User":1,"user":2}', options)).toThrow(invalid)
  })

  it('reads half a surrogate pair as Go does', () => {
    expect(decode('["\\ud83dx", "\\ude00", "\\ud83d\\ude00"]')).toEqual(['\ufffdx', '\ufffd', '\u{1f600}'])
    expect(() => decode('{"\\ud800": 1, "\\udc00": 2}')).toThrow(invalid)
  })

  it('makes objects without a prototype, so that no key is special', () => {
    const value = decode('{"__proto__": {"polluted": 1}, "constructor": 2}') as Record<string, unknown>
    expect(Object.getPrototypeOf(value)).toBeNull()
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor'])
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  it('bounds nesting', () => {
    expect(() => decode('['.repeat(100_000))).toThrow(invalid)
    expect(() => decode(`${'['.repeat(129)}${']'.repeat(129)}`)).toThrow(invalid)
    expect(decode(`${'['.repeat(128)}${']'.repeat(128)}`)).toBeDefined()
    expect(() => decode('[[1]]', { maxDepth: 1 })).toThrow(invalid)
  })

  it('bounds the values, which take many times the memory of their text', () => {
    expect(() => decode(`[${'{},'.repeat(2_000_000)}0]`)).toThrow(invalid)
  })

  it('refuses bytes that are no UTF-8', () => {
    expect(() => decode(new Uint8Array([0x22, 0xc3, 0x22]))).toThrow(invalid)
    expect(decode(new TextEncoder().encode('"é"'))).toBe('é')
  })

  it('refuses every truncation of a document', () => {
    const text = '{"a":[1,"b\\n",{"c":null}],"d":true}'
    for (let end = 0; end < text.length; end++) expect(() => decode(text.slice(0, end))).toThrow(invalid)
  })
})

import { describe, expect, it } from 'vitest'
import { conformanceJSON, hasConformance } from '../../../../test/conformance.ts'
import { expand, isUnknown, UNKNOWN } from './expand.ts'

interface MandatoryRow {
  readonly env: Record<string, string>
  readonly input: string
  readonly expect?: string
  readonly errorContains?: string
}

interface Row {
  readonly platform: string
  readonly input: string
  readonly expect?: string
  readonly error?: boolean
}

describe.skipIf(!hasConformance)('expansion of words, as BuildKit tests it', () => {
  const suite = hasConformance
    ? conformanceJSON<{
        env: Record<string, string>
        escape: string
        processWord: Row[]
        mandatory: MandatoryRow[]
      }>('vectors', 'shell-expansion.json')
    : undefined
  const rows = (suite?.processWord ?? []).filter(row => row.platform !== 'W')
  it.each(rows.map((row, index) => ({ index, ...row })))('$index $input', row => {
    const lookup = (name: string) => (Object.hasOwn(suite?.env ?? {}, name) ? suite?.env[name] : undefined)
    const run = () => expand(row.input, lookup, { escapeCharacter: suite?.escape ?? '\\' }).text
    if (row.error === true) expect(run).toThrow()
    else expect(run()).toBe(row.expect)
  })

  it.each(suite?.mandatory ?? [])('$input with $env', ({ env, input, expect: expected, errorContains }) => {
    const lookup = (name: string) => (Object.hasOwn(env, name) ? env[name] : undefined)
    const run = () => expand(input, lookup, { escapeCharacter: '\\' }).text
    if (errorContains === undefined) expect(run()).toBe(expected)
    else expect(run).toThrow(errorContains)
  })
})

describe('a value that is not known', () => {
  const lookup = (name: string) => ({ U: UNKNOWN, P: `/opt/${UNKNOWN}`, K: 'known', E: '' })[name]
  it.each([
    ['$U', true],
    ['${U:-x}', true],
    ['${U:+x}', true],
    ['${U#x}', true],
    ['${K#$U}', true],
    ['${K/k/$U}', true],
    ['${E:-$U}', true],
    ['${K:-$U}', false],
    ['${E:+$U}', false],
    ['${P:+x}', false],
    ['${P:-x}', true],
    ["'$U'", false],
    ['\\$U', false],
  ])('%s is unknown: %s', (input, expected) => {
    expect(isUnknown(expand(input, lookup, { escapeCharacter: '\\' }).text)).toBe(expected)
  })

  it('leaves errors that do not depend on it', () => {
    expect(() => expand('${U:?}${', lookup, { escapeCharacter: '\\' })).toThrow()
  })
})

describe('words', () => {
  it.each([
    ['a "b c" d\\ e', ['a', 'b c', 'd e']],
    ['$X y', ['1', '2', 'y']],
    ['"$X" y', ['1 2', 'y']],
    ['<< EOF x', ['<< EOF', 'x']],
  ])('%s', (input, expected) => {
    const { words } = expand(input, name => (name === 'X' ? '1 2' : undefined), {
      escapeCharacter: '\\',
      words: true,
    })
    expect(words).toEqual(expected)
  })
})

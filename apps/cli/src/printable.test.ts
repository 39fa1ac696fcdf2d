import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { printable, printableJSON, printableLines } from './printable.ts'

describe('printable', () => {
  it.each([
    ['plain text, Ümlaut, 漢字, ⚠️', 'plain text, Ümlaut, 漢字, ⚠️'],
    ['\u001b[31mred', '\\u{1b}[31mred'],
    ['\u009b31m', '\\u{9b}31m'],
    ['two\nlines\r\tand a tab', 'two\\nlines\\r\\tand a tab'],
    ['\u202egnp.exe', '\\u{202e}gnp.exe'],
    ['a\u2066b\u2069', 'a\\u{2066}b\\u{2069}'],
    ['zero\u200bwidth\ufeff', 'zero\\u{200b}width\\u{feff}'],
    ['tag \u{e0041}', 'tag \\u{e0041}'],
    ['\u2028next', '\\u{2028}next'],
    ['lone \ud800.', 'lone \\u{d800}.'],
    ['null\u0000', 'null\\u{0}'],
    ['::set-output name=x::y', ':\\u{3a}set-output name=x:\\u{3a}y'],
    ['   ::error::x', '   :\\u{3a}error:\\u{3a}x'],
    [':::warning', ':\\u{3a}:warning'],
    ['##vso[task.setvariable]', '#\\u{23}vso[task.setvariable]'],
    ['##[command]rm', '#\\u{23}[command]rm'],
    ['http://[::1]:5000/x', 'http://[::1]:5000/x'],
    ['# not ## a command', '# not ## a command'],
  ])('%j', (text, shown) => expect(printable(text)).toBe(shown))

  it('cuts what is too long and says so', () => {
    expect(printable('a'.repeat(100), { maxChars: 10 })).toBe(`${'a'.repeat(10)}... (100 characters)`)
  })

  it('leaves nothing that a terminal or a CI system acts on', () => {
    const hostile = fc.string({ unit: 'binary', maxLength: 200 })
    fc.assert(
      fc.property(fc.oneof(hostile, fc.array(fc.constantFrom(':', '#', '[', 'vso[', '\n', '\u001b'))), text => {
        const shown = printable(typeof text === 'string' ? text : text.join(''))
        return !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(shown) && !/^\s*::/.test(shown) && !/##[a-z]*\[/.test(shown)
      }),
      { numRuns: 2_000 },
    )
  })
})

it('shows lines with their indentation', () => {
  expect(printableLines('a.rego:1: error\n\tx \u001b[0m\n\t  ^\n::stop::')).toEqual([
    'a.rego:1: error',
    '  x \\u{1b}[0m',
    '    ^',
    ':\\u{3a}stop:\\u{3a}',
  ])
})

it('writes JSON that reads back as it was, without hostile characters', () => {
  const unit = fc.string({ unit: 'binary', maxLength: 50 })
  fc.assert(
    fc.property(fc.dictionary(unit, fc.oneof(unit, fc.integer(), fc.constant('##vso[x]'))), value => {
      const text = printableJSON(value)
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
      expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|##vso\[/u)
    }),
  )
})

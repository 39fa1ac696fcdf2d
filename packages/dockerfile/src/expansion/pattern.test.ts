import { describe, expect, it } from 'vitest'
import { InvalidPattern, replacePattern, trimPrefix, trimSuffix } from './pattern.ts'

const spend = () => undefined

describe('a pattern', () => {
  it.each([
    ['abcabc', '*b', false, 'cabc'],
    ['abcabc', '*b', true, 'c'],
    ['abc', '?', false, 'bc'],
    ['abc', '', false, 'abc'],
    ['abc', 'x*', true, 'abc'],
    ['a.c', 'a.', false, 'c'],
    ['a*c', 'a\\*', false, 'c'],
    ['a\nc', '*', true, '\nc'],
    ['\u{1f600}x', '?', false, 'x'],
  ])('%j without the beginning %j (longest: %s) is %j', (value, pattern, longest, expected) => {
    expect(trimPrefix(value, pattern, longest, spend)).toBe(expected)
  })

  it.each([
    ['abcabc', 'b*', false, 'abca'],
    ['abcabc', 'b*', true, 'a'],
    ['a/b/c', '/*', false, 'a/b'],
    ['a*b', '\\*b', false, 'a'],
  ])('%j without the end %j (longest: %s) is %j', (value, pattern, longest, expected) => {
    expect(trimSuffix(value, pattern, longest, spend)).toBe(expected)
  })

  it.each([
    ['abcabc', 'b', 'x', false, 'axcabc'],
    ['abcabc', 'b', 'x', true, 'axcaxc'],
    ['abc', '*', 'x', true, 'x'],
    ['abc', '', '-', true, '-a-b-c-'],
    ['abc', '', '-', false, '-abc'],
    ['aXbX', '?X', '[$0]', true, '[aX][bX]'],
    ['aXbX', '?X', '[$0]', false, '[$0]bX'],
    ['aX', 'X', '$$$1${x}', true, 'a$'],
    ['aX', 'X', '$', true, 'a$'],
  ])('%j with %j replaced by %j (all: %s) is %j', (value, pattern, replacement, all, expected) => {
    expect(replacePattern(value, pattern, replacement, { all, spend })).toBe(expected)
  })

  it('escapes only what has a meaning', () => {
    expect(() => trimPrefix('a', '\\a', false, spend)).toThrow(InvalidPattern)
  })
})

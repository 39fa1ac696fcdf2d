import { describe, expect, it } from 'vitest'
import { formatPath, isWithin, pathKey, valueAt, withValueAt, withValuesAt } from './path.ts'

describe('paths', () => {
  it('are written as a policy would', () => {
    expect(formatPath(['image', 'provenance', 'materials', 0, 'git', 'tag'])).toBe(
      'input.image.provenance.materials[0].git.tag',
    )
    expect(formatPath(['image', 'labels', 'org.example/x'])).toBe('input.image.labels["org.example/x"]')
    expect(formatPath([])).toBe('input')
  })

  it('lie within their ancestors, part by part', () => {
    expect(isWithin(['image', 'labels', 'a'], ['image', 'labels'])).toBe(true)
    expect(isWithin(['image', 'labelsx'], ['image', 'labels'])).toBe(false)
    expect(isWithin(['image'], ['image', 'labels'])).toBe(false)
  })

  it('read own members only', () => {
    expect(valueAt({ a: [{ b: 1 }] }, ['a', 0, 'b'])).toBe(1)
    expect(valueAt({}, ['constructor', 'name'])).toBeUndefined()
    expect(valueAt('text', ['length'])).toBeUndefined()
  })

  it('are set in a copy that shares the rest', () => {
    const document = { a: { b: 1 }, c: { d: [1, 2] } }
    const changed = withValueAt(document, ['a', 'x', 0, 'y'], true) as typeof document
    expect(changed).toEqual({ a: { b: 1, x: [{ y: true }] }, c: { d: [1, 2] } })
    expect(document).toEqual({ a: { b: 1 }, c: { d: [1, 2] } })
    expect(changed.c).toBe(document.c)
  })

  it('are set together as one after the other', () => {
    const document = { a: { b: 1 }, c: { d: [1, 2] } }
    const given = { y: 1 }
    const changed = withValuesAt(document, [
      [['a', 'x'], given],
      [['a', 'x', 'z'], 2],
      [['a', 'b'], 3],
      [['e', 0], 4],
    ]) as typeof document
    expect(changed).toEqual({ a: { b: 3, x: { y: 1, z: 2 } }, c: { d: [1, 2] }, e: [4] })
    expect([document, given]).toEqual([{ a: { b: 1 }, c: { d: [1, 2] } }, { y: 1 }])
    expect(changed.c).toBe(document.c)
  })

  it('have a key of their own', () => {
    const paths = [
      [],
      ['a'],
      ['a', 'b'],
      ['a.1:b'],
      ['ab'],
      ['1'],
      [1],
      [1, 1],
      [11],
      ['#1'],
      ['a', 1],
      ['a#1'],
      ['.1:a'],
    ]
    expect(new Set(paths.map(pathKey)).size).toBe(paths.length)
  })

  it('named __proto__ are members like any other', () => {
    const changed = withValueAt({}, ['__proto__', 'polluted'], 1) as object
    expect(Object.keys(changed)).toEqual(['__proto__'])
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })
})

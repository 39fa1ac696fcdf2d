import { describe, expect, it } from 'vitest'
import { parseChallenges } from './challenge.ts'

const read = (header: string) =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)])

describe('parseChallenges', () => {
  it.each<[string, unknown[]]>([
    ['Basic realm="x"', [['basic', { realm: 'x' }]]],
    ['Basic', [['basic', {}]]],
    ['', []],
    [
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
      [
        [
          'bearer',
          { realm: 'https://auth.docker.io/token', service: 'registry.docker.io', scope: 'repository:a/b:pull,push' },
        ],
      ],
    ],
    ['Bearer realm = "a" , service=b', [['bearer', { realm: 'a', service: 'b' }]]],
    [
      'Negotiate, Basic realm="x"',
      [
        ['negotiate', {}],
        ['basic', { realm: 'x' }],
      ],
    ],
    [
      'Negotiate YWJj==, Bearer realm="x", Basic realm="y"',
      [
        ['negotiate', {}],
        ['bearer', { realm: 'x' }],
        ['basic', { realm: 'y' }],
      ],
    ],
    ['Bearer realm="a\\"b\\\\c"', [['bearer', { realm: 'a"b\\c' }]]],
    ['Bearer REALM="a"', [['bearer', { realm: 'a' }]]],
  ])('reads %s', (header, expected) => {
    expect(read(header)).toEqual(expected)
  })

  it.each([
    'Bearer realm="a',
    'Bearer realm="a" service="b"',
    'Bearer realm="a",realm="b"',
    'Bearer realm="a",Realm="b"',
    'Bearer realm="a\u0000b"',
    '"quoted"',
    '=',
    `Bearer realm="${'x'.repeat(9000)}"`,
  ])('refuses %s', header => {
    expect(() => parseChallenges(header)).toThrow(expect.objectContaining({ code: 'challenge_invalid' }))
  })

  it('refuses hostile headers quickly', () => {
    const started = performance.now()
    for (const header of [
      `${'a '.repeat(4000)}`,
      `a ${'b=c '.repeat(1500)}`,
      `a b="${'\\'.repeat(8000)}`,
      ',\t'.repeat(4000),
    ]) {
      try {
        parseChallenges(header)
      } catch {
        // only the time counts here
      }
    }
    expect(performance.now() - started).toBeLessThan(500)
  })
})

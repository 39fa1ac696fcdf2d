import { formatPlatform } from '@source-policy/core'
import { expect, it } from 'vitest'
import { parseBuildArgs, parseDuration, parsePairs, parsePlatforms } from './flags.ts'

it('takes build arguments from the flag, or by name from the environment', () => {
  const values = ['A=1', 'B', 'C', 'D=x=y', 'A=2', '__proto__=p']
  const args = parseBuildArgs(values, { B: 'from env' })
  expect(Object.entries(args)).toEqual([
    ['A', '2'],
    ['B', 'from env'],
    ['D', 'x=y'],
    ['__proto__', 'p'],
  ])
  expect(() => parsePairs('--label', ['=x'], () => '')).toThrow(expect.objectContaining({ code: 'usage' }))
})

it('reads lists of platforms, each once', () => {
  const platforms = parsePlatforms(['linux/amd64,linux/arm64/v8', 'linux/amd64', ' linux/arm/v7'])
  expect(platforms.map(formatPlatform)).toEqual(['linux/amd64', 'linux/arm64/v8', 'linux/arm/v7'])
  expect(() => parsePlatforms(['not-a-platform'])).toThrow(
    expect.objectContaining({
      code: 'platform_invalid',
      message: 'invalid platform "not-a-platform": unknown operating system or architecture',
    }),
  )
})

it.each([
  ['90', 90_000],
  ['90s', 90_000],
  ['1m30s', 90_000],
  ['500ms', 500],
  ['1.5h', 5_400_000],
])('%s is %i ms', (text, ms) => expect(parseDuration(text)).toBe(ms))

it.each(['', 's', '1d', '-1s', '1 s', '0', '1000h', '1e3', 'Infinity'])('%j is no duration', text => {
  expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: 'usage' }))
})

import { formatPlatform, type Platform } from '@source-policy/core'
import { describe, expect, it } from 'vitest'
import { hostPlatform, normalizePlatform, parsePlatform } from './platform.ts'
import { matchPlatform } from './platform-match.ts'

const host: Platform = { os: 'linux', architecture: 'arm64' }

describe('parsePlatform', () => {
  it.each<[string, Platform, string]>([
    ['linux/amd64', { os: 'linux', architecture: 'amd64' }, 'linux/amd64'],
    ['linux/x86_64', { os: 'linux', architecture: 'amd64' }, 'linux/amd64'],
    ['Linux/AArch64', { os: 'linux', architecture: 'arm64' }, 'linux/arm64'],
    ['linux/arm64/v8', { os: 'linux', architecture: 'arm64', variant: 'v8' }, 'linux/arm64'],
    ['linux/arm', { os: 'linux', architecture: 'arm' }, 'linux/arm/v7'],
    ['linux/arm/6', { os: 'linux', architecture: 'arm', variant: 'v6' }, 'linux/arm/v6'],
    ['linux/armhf', { os: 'linux', architecture: 'arm' }, 'linux/arm/v7'],
    ['linux/armel', { os: 'linux', architecture: 'arm', variant: 'v6' }, 'linux/arm/v6'],
    ['linux/i386', { os: 'linux', architecture: '386' }, 'linux/386'],
    ['linux/amd64/v1', { os: 'linux', architecture: 'amd64' }, 'linux/amd64'],
    ['linux/amd64/v3', { os: 'linux', architecture: 'amd64', variant: 'v3' }, 'linux/amd64/v3'],
    ['macos/arm64', { os: 'darwin', architecture: 'arm64' }, 'darwin/arm64'],
    ['linux', { os: 'linux', architecture: 'arm64' }, 'linux/arm64'],
    ['s390x', { os: 'linux', architecture: 's390x' }, 'linux/s390x'],
    ['windows(10.0.17763)/amd64', { os: 'windows', architecture: 'amd64', osVersion: '10.0.17763' }, 'windows/amd64'],
    [
      'windows(10.0.17763+win32k)/amd64',
      { os: 'windows', architecture: 'amd64', osVersion: '10.0.17763', osFeatures: ['win32k'] },
      'windows/amd64',
    ],
  ])('reads %s', (text, platform, normal) => {
    expect(parsePlatform(text, { host })).toEqual(platform)
    expect(formatPlatform(normalizePlatform(parsePlatform(text, { host })))).toBe(normal)
  })

  it.each(['', '/', 'linux/', 'linux/amd64/v1/x', 'li nux/amd64', 'linux/*', 'beos(%zz)/amd64', 'x'.repeat(300)])(
    'refuses %s',
    text => {
      expect(() => parsePlatform(text)).toThrow(expect.objectContaining({ code: 'platform_invalid' }))
    },
  )

  it('says that a single unknown word is neither', () => {
    expect(() => parsePlatform('beos')).toThrow('unknown operating system or architecture')
  })

  it('takes this machine for a Linux one', () => {
    expect(hostPlatform().os).toBe('linux')
    expect(parsePlatform('linux')).toEqual(hostPlatform())
  })
})

describe('matchPlatform', () => {
  it.each<[string, string, number | undefined]>([
    ['linux/amd64', 'linux/amd64', 0],
    ['linux/amd64', 'linux/amd64/v1', 0],
    ['linux/amd64', 'linux/386', 1],
    ['linux/amd64', 'linux/amd64/v2', undefined],
    ['linux/amd64/v3', 'linux/amd64', 2],
    ['linux/386', 'linux/amd64', undefined],
    ['linux/arm/v7', 'linux/arm/v6', 1],
    ['linux/arm/v6', 'linux/arm/v7', undefined],
    ['linux/arm64', 'linux/arm64/v8', 0],
    ['linux/arm64', 'linux/arm/v8', 1],
    ['linux/arm64', 'linux/arm/v5', 4],
    ['linux/arm64', 'linux/arm64/v9', undefined],
    ['linux/arm64/v9', 'linux/arm64/v8.5', 1],
    ['linux/arm64/v9.2', 'linux/arm64/v9', 2],
    ['linux/arm64/v10', 'linux/arm64/v10', undefined],
    ['linux/riscv64', 'linux/riscv64', 0],
    ['linux/amd64', 'windows/amd64', undefined],
    ['linux/amd64', 'linux(+gpu)/amd64', undefined],
    ['windows(10.0.17763)/amd64', 'windows(10.0.17763.8)/amd64', 0],
    ['windows(10.0.17763)/amd64', 'windows(10.0.20348)/amd64', undefined],
    ['windows(10.0.26100)/amd64', 'windows(10.0.20348)/amd64', 0],
    ['windows/amd64', 'windows(10.0.20348+win32k)/amd64', 0],
  ])('%s runs %s at %s', (wanted, offered, rank) => {
    expect(matchPlatform(parsePlatform(wanted), parsePlatform(offered))).toBe(rank)
  })

  it('takes an empty operating system for the one that is wanted', () => {
    expect(matchPlatform(parsePlatform('linux/arm64'), { os: '', architecture: 'aarch64' })).toBe(0)
    expect(matchPlatform(parsePlatform('linux/arm64'), { os: '', architecture: '' })).toBeUndefined()
  })
})

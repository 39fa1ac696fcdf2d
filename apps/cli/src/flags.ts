import type { Platform } from '@source-policy/core'
import { parsePlatform } from '@source-policy/oci'
import { CliError } from './error.ts'

type Env = Readonly<Record<string, string | undefined>>

/** `K=V` pairs of a repeated flag; `K` alone is given by `whenAlone`, and left out where that is undefined. Throws `usage`. */
export function parsePairs(
  flag: string,
  values: readonly string[],
  whenAlone: (key: string) => string | undefined,
): Record<string, string> {
  const pairs = new Map<string, string>()
  for (const text of values) {
    const at = text.indexOf('=')
    const key = at === -1 ? text : text.slice(0, at)
    if (key === '') throw new CliError('usage', `${flag} ${text}: expected key=value`)
    const value = at === -1 ? whenAlone(key) : text.slice(at + 1)
    if (value !== undefined) pairs.set(key, value)
  }
  return Object.fromEntries(pairs)
}

/** Build arguments; a name alone takes its value from the environment, as with docker build. */
export function parseBuildArgs(values: readonly string[], env: Env): Record<string, string> {
  return parsePairs('--build-arg', values, key => env[key])
}

/** Platforms of a repeated flag, each a list with commas, each once. Throws `platform_invalid`. */
export function parsePlatforms(values: readonly string[]): Platform[] {
  const specifiers = values.flatMap(value => value.split(','))
  return [...new Set(specifiers.map(specifier => specifier.trim()))].map(specifier => parsePlatform(specifier))
}

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** Milliseconds of an age: `30d`, `12h`. Throws `usage`. */
export function parseAge(text: string): number {
  const [, amount, unit] = /^(\d{1,6})([dh])$/.exec(text) ?? []
  if (amount === undefined) throw new CliError('usage', `invalid age ${text}: expected one like 30d or 12h`)
  return Number(amount) * (unit === 'd' ? 24 * 3_600_000 : 3_600_000)
}

/** Milliseconds of a duration: `90s`, `1m30s`, `500ms`; a number alone means seconds. Throws `usage`. */
export function parseDuration(text: string): number {
  const written = /^\d+(?:\.\d+)?$/.test(text) ? `${text}s` : text
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(written)) {
    throw new CliError('usage', `invalid duration ${text}: expected one like 90s, 1m30s, 500ms`)
  }
  let ms = 0
  for (const [, amount, unit] of written.matchAll(/([\d.]+)(ms|s|m|h)/g)) {
    ms += Number(amount) * (unitsMs[unit ?? ''] ?? 0)
  }
  // a timer beyond 2^31 ms would fire at once
  if (ms < 1 || ms > 0x7fffffff) throw new CliError('usage', `invalid duration ${text}: expected 1ms to 24 days`)
  return Math.round(ms)
}

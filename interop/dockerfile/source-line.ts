import type { Platform } from '@source-policy/core'

/** Of the session that runs the build, or of how files travel: nothing a policy sees. */
const passing = /^(?:local\.|oci\.session$|git\.knownsshhosts$)/

/** A source as one line that is equal where the sources are. */
export function sourceLine(
  identifier: string,
  attrs: Readonly<Record<string, string>> = {},
  platform?: Platform | string,
): string {
  const attributes = Object.entries(attrs)
    .filter(([name]) => !passing.test(name))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .sort()
  const on = platform === undefined ? [] : [`[${typeof platform === 'string' ? platform : fullPlatform(platform)}]`]
  return [identifier, ...on, ...attributes].join(' ')
}

function fullPlatform({ os, architecture, variant, osVersion, osFeatures }: Platform): string {
  const options = [osVersion ?? '', ...(osFeatures ?? [])].join('+')
  return [options === '' ? os : `${os}(${options})`, architecture, ...(variant ? [variant] : [])].join('/')
}

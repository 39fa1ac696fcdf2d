import type { Platform } from '@source-policy/core'
import { normalizePlatform } from '@source-policy/oci'

/** `linux/arm/v7`, `windows(10.0.17763)/amd64`: with the version and features of the operating system. */
export function formatFullPlatform({ os, architecture, variant, osVersion, osFeatures }: Platform): string {
  const features = [...new Set(osFeatures ?? [])].filter(feature => feature !== '').sort()
  const options = [escapeOption(osVersion ?? ''), ...features.map(escapeOption)].join('+')
  const parts = [options === '' ? os : `${os}(${options})`, architecture, variant]
  return parts.filter(part => part !== undefined && part !== '').join('/')
}

function escapeOption(text: string): string {
  return text.replace(/[%()+/]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** The key of a platform in the names of contexts. */
export function platformKey(platform: Platform): string {
  return formatFullPlatform(normalizePlatform(platform))
}

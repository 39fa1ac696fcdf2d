import { isIPv4 } from 'node:net'
import { domainToASCII } from 'node:url'

const defaultPorts: Readonly<Record<string, string>> = { http: '80', https: '443' }

/**
 * The host of a URL as policies see it, since v0.38 of docker buildx: names in lower case, in ASCII and without the dot at
 * their end, addresses in their usual form, and no port where it is the one that the scheme means. However a host is written, a
 * policy about it means that host. Undefined where there is no such name or port; empty where there is no host.
 */
export function policyHost(scheme: string, written: string): string | undefined {
  const [, bracketed, bare = '', digits = ''] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d*))?$/.exec(written) ?? []
  const host = bracketed === undefined ? nameOf(bare) : addressOf(bracketed)
  const number = digits === '' ? '' : String(Number(digits))
  if (host === undefined || Number(number) > 65535) return undefined
  return number === '' || number === defaultPorts[scheme] ? host : `${host}:${number}`
}

function nameOf(host: string): string | undefined {
  if (isIPv4(host) || host === '') return host
  const name = /^[\x00-\x7f]*$/.test(host) ? host.toLowerCase() : domainToASCII(host)
  return name === '' ? undefined : name.replace(/\.$/, '')
}

/** An IPv6 address in brackets, its zone as it was written. */
function addressOf(text: string): string | undefined {
  const percent = text.indexOf('%')
  const [address, zone] = percent < 0 ? [text, ''] : [text.slice(0, percent), text.slice(percent)]
  const url = `http://[${address}]`
  if (!URL.canParse(url)) return undefined
  const { hostname } = new URL(url)
  const [, high, low] = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(hostname) ?? []
  const mapped = high !== undefined && low !== undefined ? `::ffff:${dotted(high)}.${dotted(low)}` : undefined
  return `[${mapped ?? hostname.slice(1, -1)}${zone}]`
}

function dotted(group: string): string {
  const value = Number.parseInt(group, 16)
  return `${value >> 8}.${value & 255}`
}

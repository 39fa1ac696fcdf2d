import { isIPv6 } from 'node:net'

/*
 * URLs as Go's net/url reads them. Policies see the fields of that parser, which differ from those of the WHATWG parser:
 * the path keeps its dot segments, and much that browsers repair is refused.
 * https://pkg.go.dev/net/url#Parse
 */

export interface GoURL {
  readonly scheme: string
  /** With the port as it was written. */
  readonly host: string
  /** Percent-decoded. */
  readonly path: string
  /** As it was written, without its question mark. */
  readonly rawQuery: string
}

/** The parts of `scheme://...`; undefined where Go refuses the URL. */
export function parseGoURL(text: string): GoURL | undefined {
  const [beforeFragment, fragment = ''] = cut(text, '#')
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?]*)([^?]*)(?:\?(.*))?$/is.exec(beforeFragment)
  if (match === null || controlCharacter.test(beforeFragment) || percentDecode(fragment) === undefined) return undefined
  const [, scheme = '', authority = '', rawPath = '', rawQuery = ''] = match
  const at = authority.lastIndexOf('@')
  if (at >= 0 && !isUserinfo(authority.slice(0, at))) return undefined
  const host = parseHost(authority.slice(at + 1))
  const path = percentDecode(rawPath)
  if (host === undefined || path === undefined) return undefined
  return { scheme: scheme.toLowerCase(), host, path, rawQuery }
}

/**
 * The pairs of a query by name, in order. Pairs that Go cannot read (bad escapes, semicolons) are left out, as by its `Query()`.
 *
 * @see https://pkg.go.dev/net/url#URL.Query
 */
export function parseGoQuery(rawQuery: string): Record<string, string[]> {
  const values = new Map<string, string[]>()
  for (const pair of rawQuery.split('&')) {
    if (pair === '' || pair.includes(';')) continue
    const [rawName, rawValue = ''] = cut(pair, '=')
    const name = percentDecode(rawName.replaceAll('+', ' '))
    const value = percentDecode(rawValue.replaceAll('+', ' '))
    if (name === undefined || value === undefined) continue
    const known = values.get(name)
    if (known === undefined) values.set(name, [value])
    else known.push(value)
  }
  return Object.fromEntries(values)
}

const controlCharacter = /[\x00-\x1f\x7f]/

/** Userinfo holds unreserved characters, sub-delimiters, colons and escapes. */
function isUserinfo(text: string): boolean {
  return (
    /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(text) && text.split(':').every(part => percentDecode(part) !== undefined)
  )
}

/** A name, or an IPv6 address in brackets, which may have an escaped zone; either with an optional, possibly empty port. */
function parseHost(text: string): string | undefined {
  if (!text.startsWith('[')) {
    const [name, port] = cut(text, ':')
    return name.includes('[') || (port !== undefined && !isOptionalPort(`:${port}`)) ? undefined : decodeHost(text)
  }
  const end = text.indexOf(']')
  const [address, zone] = cut(text.slice(1, end), '%25')
  const decodedZone = zone === undefined ? undefined : percentDecode(zone)
  if (end < 0 || address.includes('%') || !isIPv6(address) || !isOptionalPort(text.slice(end + 1))) return undefined
  if (zone !== undefined && (decodedZone === undefined || decodedZone === '')) return undefined
  return `[${address}${zone === undefined ? '' : `%${decodedZone}`}${text.slice(end)}`
}

function isOptionalPort(text: string): boolean {
  return /^(?::\d*)?$/.test(text)
}

/** In a host only bytes beyond ASCII, and the percent sign itself, may be escaped; and few characters may stand as they are. */
function decodeHost(text: string): string | undefined {
  const allowed = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:[\]<>"]|[^\x00-\x7f]|%25|%[89a-f][0-9a-f])*$/i
  return allowed.test(text) ? percentDecode(text) : undefined
}

/** Percent-decoded; undefined where an escape is malformed. */
function percentDecode(text: string): string | undefined {
  if (!text.includes('%')) return text
  if (/%(?![0-9a-f]{2})/i.test(text)) return undefined
  const encoded = new TextEncoder().encode(text)
  const bytes = new Uint8Array(encoded.length)
  let length = 0
  for (let index = 0; index < encoded.length; index++) {
    const isEscape = encoded[index] === 0x25
    bytes[length++] = isEscape
      ? Number.parseInt(String.fromCharCode(encoded[index + 1]!, encoded[index + 2]!), 16)
      : encoded[index]!
    if (isEscape) index += 2
  }
  return decodeUTF8(bytes.subarray(0, length))
}

/** Go's JSON encoder writes U+FFFD for each byte that is not part of a character; decoders of the web merge some of them. */
function decodeUTF8(bytes: Uint8Array): string {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const decode = (part: Uint8Array) => {
    try {
      return decoder.decode(part)
    } catch {
      return undefined
    }
  }
  const whole = decode(bytes)
  if (whole !== undefined) return whole
  let text = ''
  for (let index = 0; index < bytes.length; ) {
    const length = [1, 2, 3, 4].find(count => decode(bytes.subarray(index, index + count)) !== undefined)
    text += length === undefined ? '\ufffd' : decode(bytes.subarray(index, index + length))
    index += length ?? 1
  }
  return text
}

function cut(text: string, separator: string): [string, string?] {
  const index = text.indexOf(separator)
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + separator.length)]
}

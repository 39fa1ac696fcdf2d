/**
 * A URI taken apart without being rewritten: no default ports, no dot segments, no IDN. A WHATWG URL would show policies
 * another host and path than the one that BuildKit fetches from.
 *
 * @see https://www.rfc-editor.org/rfc/rfc3986#section-3
 */
export interface URI {
  /** Lower case; empty where there is none. */
  readonly scheme: string
  /** `user` or `user:password`, percent-encoded; absent where there is none. */
  readonly userinfo?: string
  /** With the port, percent-decoded. */
  readonly host: string
  /** Percent-decoded. */
  readonly path: string
  /** As written, without `?`. */
  readonly rawQuery: string
  /** Percent-decoded, without `#`. */
  readonly fragment: string
  /** The URI without query and fragment, escaped where it has to be. */
  readonly base: string
}

const unreserved = /[A-Za-z0-9\-._~]/
const userinfoText = /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/
const hostCharacter = /[A-Za-z0-9\-._~!$&'()*+,;=:[\]<>"]/
const pathCharacter = /[A-Za-z0-9\-._~!$&'()*+,;=:@[\]/%]/
/** What stays as it is when a decoded part is escaped again. */
const plainIn = { path: /[$&+,/:;=@]/, userinfo: /[$&+,;=]/ } as const

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const percent = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`

/** The parts of a URI, or undefined where the text is none. Never throws. */
export function parseURI(text: string): URI | undefined {
  // hostile: a control character could split a request line or a terminal
  if (/[\0-\x1f\x7f]/.test(text)) return undefined
  const [beforeFragment, rawFragment] = cut(text, '#')
  const scheme = /^([A-Za-z][A-Za-z0-9+\-.]*):/.exec(beforeFragment)?.[1] ?? ''
  if (scheme === '' && beforeFragment.startsWith(':')) return undefined
  const [hierarchy, rawQuery] = cut(beforeFragment.slice(scheme === '' ? 0 : scheme.length + 1), '?')
  if (scheme !== '' && !hierarchy.startsWith('/')) return undefined
  if (scheme === '' && cut(hierarchy, '/')[0].includes(':')) return undefined

  const hasAuthority = hierarchy.startsWith('//')
  const slash = hasAuthority ? hierarchy.indexOf('/', 2) : 0
  const authority = hasAuthority
    ? parseAuthority(scheme.toLowerCase(), hierarchy.slice(2, slash === -1 ? undefined : slash))
    : noAuthority
  const rawPath = slash === -1 ? '' : hierarchy.slice(slash)
  const path = decodePercent(rawPath)
  const fragment = decodePercent(rawFragment)
  if (authority === undefined || path === undefined || fragment === undefined) return undefined

  const { userinfo, host } = authority
  const escapedPath = every(rawPath, pathCharacter) ? rawPath : escapeText(path, plainIn.path)
  // a percent sign in a host is that of an IPv6 zone
  const escapedHost = [...bytesOf(host)]
    .map(byte => (byte < 0x80 && byte !== 0x25 ? String.fromCharCode(byte) : percent(byte)))
    .join('')
  const at = userinfo === undefined ? '' : `${userinfo}@`
  // nothing is left of `git://`, as Go prints it
  const isPresent = hasAuthority && at + host + path !== ''
  return {
    scheme: scheme.toLowerCase(),
    ...(userinfo === undefined ? {} : { userinfo }),
    host,
    path,
    rawQuery,
    fragment,
    base: `${scheme === '' ? '' : `${scheme.toLowerCase()}:`}${isPresent ? `//${at}${escapedHost}` : ''}${escapedPath}`,
  }
}

/** The parameters of a query in the order of their first mention; what is malformed is left out, as Go does. */
export function parseQuery(rawQuery: string): Map<string, string[]> {
  const parameters = new Map<string, string[]>()
  for (const pair of rawQuery.split('&')) {
    const parameter = pair === '' ? undefined : parseParameter(pair)
    if (parameter === undefined) continue
    const [name, value] = parameter
    // in place: hostile text names one a million times
    const known = parameters.get(name)
    if (known === undefined) parameters.set(name, [value])
    else known.push(value)
  }
  return parameters
}

/** Whether nothing of a query is malformed. */
export function isQuery(rawQuery: string): boolean {
  return rawQuery.split('&').every(pair => pair === '' || parseParameter(pair) !== undefined)
}

function parseParameter(pair: string): [name: string, value: string] | undefined {
  // a `;` would separate parameters for one reader and not for the other
  if (pair.includes(';')) return undefined
  const [rawName, rawValue] = cut(pair, '=')
  const name = decodePercent(rawName.replaceAll('+', ' '))
  const value = decodePercent(rawValue.replaceAll('+', ' '))
  return name === undefined || value === undefined ? undefined : [name, value]
}

/** The text before and after the first `separator`. */
export function cut(text: string, separator: string): [before: string, after: string] {
  const at = text.indexOf(separator)
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)]
}

const noAuthority: { userinfo?: string; host: string } = { host: '' }

function parseAuthority(scheme: string, authority: string): { userinfo?: string; host: string } | undefined {
  const at = authority.lastIndexOf('@')
  const host = parseHost(scheme, authority.slice(at + 1))
  if (host === undefined) return undefined
  if (at === -1) return { host }
  const rawUserinfo = authority.slice(0, at)
  if (!userinfoText.test(rawUserinfo)) return undefined
  const [rawUser, rawPassword] = cut(rawUserinfo, ':')
  const user = decodePercent(rawUser)
  const password = decodePercent(rawPassword)
  if (user === undefined || password === undefined) return undefined
  const secret = rawUserinfo.includes(':') ? `:${escapeText(password, plainIn.userinfo)}` : ''
  return { userinfo: `${escapeText(user, plainIn.userinfo)}${secret}`, host }
}

/** Go's rules since 1.26: brackets hold an IPv6 address and nothing else, and http knows one colon, that of the port. */
function parseHost(scheme: string, raw: string): string | undefined {
  const close = raw.lastIndexOf(']')
  const isLiteral = raw.startsWith('[')
  if (isLiteral ? close === -1 : raw.includes('[')) return undefined
  const isHTTP = scheme === 'http' || scheme === 'https'
  const colon = isLiteral ? close + 1 : isHTTP ? raw.indexOf(':') : raw.lastIndexOf(':')
  const port = colon === -1 ? '' : raw.slice(colon)
  if (!/^(?::[0-9]*)?$/.test(port)) return undefined
  if (isLiteral) {
    const [address, zone] = cut(raw.slice(1, close), '%25')
    const zoneText = decodePercent(zone)
    const hasZone = raw.slice(1, close).includes('%25')
    if (zoneText === undefined || (hasZone && zoneText === '') || !isIPv6(address)) return undefined
    return `[${address}${hasZone ? `%${zoneText}` : ''}]${port}`
  }
  // only what is not ASCII may be percent-encoded in a host
  if (/%(?![89A-Fa-f][0-9A-Fa-f])/.test(raw)) return undefined
  const host = decodePercent(raw)
  return host !== undefined && [...host].every(char => char >= '\x80' || hostCharacter.test(char)) ? host : undefined
}

function isIPv6(text: string): boolean {
  const byte = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
  const withoutIPv4 = text.replace(new RegExp(`(?<=:)${byte}(?:\\.${byte}){3}$`), '0:0')
  const halves = withoutIPv4.split('::')
  const groups = halves.flatMap(half => (half === '' ? [] : half.split(':')))
  const isWhole = halves.length === 1 ? groups.length === 8 : halves.length === 2 && groups.length < 8
  return isWhole && groups.every(group => /^[0-9A-Fa-f]{1,4}$/.test(group))
}

function decodePercent(text: string): string | undefined {
  if (!text.includes('%')) return text
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined
  const bytes: number[] = []
  for (const part of text.split(/(%[0-9A-Fa-f]{2})/)) {
    if (part.startsWith('%')) bytes.push(Number.parseInt(part.slice(1), 16))
    else bytes.push(...bytesOf(part))
  }
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes))
}

function escapeText(text: string, plain: RegExp): string {
  let escaped = ''
  for (const char of text) {
    if (unreserved.test(char) || plain.test(char)) escaped += char
    else for (const byte of bytesOf(char)) escaped += percent(byte)
  }
  return escaped
}

function every(text: string, allowed: RegExp): boolean {
  for (const char of text) if (!allowed.test(char)) return false
  return true
}

import { redactURL } from '@source-policy/core'
import { TransportError } from './error.ts'

const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** @see https://www.rfc-editor.org/rfc/rfc9110#section-15.4 */
export function isRedirect(status: number): boolean {
  return redirectStatuses.has(status)
}

/** Headers that another origin may see: what the caller wants, nothing about who asks. */
const harmlessHeaders: ReadonlySet<string> = new Set([
  'accept',
  'accept-language',
  'range',
  'if-range',
  'if-none-match',
])

/** The headers for another origin than the one they were meant for. */
export function headersElsewhere(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => harmlessHeaders.has(name.toLowerCase())))
}

/**
 * Where a redirect leads. Throws `redirect_forbidden` for https to http (what was promised secret and intact would be
 * neither), for other schemes, and for a POST that would have to be sent again to another origin or as a GET.
 */
export function redirectTarget(from: URL, status: number, location: string | undefined, method: string): URL {
  const refuse = (reason: string): never => {
    throw new TransportError('redirect_forbidden', `${method} ${redactURL(from)}: ${status} ${reason}`, { status })
  }
  if (location === undefined) return refuse('without a location')
  if (!URL.canParse(location, from.href)) return refuse('to a location that is not a URL')
  const to = new URL(location, from.href)
  // a server must not choose credentials; to.href would send them
  to.username = ''
  to.password = ''
  to.hash = ''
  if (to.protocol !== 'https:' && to.protocol !== 'http:') return refuse(`to the scheme ${to.protocol}`)
  if (from.protocol === 'https:' && to.protocol === 'http:') return refuse(`from https to http: ${redactURL(to)}`)
  if (method === 'POST' && (to.origin !== from.origin || (status !== 307 && status !== 308))) {
    return refuse(`of a POST to ${redactURL(to)}`)
  }
  return to
}

import { type Description, type HttpInput, redactURL, type Source } from '@source-policy/core'
import { HTTPSourceError } from './error.ts'
import { type GoURL, parseGoQuery, parseGoURL } from './go-url.ts'
import { MAX_IDENTIFIER_LENGTH } from './limits.ts'
import { policyHost } from './policy-host.ts'

/** The parts of an identifier. Throws `invalid_identifier`. */
export function parseIdentifier(identifier: string): GoURL {
  if (identifier.length > MAX_IDENTIFIER_LENGTH) {
    throw invalid(identifier, `longer than ${MAX_IDENTIFIER_LENGTH} characters`)
  }
  // the scheme is compared as it is written, as buildx does
  if (!/^https?:\/\//.test(identifier)) throw invalid(identifier, 'expected http://... or https://...')
  const url = parseGoURL(identifier)
  if (url === undefined) throw invalid(identifier, 'not a URL')
  return url
}

function invalid(identifier: string, reason: string): HTTPSourceError {
  return new HTTPSourceError(
    'invalid_identifier',
    `reading the source ${redactURL(identifier.slice(0, 200))}: ${reason}`,
  )
}

/** The input of an HTTP source without its checksum, which nobody knows before the download. */
export function describeSource({ identifier, attrs }: Source): Description {
  const { scheme, host: written, path, rawQuery } = parseIdentifier(identifier)
  const host = policyHost(scheme, written)
  if (host === undefined) throw invalid(identifier, 'the host is no name or address with a port up to 65535')
  const query = parseGoQuery(rawQuery)
  const http: HttpInput = {
    url: identifier,
    schema: scheme,
    ...(host !== '' && { host }),
    ...(path !== '' && { path }),
    ...(Object.keys(query).length > 0 && { query }),
    ...(Object.hasOwn(attrs, 'http.authheadersecret') && { hasAuth: true }),
  }
  return { input: { http }, unknown: [['http', 'checksum']] }
}

/**
 * The URL to request. Throws `ambiguous_url` where the parser of this platform would ask another host or path than the one
 * that the policy sees and the build asks: dot segments, backslashes, spaces at the end, a missing host.
 */
export function requestURL(identifier: string): URL {
  const go = parseIdentifier(identifier)
  const refuse = (reason: string) =>
    new HTTPSourceError('ambiguous_url', `requesting ${redactURL(identifier)}: ${reason} could be read in several ways`)
  if (!URL.canParse(identifier)) throw refuse('the host')
  const url = new URL(identifier)
  if (!isSameHost(go.host, url)) throw refuse('the host')
  // by Go's decoding of what would be sent: dot segments, backslashes and spaces at the end do not stay as they are written
  if (parseGoURL(url.href)?.path !== (go.path === '' ? '/' : go.path) || go.path.includes('\\'))
    throw refuse('the path')
  url.hash = ''
  return url
}

/** Names beyond ASCII and addresses in unusual notations are rewritten by the parser, the same way as by whoever resolves them. */
function isSameHost(host: string, url: URL): boolean {
  const isPlainName = /^[A-Za-z0-9.-]*(?::\d*)?$/.test(host) && !/(?:^|\.)(?:0x[0-9a-f]*|\d+)\.?(?::\d*)?$/i.test(host)
  if (!isPlainName) return host !== ''
  const [name = '', port = ''] = host.toLowerCase().split(':')
  const defaultPort = url.protocol === 'https:' ? '443' : '80'
  const meantPort = port === '' ? defaultPort : String(Number(port))
  return name === url.hostname && meantPort === (url.port === '' ? defaultPort : url.port)
}

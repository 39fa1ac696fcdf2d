import type { Platform } from '@source-policy/core'
import { isDigest, parseDigest } from './digest.ts'
import { OciError, quote } from './error.ts'
import { MAX_PURL_CHARS } from './limits.ts'
import { parsePlatform } from './platform.ts'
import { formatReference, parseReference } from './reference.ts'

/**
 * The image that a package URL of type `docker` names: `pkg:docker/ghcr.io/foo/bar@v2?platform=linux%2Famd64`.
 * The version is a tag, or a digest where it is one; without version and digest it is `latest`.
 * Throws `purl_invalid`, or a code of `parseReference`, `parseDigest` and `parsePlatform`.
 *
 * @see https://github.com/package-url/purl-spec/blob/main/types-doc/docker-definition.md
 */
export function purlToReference(purl: string): { reference: string; platform?: Platform } {
  const { type, name, version, qualifiers } = parsePurl(purl)
  if (type !== 'docker') {
    throw new OciError('purl_invalid', `reading package URL ${quote(purl)}: expected type docker, got ${quote(type)}`)
  }
  let digest = isDigest(version) ? version : undefined
  const tag = digest === undefined && version !== '' ? `:${version}` : ''
  let platform: Platform | undefined
  for (const [key, value] of qualifiers) {
    if (key === 'platform') platform = parsePlatform(value)
    if (key === 'digest') {
      if (digest !== undefined && digest !== value) {
        throw new OciError('purl_invalid', `reading package URL ${quote(purl)}: it names two digests`)
      }
      digest = parseDigest(value)
    }
  }
  const defaultTag = digest === undefined && version === '' ? ':latest' : ''
  const reference = parseReference(`${name}${tag}${defaultTag}${digest === undefined ? '' : `@${digest}`}`)
  return { reference: formatReference(reference), ...(platform === undefined ? {} : { platform }) }
}

interface Purl {
  type: string
  /** With its namespace. */
  name: string
  version: string
  qualifiers: Map<string, string>
}

// scheme:type/namespace/name@version?qualifiers#subpath
function parsePurl(purl: string): Purl {
  const fail = (problem: string): never => {
    throw new OciError('purl_invalid', `reading package URL ${quote(purl)}: ${problem}`)
  }
  const decode = (text: string): string => {
    try {
      return decodeURIComponent(text)
    } catch {
      return fail(`malformed escape in ${quote(text)}`)
    }
  }
  if (purl.length > MAX_PURL_CHARS) fail(`longer than ${MAX_PURL_CHARS} characters`)
  if (!/^pkg:/i.test(purl)) fail('it does not begin with pkg:')
  const beforeSubpath = purl.slice(4).split('#', 1)[0] ?? ''
  const question = beforeSubpath.indexOf('?')
  const beforeQuery = (question < 0 ? beforeSubpath : beforeSubpath.slice(0, question)).replace(/^\/+|\/+$/g, '')
  const slash = beforeQuery.indexOf('/')
  if (slash < 1) fail('expected type/name')
  const type = beforeQuery.slice(0, slash).toLowerCase()
  if (!/^[a-z][a-z0-9.+-]*$/.test(type)) fail('malformed type')
  const rest = beforeQuery.slice(slash + 1)
  const at = rest.lastIndexOf('@')
  const path = (at < 0 ? rest : rest.slice(0, at)).split('/').filter(segment => segment !== '')
  if (path.length === 0) fail('it has no name')
  const qualifiers = new Map<string, string>()
  const query = question < 0 ? '' : beforeSubpath.slice(question + 1)
  for (const pair of query.split('&').filter(text => text !== '')) {
    const equals = pair.indexOf('=')
    const key = (equals < 0 ? pair : pair.slice(0, equals)).toLowerCase()
    if (!/^[a-z._-][a-z0-9._-]*$/.test(key)) fail(`malformed qualifier ${quote(key)}`)
    // one key with two values would let two readers see two images
    if (qualifiers.has(key)) fail(`qualifier ${quote(key)} stands twice`)
    if (equals >= 0 && equals < pair.length - 1) qualifiers.set(key, decode(pair.slice(equals + 1)))
  }
  return { type, name: path.map(decode).join('/'), version: at < 0 ? '' : decode(rest.slice(at + 1)), qualifiers }
}

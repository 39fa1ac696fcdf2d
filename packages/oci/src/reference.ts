import { type Digest, isDigest, parseDigest } from './digest.ts'
import { OciError, quote } from './error.ts'
import { MAX_REFERENCE_CHARS, MAX_REPOSITORY_CHARS } from './limits.ts'
import type { Mutable } from './mutable.ts'

/** An image reference in its parts: `docker.io` / `library/alpine` : `3.22` @ `sha256:...`. */
export interface Reference {
  /** Registry with its port; `docker.io` for Docker Hub. Empty only in what `parseBareReference` returns. */
  readonly domain: string
  readonly path: string
  readonly tag?: string
  readonly digest?: Digest
}

const DEFAULT_DOMAIN = 'docker.io'
const LEGACY_DEFAULT_DOMAIN = 'index.docker.io'
const OFFICIAL_PREFIX = 'library/'
/** The tag of a reference that names none. */
export const DEFAULT_TAG = 'latest'

//   reference      := name [ ":" tag ] [ "@" digest ]        name   := [ domain "/" ] path
//   domain         := host [ ":" port ]                      host   := domain-name | IPv4 | "[" IPv6 "]"
//   path           := component { "/" component }            tag    := /\w[\w.-]{0,127}/
const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*'
const pathPattern = `${component}(?:/${component})*`
const label = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?'
const domainPattern = `(?:${label}(?:\\.${label})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`
const digestPattern = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}'
const grammar = new RegExp(`^((?:${domainPattern}/)?${pathPattern})(?::(\\w[\\w.-]{0,127}))?(?:@(${digestPattern}))?$`)
const nameGrammar = new RegExp(`^(?:(${domainPattern})/)?(${pathPattern})$`)
const tagGrammar = /^\w[\w.-]{0,127}$/
const identifier = /^[a-f0-9]{64}$/

/**
 * The reference that a user's text names, in full: `alpine` is `docker.io/library/alpine`. No tag is added.
 * Throws `reference_invalid`, `name_empty`, `name_uppercase`, `name_too_long`, or a code of `parseDigest`.
 *
 * @see https://github.com/distribution/reference/blob/v0.6.0/reference.go
 */
export function parseReference(text: string): Reference {
  if (identifier.test(text)) {
    throw new OciError('reference_invalid', `parsing reference ${quote(text)}: 64 hexadecimal digits are an image id`)
  }
  const [domain, remainder] = splitDomain(text)
  const repository = remainder.split(':', 1)[0] ?? ''
  if (repository !== repository.toLowerCase()) {
    throw new OciError('name_uppercase', `parsing reference ${quote(text)}: repository name must be lowercase`)
  }
  return parseBareReference(`${domain}/${remainder}`)
}

/** The parts of a reference just as they are written: nothing is added, and `domain` is empty where there is none. */
export function parseBareReference(text: string): Reference {
  if (text === '') throw new OciError('name_empty', 'parsing reference: it is empty')
  if (text.length > MAX_REFERENCE_CHARS) {
    throw new OciError('reference_invalid', `parsing reference ${quote(text)}: longer than ${MAX_REFERENCE_CHARS}`)
  }
  const match = grammar.exec(text)
  if (match === null) {
    const lower = text.toLowerCase()
    if (lower !== text && grammar.test(lower)) {
      throw new OciError('name_uppercase', `parsing reference ${quote(text)}: repository name must be lowercase`)
    }
    throw new OciError('reference_invalid', `parsing reference ${quote(text)}: invalid reference format`)
  }
  const [, name = '', tag, digest] = match
  const [, domain = '', path = ''] = nameGrammar.exec(name) ?? []
  if (path.length > MAX_REPOSITORY_CHARS) {
    throw new OciError(
      'name_too_long',
      `parsing reference ${quote(text)}: repository name is longer than ${MAX_REPOSITORY_CHARS}`,
    )
  }
  const reference: Mutable<Reference> = { domain, path }
  if (tag !== undefined) reference.tag = tag
  if (digest !== undefined) reference.digest = parseDigest(digest)
  return reference
}

/** Like `parseReference`, but 64 hexadecimal digits or a bare digest are the digest itself. */
export function parseAnyReference(text: string): Reference | Digest {
  if (identifier.test(text)) return parseDigest(`sha256:${text}`)
  return isDigest(text) ? text : parseReference(text)
}

/** What Docker would pull for the text: by digest where there is one, otherwise by tag, `latest` by default. */
export function parseDockerReference(text: string): Reference {
  const reference = parseReference(text)
  if (reference.digest === undefined) return tagNameOnly(reference)
  return { domain: reference.domain, path: reference.path, digest: reference.digest }
}

/** The reference with `:latest` where it has neither tag nor digest. */
export function tagNameOnly(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: DEFAULT_TAG } : reference
}

/** The reference with the tag in place of its own. Throws `reference_invalid` where it is none. */
export function withTag(reference: Reference, tag: string): Reference {
  if (!tagGrammar.test(tag)) throw new OciError('reference_invalid', `invalid tag format: ${quote(tag)}`)
  return { ...reference, tag }
}

/** The reference with the digest in place of its own; the tag stays. */
export function withDigest({ domain, path, tag }: Reference, digest: Digest): Reference {
  return tag === undefined ? { domain, path, digest } : { domain, path, tag, digest }
}

/** Registry and repository: `docker.io/library/alpine`. */
export function repositoryName({ domain, path }: Reference): string {
  return domain === '' ? path : `${domain}/${path}`
}

/** The repository as people write it: `alpine`, `moby/buildkit`, `ghcr.io/org/app`. */
export function familiarName(reference: Reference): string {
  if (reference.domain !== DEFAULT_DOMAIN) return repositoryName(reference)
  const rest = reference.path.startsWith(OFFICIAL_PREFIX) ? reference.path.slice(OFFICIAL_PREFIX.length) : '/'
  return rest.includes('/') ? reference.path : rest
}

/** The full text: `docker.io/library/alpine:3.22@sha256:...`. */
export function formatReference(reference: Reference): string {
  return `${repositoryName(reference)}${suffix(reference)}`
}

/** The text as people write it: `alpine:3.22`. */
export function formatFamiliarReference(reference: Reference): string {
  return `${familiarName(reference)}${suffix(reference)}`
}

function suffix({ tag, digest }: Reference): string {
  return `${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`
}

function splitDomain(text: string): [domain: string, remainder: string] {
  const slash = text.indexOf('/')
  if (slash < 0) return [DEFAULT_DOMAIN, OFFICIAL_PREFIX + text]
  const first = text.slice(0, slash)
  const rest = text.slice(slash + 1)
  const isDomain = first === 'localhost' || /[.:]/.test(first) || first.toLowerCase() !== first
  const domain = !isDomain || first === LEGACY_DEFAULT_DOMAIN ? DEFAULT_DOMAIN : first
  const remainder = isDomain ? rest : text
  return [domain, domain === DEFAULT_DOMAIN && !remainder.includes('/') ? OFFICIAL_PREFIX + remainder : remainder]
}

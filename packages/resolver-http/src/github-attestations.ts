import { decodeJSON, type Run, redactURL } from '@source-policy/core'
import type { Transport, TransportResponse } from '@source-policy/transport'
import { HTTPSourceError } from './error.ts'
import { MAX_ATTESTATION_PAGE_BYTES, MAX_ATTESTATION_PAGES, MAX_ATTESTATIONS, MAX_BUNDLE_BYTES } from './limits.ts'
import { decodeSnappy } from './snappy.ts'

/** Where attestations of GitHub are asked for, and with what. */
export interface GitHubOptions {
  /**
   * Base URL of the REST API. Default: `https://api.github.com`. A GitHub Enterprise Server has `https://<host>/api/v3`, data
   * residency `https://api.<name>.ghe.com`.
   */
  readonly api?: string
  /** The operator's token. It is sent to the API and nowhere else, and not for materials. Default: none. */
  readonly token?: string
}

export interface AttestationQuery {
  /** `owner/name` */
  readonly repository: string
  /** `sha256:...` */
  readonly digest: string
  readonly predicateType: string
}

interface ClientOptions extends GitHubOptions {
  readonly transport: Transport
  readonly run: Run
  readonly signal: AbortSignal
}

/** A Sigstore bundle as somebody stored it with the repository; or why it cannot be had. */
export type StoredBundle = { readonly bundle: Uint8Array | string } | { readonly error: unknown }

const GITHUB_API = 'https://api.github.com'

/** Whether a text names a repository and nothing else. Names of managed users have an underscore. */
export function isRepositoryName(text: unknown): text is string {
  if (typeof text !== 'string' || !/^[A-Za-z0-9_-]{1,100}\/[A-Za-z0-9._-]{1,100}$/.test(text)) return false
  return !/\/\.{1,2}$/.test(text)
}

/**
 * The bundles that a repository has for a digest: page after page as they are wanted, in each first those that stand in the answer.
 * Throws what stops the whole listing; a bundle that cannot be had comes as its error.
 *
 * @see https://docs.github.com/en/rest/repos/attestations
 */
export async function* githubAttestations(
  { repository, digest, predicateType }: AttestationQuery,
  options: ClientOptions,
): AsyncGenerator<StoredBundle, void, undefined> {
  const base = new URL(`${(options.api ?? GITHUB_API).replace(/\/+$/, '')}/`)
  const query = new URLSearchParams({ predicate_type: predicateType, per_page: '100' })
  let next: URL | undefined = new URL(`repos/${repository}/attestations/${digest}?${query.toString()}`, base)
  let count = 0
  for (let page = 0; next !== undefined; page++) {
    if (page === MAX_ATTESTATION_PAGES) {
      throw new HTTPSourceError('too_large', `${repository}: more than ${MAX_ATTESTATION_PAGES} pages of attestations`)
    }
    const { attestations, following }: Page = await readPage(next, options)
    count += attestations.length
    if (count > MAX_ATTESTATIONS) {
      throw new HTTPSourceError('too_large', `${repository}: more than ${MAX_ATTESTATIONS} attestations of ${digest}`)
    }
    for (const { bundle } of attestations) if (bundle !== undefined) yield { bundle }
    for (const { url } of attestations) {
      if (url === undefined) continue
      try {
        yield { bundle: await fetchBundle(url, base, options) }
      } catch (error) {
        options.signal.throwIfAborted()
        yield { error }
      }
    }
    next = following
  }
}

interface Page {
  readonly attestations: readonly { readonly bundle?: string; readonly url?: string }[]
  readonly following: URL | undefined
}

async function readPage(url: URL, { transport, run, signal, token }: ClientOptions): Promise<Page> {
  const response = await transport.request({
    method: 'GET',
    url,
    headers: { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' },
    maxBytes: MAX_ATTESTATION_PAGE_BYTES,
    run,
    signal,
    ...(token !== undefined && { authorization: { host: url.host, value: `Bearer ${token}` } }),
  })
  // GitHub's word for a digest that it has nothing of
  if (response.status === 404) {
    await response.discard()
    return { attestations: [], following: undefined }
  }
  await refuseStatus(response)
  const document = decodeJSON(await response.bytes(), { what: `answer of ${redactURL(url)}` })
  return { attestations: readAttestations(document, url), following: followingPage(response, url) }
}

function readAttestations(document: unknown, url: URL): Page['attestations'] {
  const list = isObject(document) ? document.attestations : undefined
  if (!Array.isArray(list)) throw malformed(url, 'expected a list of attestations')
  return list.map(item => {
    if (!isObject(item)) throw malformed(url, 'an attestation is no object')
    const { bundle, bundle_url: stored } = item
    const attestation = {
      ...(isObject(bundle) && { bundle: JSON.stringify(bundle) }),
      ...(typeof stored === 'string' && stored !== '' && { url: stored }),
    }
    if (Object.keys(attestation).length > 0) return attestation
    throw malformed(url, 'an attestation has neither bundle nor bundle_url')
  })
}

/** The next page, which must be at the same place: the token goes with it. */
function followingPage(response: TransportResponse, url: URL): URL | undefined {
  for (const link of (response.headers.get('link') ?? '').split(/,(?=\s*<)/)) {
    const [, target = ''] = /^\s*<([^>]*)>\s*;(?:[^,]*;)?\s*rel="?next"?\s*(?:;|$)/.exec(link) ?? []
    if (target === '') continue
    const next = URL.canParse(target, url.href) ? new URL(target, url.href) : undefined
    if (next === undefined || next.origin !== url.origin) throw malformed(url, 'the next page is elsewhere')
    return next
  }
  return undefined
}

/** From wherever GitHub keeps it, without the token. */
async function fetchBundle(text: string, base: URL, { transport, run, signal }: ClientOptions): Promise<Uint8Array> {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== base.protocol)) {
    throw malformed(base, `the address of a bundle is no https URL`)
  }
  url.username = ''
  url.password = ''
  const response = await transport.request({ method: 'GET', url, maxBytes: MAX_BUNDLE_BYTES, run, signal })
  await refuseStatus(response)
  const bytes = await response.bytes()
  return url.pathname.endsWith('.json.sn') ? decodeSnappy(bytes, MAX_BUNDLE_BYTES) : bytes
}

async function refuseStatus(response: TransportResponse): Promise<void> {
  const { status, headers, url } = response
  if (status === 200) return
  await response.discard()
  const isLimited = status === 403 && headers.get('x-ratelimit-remaining') === '0'
  const code = isLimited ? 'rate_limited' : status === 401 || status === 403 ? 'unauthorized' : 'unexpected_status'
  throw new HTTPSourceError(code, `GET ${redactURL(url)}: got status ${status}`)
}

function malformed(url: URL, problem: string): HTTPSourceError {
  return new HTTPSourceError('malformed_attestation', `reading attestations from ${redactURL(url)}: ${problem}`)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

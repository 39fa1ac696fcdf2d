import { createHash } from 'node:crypto'
import {
  type CodedError,
  type Facts,
  formatPath,
  type KnownFact,
  type Path,
  pathKey,
  type ResolveContext,
  type Resolver,
  redactURL,
  type Source,
  toCodedError,
  type UnavailableFact,
} from '@source-policy/core'
import type { Authorization, Transport } from '@source-policy/transport'
import { type Body, createBody, hexOf } from './body.ts'
import { parseDigest } from './digest.ts'
import { hashDownload } from './download.ts'
import { HTTPSourceError } from './error.ts'
import { describeSource, parseIdentifier, requestURL } from './identifier.ts'
import { MAX_BODY_BYTES } from './limits.ts'

export interface HTTPResolverOptions {
  readonly transport: Transport
  /** Bytes of one download. Default: 8 GiB. */
  readonly maxBodyBytes?: number
  /**
   * The value of the `Authorization` header for a source whose attribute `http.authheadersecret` names the secret `id`;
   * undefined where there is none for this host. Default: there are none.
   */
  readonly secret?: (id: string, target: { readonly host: string }) => string | undefined | Promise<string | undefined>
}

const checksum: Path = ['http', 'checksum']

/**
 * Facts about `http://` and `https://` sources: `input.http.checksum` is the SHA-256 of what the URL yields.
 * A URL is downloaded once in a run. Its basis is `server`, or `digest` where the attribute `http.checksum` names what came.
 */
export function httpResolver(options: HTTPResolverOptions): Resolver {
  return {
    kind: 'http',
    schemes: ['http', 'https'],
    parse(identifier, { attrs, platform }) {
      parseIdentifier(identifier)
      return { kind: 'http', identifier, attrs, ...(platform && { platform }) }
    },
    describe: describeSource,
    async resolve(source, paths, context): Promise<Facts> {
      const known: KnownFact[] = []
      const unavailable: UnavailableFact[] = []
      for (const path of paths) {
        if (pathKey(path) !== pathKey(checksum)) unavailable.push({ path, error: unknownField(path) })
      }
      if (paths.length > unavailable.length) {
        try {
          known.push(await resolveChecksum(source, options, context))
        } catch (error) {
          context.signal.throwIfAborted()
          context.run.signal.throwIfAborted()
          unavailable.push({ path: checksum, error: toCodedError(error) })
        }
      }
      return { known, absent: [], unavailable, children: [] }
    },
  }
}

async function resolveChecksum(
  source: Source,
  options: HTTPResolverOptions,
  context: ResolveContext,
): Promise<KnownFact> {
  const expected = parseDigest(source.attrs['http.checksum'])
  const hash = await bindBody(source, options, context)
  const [sha256, named] = await Promise.all([hash('sha256'), hash(expected?.algorithm ?? 'sha256')])
  if (expected !== undefined && hexOf(named) !== expected.hex) {
    const { algorithm, hex } = expected
    throw new HTTPSourceError(
      'checksum_mismatch',
      `GET ${redactURL(source.identifier)}: expected ${algorithm}:${hex}, got ${algorithm}:${hexOf(named)}`,
    )
  }
  return { path: checksum, value: `sha256:${hexOf(sha256)}`, basis: expected === undefined ? 'server' : 'digest' }
}

/**
 * The hashes of what a source yields, bound for the run: whoever asks for the same URL with the same credentials gets those of
 * the same bytes. Functions over the body (detached signatures, attestations) are to ask here as well.
 */
async function bindBody(source: Source, options: HTTPResolverOptions, context: ResolveContext): Promise<Body['hash']> {
  const { transport, maxBodyBytes: maxBytes = MAX_BODY_BYTES } = options
  const { run, anonymous } = context
  const url = requestURL(source.identifier)
  if (anonymous) {
    url.username = ''
    url.password = ''
  }
  const headers = headersOf(source, anonymous)
  const authorization = anonymous ? undefined : await authorizationOf(source, url, options)
  // keys may be shown, so credentials stand in them as digests
  const key = createHash('sha256')
    .update(JSON.stringify([url.href, headers, authorization?.value]))
    .digest('hex')
  const name = `${redactURL(url)} ${key}`
  const body = await run.once(`http:body:${name}`, signal => {
    const download = { transport, url, headers, authorization, maxBytes, run, signal }
    return Promise.resolve(createBody(algorithms => hashDownload(download, algorithms)))
  })
  return algorithm => run.once(`http:${algorithm}:${name}`, () => body.hash(algorithm), context.signal)
}

const headerAttribute = 'http.header.'
/** Any header may carry a credential, but these two. */
const anonymousHeaders: ReadonlySet<string> = new Set(['accept', 'user-agent'])

function headersOf({ attrs }: Source, anonymous: boolean): Record<string, string> {
  const headers = Object.entries(attrs)
    .filter(([name]) => name.startsWith(headerAttribute) && name.length > headerAttribute.length)
    .map(([name, value]) => [name.slice(headerAttribute.length).toLowerCase(), value] as const)
    .filter(([name]) => !anonymous || anonymousHeaders.has(name))
  return Object.fromEntries(headers)
}

/** The secret that the source names; without one, the URL's userinfo goes along by itself. */
async function authorizationOf(
  { attrs, identifier }: Source,
  { host }: URL,
  { secret }: HTTPResolverOptions,
): Promise<Authorization | undefined> {
  const id = attrs['http.authheadersecret']
  if (id === undefined) return undefined
  const value = (await secret?.(id, { host }))?.trim()
  if (value !== undefined && value !== '') return { host, value }
  throw new HTTPSourceError(
    'secret_missing',
    `GET ${redactURL(identifier)}: no secret ${JSON.stringify(id)} for ${host}`,
  )
}

function unknownField(path: Path): CodedError {
  return { code: 'unknown_field', message: `${formatPath(path)}: HTTP sources have no such field to fetch` }
}

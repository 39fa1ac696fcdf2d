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
   * The secret `id` for a host; undefined where there is none. Asked for the secret that the attribute `http.authheadersecret`
   * names, which is the value of the `Authorization` header; without that attribute for `HTTP_AUTH_TOKEN_<hostname>`, a bearer
   * token, and `HTTP_AUTH_HEADER_<hostname>`, such a value. Default: there are none.
   */
  readonly secret?: (id: string, target: { readonly host: string }) => string | undefined | Promise<string | undefined>
}

const checksum: Path = ['http', 'checksum']

/**
 * Facts about `http://` and `https://` sources: `input.http.checksum` is the SHA-256 of what the URL yields, its basis `server`.
 * Where the attribute `http.checksum` names a digest, what came must have it; it is the checksum then, its basis `digest`.
 * A URL is downloaded once in a run.
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
  if (expected !== undefined) {
    const { algorithm, hex } = expected
    const came = hexOf(await hash(algorithm))
    if (came === hex) return { path: checksum, value: `${algorithm}:${hex}`, basis: 'digest' }
    throw new HTTPSourceError(
      'checksum_mismatch',
      `GET ${redactURL(source.identifier)}: expected ${algorithm}:${hex}, got ${algorithm}:${came}`,
    )
  }
  const sha256 = await hash('sha256')
  return { path: checksum, value: `sha256:${hexOf(sha256)}`, basis: 'server' }
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
  const headers = headersOf(source)
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

/** Those that BuildKit sends; it leaves out all others. */
const sentHeaders = ['accept', 'user-agent'] as const

function headersOf({ attrs }: Source): Record<string, string> {
  const given = new Map(Object.entries(attrs).map(([name, value]) => [name.toLowerCase(), value]))
  return Object.fromEntries(
    sentHeaders.flatMap(name => {
      const value = given.get(`http.header.${name}`)
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

/**
 * The secret that the source names; where it names none, those that BuildKit looks for by the name of the host.
 * Without any, the URL's userinfo goes along by itself.
 */
async function authorizationOf(
  { attrs, identifier }: Source,
  { host, hostname }: URL,
  { secret }: HTTPResolverOptions,
): Promise<Authorization | undefined> {
  const find = async (id: string) => (await secret?.(id, { host }))?.trim() || undefined
  const id = attrs['http.authheadersecret']
  if (id !== undefined) {
    const value = await find(id)
    if (value !== undefined) return { host, value }
    const named = JSON.stringify(id)
    throw new HTTPSourceError('secret_missing', `GET ${redactURL(identifier)}: no secret ${named} for ${host}`)
  }
  const token = await find(`HTTP_AUTH_TOKEN_${hostname}`)
  const value = token === undefined ? await find(`HTTP_AUTH_HEADER_${hostname}`) : `Bearer ${token}`
  return value === undefined ? undefined : { host, value }
}

function unknownField(path: Path): CodedError {
  return { code: 'unknown_field', message: `${formatPath(path)}: HTTP sources have no such field to fetch` }
}

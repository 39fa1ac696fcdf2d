import { createHash } from 'node:crypto'
import { type ResolveContext, redactURL, type Source } from '@source-policy/core'
import type { Authorization, Transport } from '@source-policy/transport'
import { type Body, createBody, hexOf } from './body.ts'
import { parseDigest } from './digest.ts'
import { hashDownload } from './download.ts'
import { HTTPSourceError } from './error.ts'
import { requestURL } from './identifier.ts'
import { MAX_BODY_BYTES } from './limits.ts'

export interface BodyBinderOptions {
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

/** The body of a source, bound for the run. Throws `ambiguous_url`, `secret_missing`. */
export type BodyBinder = (source: Source, context: ResolveContext) => Promise<Body>

/** Binds bodies: whoever asks for the same URL with the same credentials gets the hashes of the same bytes. */
export function bodyBinder(options: BodyBinderOptions): BodyBinder {
  return (source, context) => bindBody(source, options, context)
}

async function bindBody(source: Source, options: BodyBinderOptions, context: ResolveContext): Promise<Body> {
  const { transport, maxBodyBytes: maxBytes = MAX_BODY_BYTES } = options
  const { run, anonymous, signal } = context
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
    return Promise.resolve(createBody((algorithms, keepBytes) => hashDownload(download, algorithms, keepBytes)))
  })
  return {
    get from() {
      return body.from
    },
    expect: body.expect,
    keep: body.keep,
    content: maxBytes => run.once(`http:content:${maxBytes}:${name}`, () => body.content(maxBytes), signal),
    hash: algorithm => run.once(`http:${algorithm}:${name}`, () => body.hash(algorithm), signal),
  }
}

/**
 * The checksum that a source names (`ADD --checksum`), which its body must have; undefined where it names none.
 * Throws `invalid_checksum`, `checksum_mismatch`, and what the download throws.
 */
export async function verifyChecksum({ attrs, identifier }: Source, body: Body): Promise<string | undefined> {
  const expected = parseDigest(attrs['http.checksum'])
  if (expected === undefined) return undefined
  const { algorithm, hex } = expected
  const came = hexOf(await body.hash(algorithm))
  if (came === hex) return `${algorithm}:${hex}`
  throw new HTTPSourceError(
    'checksum_mismatch',
    `GET ${redactURL(identifier)}: expected ${algorithm}:${hex}, got ${algorithm}:${came}`,
  )
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
  { secret }: BodyBinderOptions,
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

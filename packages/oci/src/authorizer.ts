import { decodeJSON, type Run, redactURL } from '@source-policy/core'
import type { Authorization, Transport, TransportResponse } from '@source-policy/transport'
import { type Challenge, parseChallenges } from './challenge.ts'
import type { Credentials, CredentialsFor } from './credentials.ts'
import { OciError, quote } from './error.ts'
import { DEFAULT_TOKEN_SECONDS, MAX_TOKEN_CHARS, MAX_TOKEN_RESPONSE_BYTES, MAX_TOKEN_SECONDS } from './limits.ts'
import type { Endpoint } from './registry-endpoint.ts'

/** Who asks: the run that pays, the waiter, and whether credentials may be used at all. */
export interface RegistryContext {
  readonly run: Run
  readonly signal: AbortSignal
  readonly anonymous: boolean
}

export interface Authorizer {
  /** What to send at once, from what the registry asked for before; undefined where it did not ask yet. */
  authorize(endpoint: Endpoint, path: string, context: RegistryContext): Promise<Authorization | undefined> | undefined
  /** What to send after a 401 to `sent`. Throws `unauthorized`, `challenge_invalid` or `token_invalid`. */
  answer(
    response: TransportResponse,
    request: { endpoint: Endpoint; path: string; sent: Authorization | undefined },
    context: RegistryContext,
  ): Promise<Authorization>
}

interface Token {
  readonly value: string
  /** Milliseconds since the epoch. */
  readonly expires: number
}

interface Scope {
  readonly realm: URL
  readonly service: string | undefined
  readonly scope: string
}

/**
 * Answers the challenges of registries and keeps what it learnt: the way each registry wants to be asked, and a token
 * for each (realm, service, scope) until it expires.
 *
 * @see https://distribution.github.io/distribution/spec/auth/token/
 */
export function createAuthorizer(options: {
  transport: Transport
  credentialsFor: CredentialsFor
  now: () => number
}): Authorizer {
  const { transport, credentialsFor, now } = options
  const challenges = new Map<string, Challenge>()
  const scopes = new Map<string, string>()
  const tokens = new Map<string, { readonly token: Promise<Token>; readonly signal: AbortSignal }>()

  const credentials = (endpoint: Endpoint, { run, signal, anonymous }: RegistryContext) =>
    anonymous
      ? Promise.resolve(undefined)
      : run.once(
          `image:credentials:${endpoint.credentialsName}`,
          runSignal => credentialsFor(endpoint.credentialsName, { signal: runSignal }),
          signal,
        )

  const answerTo = async (
    challenge: Challenge,
    { endpoint, path, stale }: { endpoint: Endpoint; path: string; stale?: string | undefined },
    context: RegistryContext,
  ): Promise<Authorization | undefined> => {
    const known = await credentials(endpoint, context)
    if (challenge.scheme === 'basic') {
      return known !== undefined && 'username' in known ? { host: endpoint.host, value: basic(known) } : undefined
    }
    if (known !== undefined && 'registryToken' in known) {
      return { host: endpoint.host, value: `Bearer ${known.registryToken}` }
    }
    const request: Scope = {
      realm: readRealm(challenge, endpoint),
      service: challenge.parameters.get('service'),
      scope: scopes.get(`${endpoint.base}/${path}`) ?? pullScope(path),
    }
    const token = await tokenFor(request, { endpoint, known, stale }, context)
    return { host: endpoint.host, value: `Bearer ${token.value}` }
  }

  const tokenFor = async (
    request: Scope,
    holder: { endpoint: Endpoint; known: Credentials | undefined; stale: string | undefined },
    context: RegistryContext,
  ): Promise<Token> => {
    const { endpoint, known, stale } = holder
    const key = JSON.stringify([
      request.realm.href,
      request.service,
      request.scope,
      known === undefined ? undefined : endpoint.credentialsName,
    ])
    for (;;) {
      const shared = tokens.get(key)
      const token = await shared?.token.catch((error: unknown) => {
        // it was asked for by another run, which was given up: that is no answer for us
        if (shared.signal.aborted && !context.signal.aborted) return undefined
        throw error
      })
      if (token !== undefined && token.value !== stale && token.expires > now()) return token
      // whoever comes while it is being renewed waits for the same answer
      if (tokens.get(key) !== shared) continue
      const next = { token: requestToken(request, known, context), signal: context.signal }
      tokens.set(key, next)
      next.token.catch(() => {
        if (tokens.get(key) === next) tokens.delete(key)
      })
      return next.token
    }
  }

  const requestToken = async (
    { realm, service, scope }: Scope,
    known: Credentials | undefined,
    { run, signal }: RegistryContext,
  ): Promise<Token> => {
    const what = `asking for a token at ${redactURL(realm)}`
    const url = new URL(realm)
    const form = new URLSearchParams({ scope, ...(service !== undefined && { service }) })
    const identityToken = known !== undefined && 'identityToken' in known ? known.identityToken : undefined
    const common = { run, signal, maxBytes: MAX_TOKEN_RESPONSE_BYTES } as const
    const { response, received } =
      identityToken === undefined
        ? await send(() => {
            for (const [name, value] of form) url.searchParams.set(name, value)
            const authorization = known !== undefined && 'username' in known ? basic(known) : undefined
            return transport.request({
              ...common,
              method: 'GET',
              url,
              ...(authorization && { authorization: { host: url.host, value: authorization } }),
            })
          })
        : await send(() => {
            form.set('grant_type', 'refresh_token')
            form.set('client_id', 'source-policy')
            form.set('refresh_token', identityToken)
            return transport.request({
              ...common,
              method: 'POST',
              url,
              headers: { 'content-type': 'application/x-www-form-urlencoded' },
              body: form.toString(),
              // a form with a secret goes nowhere else
              redirect: 'manual',
            })
          })
    if (response.status === 401 || response.status === 403) {
      await response.discard()
      const who = known === undefined ? 'without credentials' : 'with credentials'
      throw new OciError('unauthorized', `${what} ${who}: refused with ${response.status}`)
    }
    if (response.status !== 200) {
      await response.discard()
      throw new OciError('token_invalid', `${what}: expected 200, got ${response.status}`)
    }
    return decodeToken(await response.bytes(), what, received)
  }

  const send = async (request: () => Promise<TransportResponse>) => {
    const received = now()
    return { response: await request(), received }
  }

  return {
    authorize(endpoint, path, context) {
      const challenge = challenges.get(endpoint.base)
      return challenge && answerTo(challenge, { endpoint, path }, context)
    },
    async answer(response, { endpoint, path, sent }, context) {
      const header = response.headers.get('www-authenticate') ?? ''
      await response.discard()
      const what = `asking ${endpoint.host} for ${path}`
      // credentials answer only the host that they are for, not one that it sent us to
      if (new URL(response.url).host !== endpoint.host) {
        throw new OciError('unauthorized', `${what}: redirected to ${redactURL(response.url)}, which wants credentials`)
      }
      const offered = parseChallenges(header)
      const challenge =
        offered.find(({ scheme }) => scheme === 'bearer') ?? offered.find(({ scheme }) => scheme === 'basic')
      if (challenge === undefined) {
        throw new OciError('challenge_invalid', `${what}: expected a Basic or Bearer challenge, got ${quote(header)}`)
      }
      challenges.set(endpoint.base, challenge)
      const scope = challenge.parameters.get('scope')
      if (scope !== undefined) scopes.set(`${endpoint.base}/${path}`, narrow(scope, path))
      const stale = sent?.value.replace(/^Bearer /, '')
      const next = await answerTo(challenge, { endpoint, path, stale }, context)
      if (next === undefined || next.value === sent?.value) {
        const problem = next === undefined ? 'there are no credentials for it' : 'it refuses the credentials'
        throw new OciError('unauthorized', `${what}: ${problem}`)
      }
      return next
    },
  }
}

/** What is asked for is never more than to pull, whatever the challenge says. */
function narrow(scope: string, path: string): string {
  const repository = /^repository:([a-z0-9._/-]+):[a-z,*]+$/.exec(scope)?.[1]
  return repository === undefined ? pullScope(path) : `repository:${repository}:pull`
}

function pullScope(path: string): string {
  return `repository:${path}:pull`
}

function basic({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

/** An https URL; over http only where the registry itself is. */
function readRealm(challenge: Challenge, endpoint: Endpoint): URL {
  const realm = challenge.parameters.get('realm') ?? ''
  const fail = (problem: string): never => {
    throw new OciError(
      'challenge_invalid',
      `asking ${endpoint.host} for a token: realm ${quote(redactURL(realm))} ${problem}`,
    )
  }
  if (!URL.canParse(realm)) return fail('is not a URL')
  const url = new URL(realm)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && endpoint.base.startsWith('http:'))) {
    return fail('is not https')
  }
  if (url.username !== '' || url.password !== '') return fail('has credentials of its own')
  return url
}

function decodeToken(bytes: Uint8Array, what: string, received: number): Token {
  let answer: unknown
  try {
    answer = decodeJSON(bytes, { what: 'the answer of a token endpoint' })
  } catch (cause) {
    throw new OciError('token_invalid', `${what}: the answer is no JSON`, { cause })
  }
  const members = (typeof answer === 'object' && answer !== null ? answer : {}) as Readonly<Record<string, unknown>>
  const value = members.token || members.access_token
  if (typeof value !== 'string' || value.length > MAX_TOKEN_CHARS || !/^[\x21-\x7e]+$/.test(value)) {
    throw new OciError('token_invalid', `${what}: the answer has no token`)
  }
  const said = members.expires_in
  const seconds = typeof said === 'number' && said > 0 ? Math.min(said, MAX_TOKEN_SECONDS) : DEFAULT_TOKEN_SECONDS
  return { value, expires: received + seconds * 1000 }
}

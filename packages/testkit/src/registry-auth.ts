import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { ServerAnswer } from './answer.ts'

/** Passwords by user. */
export type Users = Readonly<Record<string, string>>

/** Who may do what, and how they say who they are. */
export type RegistryAuth =
  | { readonly kind: 'none' }
  | { readonly kind: 'basic'; readonly users: Users }
  | {
      readonly kind: 'token'
      readonly users?: Users
      /** Whether anyone may pull from the repository; default: yes, from all. */
      readonly anonymousPull?: (repository: string) => boolean
      /** Seconds that a token is good for; default: 300. */
      readonly ttlSeconds?: number
      /** Realm of the challenge; default: `/token` of the registry itself. */
      readonly realm?: string
      /** Identity tokens that are as good as a password, with the user that they stand for. */
      readonly identityTokens?: Readonly<Record<string, string>>
      /** Whether the answer has `token`, `access_token` or both; default: both. */
      readonly field?: 'token' | 'access_token'
    }

export interface AccessRequest {
  readonly repository?: string
  readonly action: 'pull' | 'push'
  readonly headers: IncomingHttpHeaders
}

export interface Authority {
  /** Undefined where access is granted, else the answer that refuses it. */
  refuse(request: AccessRequest): ServerAnswer | undefined
  /** The answer of the token endpoint. */
  token(request: { url: URL; method: string; headers: IncomingHttpHeaders; body: string }): ServerAnswer
}

const SERVICE = 'testkit'

interface Grant {
  readonly scopes: ReadonlySet<string>
  readonly expires: number
}

/** Keeps the tokens that it gave out; `now` in milliseconds. */
export function createAuthority(auth: RegistryAuth, origin: () => string, now: () => number): Authority {
  const grants = new Map<string, Grant>()
  const refreshTokens = new Map<string, string>()

  return {
    refuse({ repository, action, headers }) {
      if (auth.kind === 'none') return undefined
      if (auth.kind === 'basic') {
        const user = basicUser(headers.authorization, auth.users)
        return user === undefined ? unauthorized('Basic realm="testkit"') : undefined
      }
      const bearer = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1]
      const grant = bearer === undefined ? undefined : grants.get(bearer)
      const scope = repository === undefined ? undefined : `repository:${repository}:${action}`
      const live = grant !== undefined && grant.expires > now()
      if (live && (scope === undefined || grant.scopes.has(scope))) return undefined
      const realm = auth.realm ?? `${origin()}/token`
      const wanted = repository === undefined ? '' : `,scope="repository:${repository}:${scopeActions(action)}"`
      const problem = live ? ',error="insufficient_scope"' : bearer === undefined ? '' : ',error="invalid_token"'
      return unauthorized(`Bearer realm="${realm}",service="${SERVICE}"${wanted}${problem}`)
    },
    token({ url, method, headers, body }) {
      if (auth.kind !== 'token') return { status: 404 }
      const form = method === 'POST' ? new URLSearchParams(body) : url.searchParams
      const { users = {}, identityTokens = {}, anonymousPull = () => true, ttlSeconds = 300, field } = auth
      const refresh = form.get('refresh_token') ?? ''
      const user =
        form.get('grant_type') === 'refresh_token'
          ? (identityTokens[refresh] ?? refreshTokens.get(refresh))
          : basicUser(headers.authorization, users)
      const claimed = headers.authorization !== undefined || form.get('grant_type') === 'refresh_token'
      if (claimed && user === undefined) return failure(401, 'UNAUTHORIZED', 'wrong credentials')
      if (form.get('service') !== SERVICE) return failure(400, 'UNSUPPORTED', 'unknown service')
      const scopes = new Set<string>()
      for (const scope of form.getAll('scope').flatMap(text => text.split(' '))) {
        const match = /^repository:(.+):([a-z,*]+)$/.exec(scope)
        if (match === null) continue
        const [, repository = '', actions = ''] = match
        for (const action of actions.split(',')) {
          if (user !== undefined || (action === 'pull' && anonymousPull(repository))) {
            scopes.add(`repository:${repository}:${action}`)
          }
        }
      }
      const token = randomUUID()
      grants.set(token, { scopes, expires: now() + ttlSeconds * 1000 })
      const answer: Record<string, unknown> = { expires_in: ttlSeconds, issued_at: new Date(now()).toISOString() }
      if (field !== 'access_token') answer.token = token
      if (field !== 'token') answer.access_token = token
      if (user !== undefined && (form.get('offline_token') === 'true' || form.get('access_type') === 'offline')) {
        const offline = randomUUID()
        refreshTokens.set(offline, user)
        answer.refresh_token = offline
      }
      return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(answer) }
    },
  }
}

/** An error answer in the registry's form. */
export function failure(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): ServerAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ errors: [{ code, message }] }),
  }
}

function unauthorized(challenge: string): ServerAnswer {
  return failure(401, 'UNAUTHORIZED', 'authentication required', { 'www-authenticate': challenge })
}

function scopeActions(action: 'pull' | 'push'): string {
  return action === 'pull' ? 'pull' : 'pull,push'
}

function basicUser(authorization: string | undefined, users: Users): string | undefined {
  const encoded = /^Basic (.+)$/.exec(authorization ?? '')?.[1]
  if (encoded === undefined) return undefined
  const [user = '', ...rest] = Buffer.from(encoded, 'base64').toString().split(':')
  return Object.hasOwn(users, user) && users[user] === rest.join(':') ? user : undefined
}

import { createServer, type RequestListener } from 'node:http'
import { createServer as createTLSServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { MEDIA_TYPES } from '@source-policy/oci'
import { type ServerAnswer, sendAnswer } from './answer.ts'
import { createFaults, type Faults } from './faults.ts'
import type { BuiltContent } from './image-builder.ts'
import { createAuthority, failure, type RegistryAuth } from './registry-auth.ts'
import { createRoutes, type RegistryBehaviour, type RegistryCall, referrersOf } from './registry-routes.ts'
import { createRegistryStore, type RegistryStore } from './registry-store.ts'

export interface RegistryOptions extends RegistryBehaviour {
  /** Default: none is asked for. */
  readonly auth?: RegistryAuth
  /** PEM; serves https where given. */
  readonly tls?: { readonly cert: string; readonly key: string }
  /** Milliseconds since the epoch; default: `Date.now`. */
  readonly now?: () => number
}

/** A request that came, and what was answered. */
export interface RegistryRequest {
  readonly method: string
  /** With its query, as it came. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Undefined where no answer was sent. */
  readonly status: number | undefined
}

export interface Registry {
  /** `http://127.0.0.1:port`, without a slash at its end. */
  readonly url: string
  /** `127.0.0.1:port`: the domain of references to it. */
  readonly host: string
  readonly port: number
  /** In the order in which they came. */
  readonly log: readonly RegistryRequest[]
  /** The log without pings, token requests and challenges (401). */
  contentRequests(): readonly RegistryRequest[]
  clearLog(): void
  readonly faults: Faults
  readonly store: RegistryStore
  /** Stores content with everything beneath it, not over HTTP. Content with a subject becomes one of its referrers. */
  push(repository: string, content: BuiltContent, tag?: string): void
  close(): Promise<void>
}

/**
 * A registry on loopback, content in memory: push, pull, referrers, tokens, faults.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
 */
export async function startRegistry(options: RegistryOptions = {}): Promise<Registry> {
  const { auth = { kind: 'none' }, now = Date.now } = options
  const store = createRegistryStore()
  const route = createRoutes(store, options)
  const faults = createFaults()
  const log: RegistryRequest[] = []
  let url = ''
  const authority = createAuthority(auth, () => url, now)

  const answerFor = (call: RegistryCall): ServerAnswer => {
    if (call.url.pathname === '/token') {
      return authority.token({ ...call, body: Buffer.from(call.body).toString() })
    }
    const { answer, ...access } = route(call)
    return authority.refuse({ ...access, headers: call.headers }) ?? answer(call)
  }

  const listener: RequestListener = (request, response) => {
    const { method = 'GET', url: path = '/' } = request
    const headers = Object.entries(request.headers).map(([name, value]) => [name, [value].flat().join(', ')])
    const entry = { method, path, headers: Object.fromEntries(headers), status: undefined as number | undefined }
    log.push(entry)
    const fault = faults.take(entry)
    const parts: Uint8Array[] = []
    request.on('data', (part: Uint8Array) => parts.push(part))
    request.on('end', () => {
      const call = { method, url: new URL(path, url), headers: request.headers, body: Buffer.concat(parts) }
      sendAnswer(
        response,
        safely(() => answerFor(call)),
        fault,
      ).then(
        status => {
          entry.status = status
        },
        () => response.destroy(),
      )
    })
  }
  const server = options.tls ? createTLSServer(options.tls, listener) : createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const host = `127.0.0.1:${port}`
  url = `${options.tls ? 'https' : 'http'}://${host}`

  return {
    url,
    host,
    port,
    log,
    contentRequests: () =>
      log.filter(({ path, status }) => status !== 401 && path !== '/v2/' && !/^\/token(\?|$)/.test(path)),
    clearLog() {
      log.length = 0
    },
    faults,
    store,
    push(repository, content, tag) {
      store.push(repository, content, tag)
      if (content.subject !== undefined && options.referrers === 'fallback') {
        tagReferrers(store, repository, content.subject, options)
      }
    },
    async close() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

/**
 * What a client does where the registry knows no referrers: an index under the tag `sha256-<hex>`.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
 */
function tagReferrers(store: RegistryStore, repository: string, subject: string, behaviour: RegistryBehaviour): void {
  const manifests = referrersOf([...(store.find(repository)?.manifests.values() ?? [])], subject, behaviour)
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests }
  store.putManifest(repository, subject.replace(':', '-').slice(0, 128), {
    bytes: Buffer.from(JSON.stringify(index)),
    mediaType: MEDIA_TYPES.ociIndex,
  })
}

function safely(answer: () => ServerAnswer): ServerAnswer {
  try {
    return answer()
  } catch (error) {
    return failure(500, 'UNKNOWN', String(error))
  }
}

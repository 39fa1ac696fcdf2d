import { redactURL } from '@source-policy/core'
import type { Dispatch } from './dispatch.ts'
import { TransportError } from './error.ts'
import { type Answer, exchange } from './exchange.ts'
import { isRetriedFailure, toTransportError } from './failure.ts'
import { hostList, unbracket } from './host-list.ts'
import * as limits from './limits.ts'
import { isLoopbackName, portOf, proxyChoice } from './proxy.ts'
import { headersElsewhere, isRedirect, redirectTarget } from './redirect.ts'
import { backoffMs, isRetriedStatus, retryAfterMs, sleep as sleepByTimer } from './retry.ts'
import type { Authorization, Transport, TransportOptions, TransportRequest, TransportResponse } from './types.ts'

/**
 * A transport that keeps the address rules, limits and credential rules of `options` on every hop of every request.
 * Throws `invalid_request` or `proxy_failed` where the options themselves cannot be read.
 */
export function createTransport(options: TransportOptions = {}): Transport {
  const {
    maxRedirects = limits.MAX_REDIRECTS,
    bodyTimeoutMs = limits.BODY_TIMEOUT_MS,
    retries = limits.MAX_RETRIES,
    userAgent = 'source-policy',
    now = Date.now,
    sleep = sleepByTimer,
    random = Math.random,
  } = options
  const isInsecure = hostList(options.insecureHosts ?? [], 'insecure hosts')
  const isAllowed = hostList(options.allowAddresses ?? [], 'allowed addresses')
  const hosts = Object.entries(options.hosts ?? {}).map(([host, tls]) => ({ is: hostList([host], 'hosts'), tls }))
  const proxyFor = proxyChoice(options.proxy)
  let loading: Promise<Dispatch> | undefined
  let dispatch: Dispatch | undefined

  const loadDispatch = () => {
    loading ??= loadModule().then(({ createDispatch }) =>
      createDispatch({
        isAllowed,
        isInsecure,
        tlsFor: target => hosts.find(({ is }) => is(target))?.tls ?? options,
        lookup: options.lookup,
        connectTimeoutMs: options.connectTimeoutMs ?? limits.CONNECT_TIMEOUT_MS,
        headersTimeoutMs: options.headersTimeoutMs ?? limits.HEADERS_TIMEOUT_MS,
        perHostConcurrency: options.perHostConcurrency ?? limits.PER_HOST_CONCURRENCY,
      }),
    )
    return loading
  }

  /** The credential for a URL: only for the host that it is for, and never in the clear. */
  const authorizationFor = (url: URL, authorization: Authorization | undefined) => {
    if (authorization === undefined || !isHost(url, authorization.host)) return undefined
    const target = { hostname: url.hostname, port: portOf(url) }
    if (url.protocol === 'http:' && !isLoopbackName(url.hostname) && !isInsecure(target)) {
      throw new TransportError(
        'credentials_forbidden',
        `requesting ${redactURL(url)}: credentials go over https only, except to hosts that are listed as insecure`,
      )
    }
    return authorization.value
  }

  /** One hop, repeated while that is allowed and may help. */
  const attempt = async (
    { method, run, maxBytes, body, idempotent }: TransportRequest,
    { url, headers, signal }: { url: URL; headers: Record<string, string>; signal: AbortSignal },
  ): Promise<Answer> => {
    const mayRepeat = idempotent ?? method !== 'POST'
    const sending = { method, url, headers, body, signal, proxy: proxyFor(url) }
    for (let attempts = 0; ; attempts++) {
      signal.throwIfAborted()
      const last = !mayRepeat || attempts >= retries
      let askedMs = 0
      try {
        dispatch ??= await loadDispatch()
        const answer = await exchange({ dispatch, outgoing: sending, run, maxBytes, bodyTimeoutMs, now })
        if (last || !isRetriedStatus(answer.status)) return answer
        const asked = retryAfterMs(answer.header('retry-after'), now())
        if (asked === 'too_long') return answer
        askedMs = asked ?? 0
        await answer.discard()
      } catch (error) {
        if (last || !(error instanceof TransportError) || !isRetriedFailure(error)) throw error
      }
      await sleep(Math.max(askedMs, backoffMs(attempts, random)), signal)
    }
  }

  return {
    async request(request) {
      const { method, run, redirect = 'follow', accept = isAcceptedByDefault } = request
      const { url: start, userinfo } = splitURL(request.url)
      const authorization = request.authorization ?? userinfo
      const redirected: string[] = []
      const signal = request.signal === run.signal ? run.signal : AbortSignal.any([request.signal, run.signal])
      // whoever a redirect led to must not lead back with what is meant for the first host only
      let atHome = true
      for (let url = start; ; ) {
        atHome &&= url === start || url.origin === start.origin
        const own = atHome ? request.headers : headersElsewhere(request.headers ?? {})
        const headers: Record<string, string> = { 'user-agent': userAgent, 'accept-encoding': 'identity' }
        addChecked(headers, own)
        const credential = atHome ? authorizationFor(url, authorization) : undefined
        if (credential !== undefined) headers.authorization = credential
        const answer = await attempt(request, { url, headers, signal })
        if (redirect === 'follow' && isRedirect(answer.status)) {
          await answer.discard()
          redirected.push(redactURL(url))
          if (redirected.length > maxRedirects) {
            throw new TransportError('too_many_redirects', `${method} ${redirected[0]}: more than ${maxRedirects}`)
          }
          url = redirectTarget(url, answer.status, answer.header('location'), method)
          continue
        }
        if (!accept(answer.status)) {
          await answer.discard()
          const code = answer.status === 429 ? 'rate_limited' : 'unexpected_status'
          const { status } = answer
          throw new TransportError(code, `${method} ${redactURL(url)}: got status ${status}`, { status })
        }
        return new ReceivedResponse(answer, url, redirected)
      }
    },
    async resolveHost({ hostname, port }, { run, signal }) {
      signal.throwIfAborted()
      run.contact(`${hostname}:${port}`)
      const what = `resolving ${hostname}`
      try {
        return await (await loadDispatch()).addressesOf(unbracket(hostname), port)
      } catch (error) {
        throw toTransportError(error, what, 'connection_failed')
      }
    },
    async close() {
      await (await loading)?.close()
    },
  }
}

/** Loaded with the first request of the process; to ask for it again costs as much as a request. */
let dispatchModule: Promise<typeof import('./dispatch.ts')> | undefined

function loadModule() {
  dispatchModule ??= import('./dispatch.ts')
  return dispatchModule
}

function isAcceptedByDefault(status: number): boolean {
  return status < 500 && status !== 429
}

/** The URL to request, and the credential that stood in it. */
function splitURL(text: string | URL): { url: URL; userinfo: Authorization | undefined } {
  const url = parseURL(text)
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new TransportError('invalid_request', `requesting ${redactURL(text)}: expected an http or https URL`)
  }
  const { username, password } = url
  // setting a part writes the whole URL again
  if (url.hash !== '') url.hash = ''
  if (username === '' && password === '') return { url, userinfo: undefined }
  url.username = ''
  url.password = ''
  const value = `Basic ${Buffer.from(`${decode(username)}:${decode(password)}`).toString('base64')}`
  return { url, userinfo: { host: url.host, value } }
}

function parseURL(text: string | URL): URL | undefined {
  try {
    return new URL(text)
  } catch {
    // told by the caller
    return undefined
  }
}

/** Percent-decodes what a URL parser let pass, malformed escapes as they stand. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function isHost(url: URL, host: string): boolean {
  const name = host.toLowerCase()
  return url.host === name || `${url.hostname}:${portOf(url)}` === name
}

/** Headers that carry credentials have their own option, by which they are kept to their host; others steer the connection. */
const reservedHeaders: ReadonlySet<string> = new Set([
  'authorization',
  'connection',
  'content-length',
  'cookie',
  'host',
  'proxy-authorization',
  'transfer-encoding',
  'upgrade',
])

function addChecked(headers: Record<string, string>, own: Readonly<Record<string, string>> = {}): void {
  for (const name of Object.keys(own)) {
    const key = name.toLowerCase()
    if (reservedHeaders.has(key)) {
      throw new TransportError('invalid_request', `the header ${key} cannot be given for a request`)
    }
    headers[key] = own[name]!
  }
}

class Body implements AsyncIterable<Uint8Array> {
  readonly #open: () => AsyncIterable<Uint8Array>

  constructor(open: () => AsyncIterable<Uint8Array>) {
    this.#open = open
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this.#open()[Symbol.asyncIterator]()
  }
}

class ReceivedResponse implements TransportResponse {
  readonly status: number
  readonly url: string
  readonly redirected: readonly string[]
  readonly decompressed: boolean
  readonly #answer: Answer
  #isOpened = false

  constructor(answer: Answer, url: URL, redirected: readonly string[]) {
    this.#answer = answer
    this.status = answer.status
    this.url = url.href
    this.redirected = redirected
    this.decompressed = answer.decompressed
  }

  get headers(): TransportResponse['headers'] {
    return { get: name => this.#answer.header(name) }
  }

  get body(): AsyncIterable<Uint8Array> {
    return new Body(() => this.#opened().parts())
  }

  bytes(): Promise<Uint8Array> {
    return this.#isOpened ? Promise.reject(readTwice()) : this.#opened().whole()
  }

  async text(): Promise<string> {
    return Buffer.from(await this.bytes()).toString('utf8')
  }

  discard(): Promise<void> {
    return this.#answer.discard()
  }

  #opened(): Answer {
    if (this.#isOpened) throw readTwice()
    this.#isOpened = true
    return this.#answer
  }
}

function readTwice(): TypeError {
  return new TypeError('a body can be read once')
}

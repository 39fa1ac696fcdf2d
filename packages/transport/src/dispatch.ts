// oxlint-disable-next-line typescript/triple-slash-reference -- it declares modules, and is none to import
/// <reference path="./undici-parts.d.ts" />
import { lookup as systemLookup } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'
import * as tls from 'node:tls'
import type { buildConnector as BuildConnector } from 'undici'
// the whole of undici takes three times as long to load, most of it for fetch, caches and web sockets
import buildConnector from 'undici/lib/core/connect.js'
import Agent from 'undici/lib/dispatcher/agent.js'
import { createAbortWatch } from './abort-watch.ts'
import { isPublicAddress } from './address.ts'
import { TransportError } from './error.ts'
import { toTransportError } from './failure.ts'
import { type Target, unbracket } from './host-list.ts'
import { MAX_HEADER_BYTES } from './limits.ts'
import { portOf } from './proxy.ts'
import { type Reception, receive, type Waiting } from './reception.ts'
import type { ResolvedAddress, TLSOptions } from './types.ts'

/** What decides how hosts are connected to; every field is set. */
export interface DispatchOptions {
  readonly isAllowed: (target: Target) => boolean
  readonly isInsecure: (target: Target) => boolean
  readonly tlsFor: (target: Target) => TLSOptions
  readonly lookup: ((hostname: string) => Promise<readonly ResolvedAddress[]>) | undefined
  readonly connectTimeoutMs: number
  readonly headersTimeoutMs: number
  readonly perHostConcurrency: number
}

/** One request to one server, as undici takes it. */
export interface Outgoing {
  readonly method: 'GET' | 'HEAD' | 'POST'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | undefined
  readonly signal: AbortSignal
  readonly proxy: URL | undefined
}

/** The same for a dispatcher of undici. */
interface Asked {
  readonly method: Outgoing['method']
  readonly body: string | Uint8Array | null
  readonly origin: string
  readonly path: string
  readonly headers: Outgoing['headers']
}

/** Sends requests over connections that keep the address rules. */
export interface Dispatch {
  send(outgoing: Outgoing): Promise<Reception>
  /** The addresses of a host, all of them permitted. */
  addressesOf(hostname: string, port: number): Promise<readonly ResolvedAddress[]>
  close(): Promise<void>
}

/** The part of the transport that needs undici, TLS and name resolution: loaded with the first request. */
export function createDispatch(options: DispatchOptions): Dispatch {
  const { connectTimeoutMs, headersTimeoutMs, perHostConcurrency } = options
  const onAbort = createAbortWatch()
  const agents = new Map<string, Agent>()
  const direct = checkedConnector(options)
  const unchecked = tlsConnector(options, undefined)

  const agentFor = (key: string, connect: BuildConnector.connector): Agent => {
    let agent = agents.get(key)
    if (agent === undefined) {
      agent = new Agent({
        connect,
        connections: perHostConcurrency,
        pipelining: 1,
        headersTimeout: headersTimeoutMs,
        // kept where the body is read, to the millisecond
        bodyTimeout: 0,
        maxHeaderSize: MAX_HEADER_BYTES,
      })
      agents.set(key, agent)
    }
    return agent
  }

  const sendThrough = async (proxy: URL, url: URL, asked: Asked, waiting: Waiting): Promise<Reception> => {
    await checkBeforeProxy(url, options)
    if (url.protocol === 'https:') {
      const tunnel = tunnelConnector(proxy, unchecked, connectTimeoutMs)
      return receive(agentFor(`tunnel ${proxy.href}`, tunnel), asked, waiting)
    }
    // https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2: to a proxy, the request target is the whole URL
    const whole = { origin: proxy.origin, path: asked.origin + asked.path }
    const headers = { ...asked.headers, host: url.host, ...proxyAuthorization(proxy) }
    return receive(agentFor('forward', unchecked), { ...asked, ...whole, headers }, waiting)
  }

  return {
    send({ method, url, headers, body, signal, proxy }) {
      const { origin } = url
      const path = url.pathname + url.search
      const asked = { method, body: body ?? null, origin, path, headers }
      const waiting = { signal, onAbort }
      if (proxy === undefined) return receive(agentFor('direct', direct), asked, waiting)
      return sendThrough(proxy, url, asked, waiting)
    },
    addressesOf: (hostname, port) => permittedAddresses(options, hostname, port),
    async close() {
      await Promise.all([...agents.values()].map(agent => agent.destroy()))
    },
  }
}

/** Connects only to addresses that the rules allow, whatever name servers say between two lookups: the checked address is the one used. */
function checkedConnector(options: DispatchOptions): BuildConnector.connector {
  const connect = tlsConnector(options, (hostname, port) => checkedLookup(options, hostname, port))
  return (target, callback) => {
    const hostname = unbracket(target.hostname)
    const port = portOfConnection(target)
    // sockets do not resolve an address, so the lookup never sees it
    if (isIP(hostname) !== 0 && !isPermitted(options, { hostname, port, address: hostname })) {
      callback(forbidden(hostname, port, hostname), null)
      return
    }
    connect(target, callback)
  }
}

/** Resolves a name, and refuses it if any of its addresses is one that may not be contacted. */
function checkedLookup(options: DispatchOptions, hostname: string, port: number): LookupFunction {
  return (_name, { all }, callback) => {
    permittedAddresses(options, hostname, port)
      .then(addresses => {
        const [first] = addresses
        if (all === true) callback(null, [...addresses])
        else callback(null, first.address, first.family)
      })
      .catch((error: unknown) => callback(error as NodeJS.ErrnoException, all === true ? [] : ''))
  }
}

/** The addresses of a host; a name that means any address which may not be contacted is refused altogether. */
async function permittedAddresses(
  options: DispatchOptions,
  hostname: string,
  port: number,
): Promise<readonly [ResolvedAddress, ...ResolvedAddress[]]> {
  const family = isIP(hostname)
  const literal: ResolvedAddress[] = [{ address: hostname, family: family === 6 ? 6 : 4 }]
  const [first, ...others] = family === 0 ? await resolve(options, hostname) : literal
  if (first === undefined) throw noAddress(hostname)
  const refused = [first, ...others].find(({ address }) => !isPermitted(options, { hostname, port, address }))
  if (refused !== undefined) throw forbidden(hostname, port, refused.address)
  return [first, ...others]
}

/**
 * A proxy resolves the name itself, so the rules can only hold for what the name means here. A name that means nothing here
 * is left to the proxy: behind one, names of the internet often do not resolve.
 */
async function checkBeforeProxy(url: URL, options: DispatchOptions): Promise<void> {
  const hostname = unbracket(url.hostname)
  const port = portOf(url)
  const literal: ResolvedAddress[] = [{ address: hostname, family: isIP(hostname) === 6 ? 6 : 4 }]
  const addresses = isIP(hostname) !== 0 ? literal : await resolve(options, hostname).catch(() => [])
  const refused = addresses.find(({ address }) => !isPermitted(options, { hostname, port, address }))
  if (refused !== undefined) throw forbidden(hostname, port, refused.address)
}

async function resolve({ lookup }: DispatchOptions, hostname: string): Promise<readonly ResolvedAddress[]> {
  if (lookup !== undefined) return lookup(hostname)
  const addresses = await systemLookup(hostname, { all: true })
  return addresses.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }))
}

function isPermitted({ isAllowed }: DispatchOptions, target: Target & { address: string }): boolean {
  return isAllowed(target) || isPublicAddress(target.address)
}

function forbidden(hostname: string, port: number, address: string): TransportError {
  const where = hostname === address ? address : `${hostname} (${address})`
  return new TransportError(
    'address_forbidden',
    `connecting to ${where} port ${port}: private, link-local and loopback addresses must be listed as allowed`,
  )
}

function noAddress(hostname: string): TransportError {
  return new TransportError('dns_failed', `resolving ${hostname}: no addresses`)
}

/** Connects by TCP or TLS, with the certificates that are set for the host. */
function tlsConnector(
  options: DispatchOptions,
  lookupFor: ((hostname: string, port: number) => LookupFunction) | undefined,
): BuildConnector.connector {
  const connectors = new Map<string, BuildConnector.connector>()
  return (target, callback) => {
    const hostname = unbracket(target.hostname)
    const port = portOfConnection(target)
    const key = `${target.protocol}//${hostname}:${port}`
    let connect = connectors.get(key)
    if (connect === undefined) {
      connect = buildConnector({
        timeout: options.connectTimeoutMs,
        ...(lookupFor && { lookup: lookupFor(hostname, port) }),
        ...(target.protocol === 'https:' && tlsSettings(options, { hostname, port })),
      })
      connectors.set(key, connect)
    }
    connect(target, callback)
  }
}

function tlsSettings({ isInsecure, tlsFor }: DispatchOptions, target: Target) {
  const { ca, cert, key } = tlsFor(target)
  const rejectUnauthorized = !isInsecure(target)
  if (ca === undefined && cert === undefined) return { rejectUnauthorized }
  const settings: tls.SecureContextOptions = {
    ...(ca !== undefined && { ca: [...defaultAuthorities(), ...[ca].flat()] }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  }
  return { rejectUnauthorized, secureContext: tls.createSecureContext(settings) }
}

/** What Node trusts by itself; since Node 22.15 with what its environment adds. */
function defaultAuthorities(): readonly string[] {
  const { getCACertificates } = tls as { getCACertificates?: (type: 'default') => readonly string[] }
  return getCACertificates?.('default') ?? tls.rootCertificates
}

/** Connects through a proxy: `CONNECT`, then TLS with the host itself. */
function tunnelConnector(
  proxy: URL,
  connect: BuildConnector.connector,
  connectTimeoutMs: number,
): BuildConnector.connector {
  return (target, callback) => {
    const host = `${target.hostname}:${portOfConnection(target)}`
    import('undici')
      .then(({ Client }) => {
        const client = new Client(proxy.origin, { connect, headersTimeout: connectTimeoutMs })
        return client.connect({ path: host, headers: { host, ...proxyAuthorization(proxy) } })
      })
      .then(({ socket, statusCode }) => {
        if (statusCode !== 200) {
          socket.on('error', () => undefined).destroy()
          throw new TransportError('proxy_failed', `connecting to ${host} through ${proxy.host}: ${statusCode}`)
        }
        connect({ ...target, httpSocket: socket } as BuildConnector.Options, callback)
      })
      .catch((error: unknown) => {
        callback(toTransportError(error, `connecting to ${host} through ${proxy.host}`, 'proxy_failed'), null)
      })
  }
}

function proxyAuthorization(proxy: URL): Record<string, string> {
  if (proxy.username === '' && proxy.password === '') return {}
  const userinfo = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`
  return { 'proxy-authorization': `Basic ${Buffer.from(userinfo).toString('base64')}` }
}

function portOfConnection({ port, protocol }: BuildConnector.Options): number {
  if (port !== '') return Number(port)
  return protocol === 'https:' ? 443 : 80
}

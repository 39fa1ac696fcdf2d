import { parseBlock } from './address.ts'
import { TransportError } from './error.ts'
import { hostList, unbracket } from './host-list.ts'
import type { ProxyEnv } from './types.ts'

/** The proxy for a URL; undefined where it is asked directly. */
export type ProxyChoice = (url: URL) => URL | undefined

/**
 * Chooses proxies as Go programs do, so that policy and build take the same way: `no_proxy` holds host names (with their
 * subdomains; with a leading dot only these), addresses, CIDRs, each with an optional port, or `*`; loopback is never proxied.
 *
 * @see https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config
 */
export function proxyChoice(env: ProxyEnv = {}): ProxyChoice {
  const read = (name: string) => env[name] || env[name.toUpperCase()] || ''
  const proxies = { 'http:': parseProxy(read('http_proxy')), 'https:': parseProxy(read('https_proxy')) }
  const excluded = read('no_proxy')
    .split(',')
    .map(entry => entry.trim().toLowerCase())
    .filter(entry => entry !== '')
    .map(exclusion)
  return url => {
    const hostname = url.hostname.toLowerCase()
    const port = portOf(url)
    const proxy = proxies[url.protocol as keyof typeof proxies]
    if (proxy === undefined || isLoopbackName(hostname)) return undefined
    return excluded.some(excludes => excludes(hostname, port)) ? undefined : proxy
  }
}

/** The port that the URL names or means. */
export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port)
  return url.protocol === 'https:' ? 443 : 80
}

/** Whether the host is this machine by its spelling alone. */
export function isLoopbackName(hostname: string): boolean {
  return hostname === 'localhost' || isLoopback({ hostname, port: 0 })
}

const isLoopback = hostList(['127.0.0.0/8', '::1'], 'loopback')

function exclusion(entry: string): (hostname: string, port: number) => boolean {
  if (entry === '*') return () => true
  if (parseBlock(entry) !== undefined) {
    const holds = hostList([entry], 'no_proxy')
    return (hostname, port) => holds({ hostname, port })
  }
  const [, host = '', port] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? []
  const samePort = (other: number) => port === undefined || Number(port) === other
  const name = unbracket(host).replace(/^\*\./, '.')
  const suffix = name.startsWith('.') ? name : `.${name}`
  return (hostname, other) =>
    samePort(other) && (hostname.endsWith(suffix) || (!name.startsWith('.') && unbracket(hostname) === name))
}

function parseProxy(text: string): URL | undefined {
  if (text === '') return undefined
  const refuse = () => new TransportError('proxy_failed', 'reading the proxy settings: expected an http or https URL')
  // `proxy:3128` is a URL of the scheme `proxy:` to the parser, and a host with its port to everybody else
  const full = text.includes('://') ? text : `http://${text}`
  if (!URL.canParse(full)) throw refuse()
  const proxy = new URL(full)
  if (proxy.protocol !== 'http:' && proxy.protocol !== 'https:') throw refuse()
  return proxy
}

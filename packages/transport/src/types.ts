import type { Run } from '@source-policy/core'

/** An address of a host, as name resolution gives it. */
export interface ResolvedAddress {
  readonly address: string
  readonly family: 4 | 6
}

/** Certificates for TLS, in PEM. */
export interface TLSOptions {
  /** Authorities accepted besides the system's. */
  readonly ca?: string | readonly string[]
  /** Client certificate with its chain; needs `key`. */
  readonly cert?: string
  readonly key?: string
}

/** Proxies as environments name them: `{ https_proxy: 'http://proxy:3128', no_proxy: '.internal,10.0.0.0/8' }`. */
export type ProxyEnv = Readonly<Record<string, string | undefined>>

/** What the transport may do and for how long; every limit has a default in limits.ts. */
export interface TransportOptions extends TLSOptions {
  /**
   * Private, link-local or loopback targets that may be contacted: `host:port`, `host`, an address, `address:port` or a CIDR
   * (`127.0.0.1:5000`, `registry.internal`, `10.1.0.0/16`, `[::1]:5000`). Default: none.
   */
  readonly allowAddresses?: readonly string[]
  /** Hosts (`host` or `host:port`) whose certificate is not verified, and that may get credentials over plain http. */
  readonly insecureHosts?: readonly string[]
  /** Certificates for single hosts (`host` or `host:port`), in place of the general ones. */
  readonly hosts?: Readonly<Record<string, TLSOptions>>
  /** `http_proxy`, `https_proxy`, `no_proxy` in either case are read from it. Default: no proxy; the process's environment is never read. */
  readonly proxy?: ProxyEnv
  /** Default: 10. */
  readonly maxRedirects?: number
  /** Attempts after the first. Default: 3. */
  readonly retries?: number
  /** Default: 10,000. */
  readonly connectTimeoutMs?: number
  /** Default: 30,000. */
  readonly headersTimeoutMs?: number
  /** The longest pause within a body. Default: 30,000. */
  readonly bodyTimeoutMs?: number
  /** Connections to one host at the same time. Default: 6. */
  readonly perHostConcurrency?: number
  /** Default: `source-policy`. */
  readonly userAgent?: string
  /** Name resolution. Default: the system's. */
  readonly lookup?: (hostname: string) => Promise<readonly ResolvedAddress[]>
  /** Milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: () => number
  /** Waits between attempts; rejects with the signal's reason. Default: a timer. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>
  /** In [0, 1), for jitter. Default: `Math.random`. */
  readonly random?: () => number
}

/** A credential and the only host that it is for. */
export interface Authorization {
  /** `host` or `host:port` as `URL.host` prints it: without the port where it is the default one of the scheme. */
  readonly host: string
  /** Value of the `Authorization` header: `Bearer ...`. */
  readonly value: string
}

export interface TransportRequest {
  readonly method: 'GET' | 'HEAD' | 'POST'
  /** Absolute http or https URL. Its userinfo, if any, is sent as basic authorization unless `authorization` is given. */
  readonly url: string | URL
  /** After a redirect to another origin only content negotiation and ranges are sent again. No `authorization` here. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Bytes of the body, as received and as decompressed. */
  readonly maxBytes: number
  /** Counts requests, bytes and hosts, and records each exchange. */
  readonly run: Run
  /** Ends the request and its body. */
  readonly signal: AbortSignal
  /** Sent to its host only, over the scheme of the URL; dropped on a redirect elsewhere. */
  readonly authorization?: Authorization | undefined
  /** `manual` returns the redirect itself. Default: `follow`. */
  readonly redirect?: 'follow' | 'manual'
  /** Statuses that are returned; others throw `rate_limited` (429) or `unexpected_status`. Default: all below 500 but 429. */
  readonly accept?: (status: number) => boolean
  /** Whether it may be sent again after a failure. Default: true for GET and HEAD. */
  readonly idempotent?: boolean
}

/** A response whose body is still to be read: read it, or `discard` it, else it holds its connection. */
export interface TransportResponse {
  readonly status: number
  readonly headers: {
    /** The value by name, in any case; several are joined by `, `. Undefined where there is none. */
    get(name: string): string | undefined
  }
  /** Where the response came from, without userinfo; its query may hold secrets (signed URLs): redact before showing. */
  readonly url: string
  /** The URLs that redirects led through, the first one included, redacted; empty without redirects. */
  readonly redirected: readonly string[]
  /** Whether the body comes gzipped and is decompressed here: then its bytes are not those that ranges count. */
  readonly decompressed: boolean
  /** The body, to be read once, in constant memory; each part is the reader's own. Throws `truncated`, `response_too_large`, `timeout`. */
  readonly body: AsyncIterable<Uint8Array>
  /** The whole body. */
  bytes(): Promise<Uint8Array>
  /** The whole body as UTF-8; what is not UTF-8 becomes U+FFFD. */
  text(): Promise<string>
  /** Gives up the body; never throws. */
  discard(): Promise<void>
}

/** HTTP for everyone: one instance for a process, or for a set of operator's settings. */
export interface Transport {
  /**
   * The response of the last redirect and attempt, its body unread.
   * Throws `TransportError`, core's `budget_exceeded`, or the signal's reason.
   */
  request(request: TransportRequest): Promise<TransportResponse>
  /**
   * The addresses of a host that may be contacted by another protocol, under the same rules: whoever connects must use one of
   * them. Counts the host. Throws `dns_failed`, `address_forbidden`, or core's `budget_exceeded`.
   */
  resolveHost(
    target: { readonly hostname: string; readonly port: number },
    context: { readonly run: Run; readonly signal: AbortSignal },
  ): Promise<readonly ResolvedAddress[]>
  /** Closes all connections; requests under way fail. */
  close(): Promise<void>
}

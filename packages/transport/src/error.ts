/** Why a request has no usable response; callers switch on it, never on the text. */
export type TransportErrorCode =
  /** The URL is not an absolute http or https URL, or a header cannot be sent. */
  | 'invalid_request'
  /** No connection, or it broke before the response began. */
  | 'connection_failed'
  /** The host's name does not resolve. */
  | 'dns_failed'
  /** The TLS handshake failed: unknown authority, wrong name, expired certificate. */
  | 'tls_failed'
  /** Connecting, waiting for the response or for the next part of its body took too long. */
  | 'timeout'
  /** The target is a private, link-local or loopback address that is not listed. */
  | 'address_forbidden'
  /** A redirect from https to http, to another scheme, or of a request that must not be sent again elsewhere. */
  | 'redirect_forbidden'
  /** More redirects than allowed; loops end here as well. */
  | 'too_many_redirects'
  /** Credentials would have gone over plain http to a host that is not listed as insecure. */
  | 'credentials_forbidden'
  /** The body is longer than the caller allows, as announced, received or decompressed. */
  | 'response_too_large'
  /** The body ended, or the connection broke, before all of it came. */
  | 'truncated'
  /** The body does not decompress, or the response is not HTTP. */
  | 'malformed_response'
  /** The server said 429 until the last attempt, or wants a longer pause than allowed. */
  | 'rate_limited'
  /** The server's status is not one that the caller accepts; see `status`. */
  | 'unexpected_status'
  /** The proxy refused, or could not be used. */
  | 'proxy_failed'

/** The error of this package: method, URL without its secrets, what came. */
export class TransportError extends Error {
  readonly code: TransportErrorCode
  /** The status of the response where one came. */
  readonly status?: number

  constructor(code: TransportErrorCode, message: string, options: { cause?: unknown; status?: number } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'TransportError'
    this.code = code
    if (options.status !== undefined) this.status = options.status
  }
}

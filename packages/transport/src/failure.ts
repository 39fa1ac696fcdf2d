import { TransportError, type TransportErrorCode } from './error.ts'

const codes: Readonly<Record<string, TransportErrorCode>> = {
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  ETIMEDOUT: 'timeout',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'truncated',
  UND_ERR_HEADERS_OVERFLOW: 'malformed_response',
  UND_ERR_INVALID_ARG: 'invalid_request',
  ENOTFOUND: 'dns_failed',
  EAI_AGAIN: 'dns_failed',
  EAI_NODATA: 'dns_failed',
  EAI_FAIL: 'dns_failed',
  ERR_INVALID_URL: 'invalid_request',
  EPROTO: 'tls_failed',
  CERT_HAS_EXPIRED: 'tls_failed',
  CERT_NOT_YET_VALID: 'tls_failed',
  CERT_REVOKED: 'tls_failed',
  CERT_UNTRUSTED: 'tls_failed',
  CERT_REJECTED: 'tls_failed',
  CERT_SIGNATURE_FAILURE: 'tls_failed',
  CERT_CHAIN_TOO_LONG: 'tls_failed',
  INVALID_CA: 'tls_failed',
  INVALID_PURPOSE: 'tls_failed',
  HOSTNAME_MISMATCH: 'tls_failed',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls_failed',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls_failed',
}

const families: readonly (readonly [RegExp, TransportErrorCode])[] = [
  [/^HPE_/, 'malformed_response'],
  [/^ERR_(TLS|SSL|OSSL)/, 'tls_failed'],
  [/^(UNABLE_TO_|ERROR_IN_CERT_)/, 'tls_failed'],
  [/^Z_/, 'malformed_response'],
]

/**
 * The error of this package for whatever undici, a socket or zlib threw. `during` says what an otherwise unknown break means:
 * `connection_failed` before the response, `truncated` within its body. Errors that carry a meaning of their own stay as they are.
 */
export function toTransportError(
  thrown: unknown,
  what: string,
  during: 'connection_failed' | 'truncated' | 'proxy_failed',
): TransportError {
  if (thrown instanceof TransportError) return thrown
  const error = innermost(thrown)
  const name = codeOf(error)
  const code = codes[name] ?? families.find(([pattern]) => pattern.test(name))?.[1] ?? during
  const message = error instanceof Error ? error.message : String(error)
  return new TransportError(code, `${what}: ${message}${name === '' ? '' : ` (${name})`}`, { cause: thrown })
}

/** Whether another attempt may succeed. */
export function isRetriedFailure(error: TransportError): boolean {
  return (
    error.code === 'connection_failed' || error.code === 'timeout' || codeOf(innermost(error.cause)) === 'EAI_AGAIN'
  )
}

/** Several addresses of one host fail together, as an AggregateError; the first tells what the matter is. */
function innermost(thrown: unknown): unknown {
  return thrown instanceof AggregateError && thrown.errors.length > 0 ? thrown.errors[0] : thrown
}

function codeOf(thrown: unknown): string {
  const code = (thrown as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : ''
}

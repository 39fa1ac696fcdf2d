/** Why an HTTP source has no facts; callers switch on it, never on the text. Errors of the transport stand beside these. */
export type HTTPSourceErrorCode =
  /** The identifier is not an http or https URL. */
  | 'invalid_identifier'
  /** The URL is read differently by different parsers: the build might fetch something else than what was checked. */
  | 'ambiguous_url'
  /** The attribute `http.checksum` is not a digest that we know. */
  | 'invalid_checksum'
  /** What came is not what the attribute `http.checksum` names. */
  | 'checksum_mismatch'
  /** The secret that `http.authheadersecret` names was not given. */
  | 'secret_missing'
  /** 404 or 410. */
  | 'not_found'
  /** 401, 403 or 407. */
  | 'unauthorized'
  /** The server's status is no success. */
  | 'unexpected_status'
  /** Too many requests, the server says. */
  | 'rate_limited'
  /** An answer with attestations, or a bundle, is malformed. */
  | 'malformed_attestation'
  /** More bytes, pages or attestations than allowed. */
  | 'too_large'
  /** The file was another one when it was read again. */
  | 'changed_during_run'
  /** Asked for a field that HTTP sources do not have. */
  | 'unknown_field'

/** The error of this package. `message` names the URL without its secrets. */
export class HTTPSourceError extends Error {
  readonly code: HTTPSourceErrorCode

  constructor(code: HTTPSourceErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'HTTPSourceError'
    this.code = code
  }
}

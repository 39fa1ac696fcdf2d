/** Redirects that one request follows. */
export const MAX_REDIRECTS = 10

/** Attempts after the first, for requests that may be repeated. */
export const MAX_RETRIES = 3

/** Milliseconds of the first pause between two attempts; each later one doubles. */
export const RETRY_BASE_MS = 250

/** Milliseconds of the longest pause of our own choice. */
export const MAX_BACKOFF_MS = 5_000

/** Milliseconds of the longest pause that a server may ask for (`Retry-After`). */
export const MAX_RETRY_AFTER_MS = 30_000

/** Milliseconds for name resolution, TCP and TLS together. */
export const CONNECT_TIMEOUT_MS = 10_000

/** Milliseconds until the head of the response is there. */
export const HEADERS_TIMEOUT_MS = 30_000

/** Milliseconds without a byte of the body. */
export const BODY_TIMEOUT_MS = 30_000

/** Connections to one host at the same time. */
export const PER_HOST_CONCURRENCY = 6

/** Bytes of the head of a response. */
export const MAX_HEADER_BYTES = 64 * 1024

/** Bytes of a body that are held for its reader; beyond them the connection waits. */
export const MAX_HELD_BYTES = 64 * 1024

/** Bytes of a body that nobody wants: up to here it is read so that its connection can be used again. */
export const MAX_DISCARD_BYTES = 64 * 1024

/** Milliseconds for the same; after that the connection is closed. */
export const DISCARD_TIMEOUT_MS = 1_000

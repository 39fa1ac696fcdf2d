export { TransportError, type TransportErrorCode } from './error.ts'
export { createTransport } from './transport.ts'
export type {
  Authorization,
  ProxyEnv,
  ResolvedAddress,
  TLSOptions,
  Transport,
  TransportOptions,
  TransportRequest,
  TransportResponse,
} from './types.ts'

export { HTTPSourceError, type HTTPSourceErrorCode } from './error.ts'
export { type HTTPResolverOptions, httpResolver } from './resolver.ts'

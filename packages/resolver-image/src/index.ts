export { ImageSourceError, type ImageSourceErrorCode } from './error.ts'
export { type ImageResolverOptions, imageResolver } from './image-resolver.ts'
export type { TrustRoots } from './trust.ts'

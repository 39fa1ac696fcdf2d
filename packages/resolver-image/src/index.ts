export { ImageSourceError, type ImageSourceErrorCode } from './error.ts'
export { type ImageResolverOptions, imageResolver } from './image-resolver.ts'

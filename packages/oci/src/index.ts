export { formatPlatform, type Platform } from '@source-policy/core'
export type { Descriptor } from './descriptor.ts'
export { type Digest, digestAlgorithm, digestHex, digestOf, isDigest, parseDigest, verifyDigest } from './digest.ts'
export { OciError, type OciErrorCode } from './error.ts'
export { type DocumentKind, documentKind, MANIFEST_ACCEPT, MEDIA_TYPES } from './media-type.ts'
export { hostPlatform, normalizePlatform, parsePlatform } from './platform.ts'
export { matchPlatform } from './platform-match.ts'
export { purlToReference } from './purl.ts'
export {
  familiarName,
  formatFamiliarReference,
  formatReference,
  parseAnyReference,
  parseBareReference,
  parseDockerReference,
  parseReference,
  type Reference,
  repositoryName,
  tagNameOnly,
  withDigest,
  withTag,
} from './reference.ts'

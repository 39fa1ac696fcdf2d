export { formatPlatform, type Platform } from '@source-policy/core'
export type { RegistryContext } from './authorizer.ts'
export { type Challenge, parseChallenges } from './challenge.ts'
export type { ContentCache } from './content-cache.ts'
export type { Credentials, CredentialsFor } from './credentials.ts'
export type { Descriptor } from './descriptor.ts'
export { type Digest, digestAlgorithm, digestHex, digestOf, isDigest, parseDigest, verifyDigest } from './digest.ts'
export { decodeDocument, type ImageIndex, type ImageManifest } from './document.ts'
export { OciError, type OciErrorCode } from './error.ts'
export { attestationOf, type ChosenManifest, chooseManifest, readImageConfig } from './image.ts'
export { decodeImageConfig, type ImageConfig } from './image-config.ts'
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
export {
  artifactTypeOf,
  checkSubject,
  type ReferrersOptions,
  readCosignTag,
  referrersTag,
  tellsItsType,
} from './referrers.ts'
export {
  type ContentSource,
  createRegistryClient,
  type FetchedDocument,
  type RegistryClientOptions,
  type Served,
} from './registry-client.ts'
export { hostOf, type RegistryConfig, type RegistryConfigs } from './registry-endpoint.ts'
export {
  isTarHeader,
  listTar,
  mayBeTarHeader,
  type TarBytes,
  type TarEntry,
  type TarLink,
  type TarListing,
} from './tar.ts'

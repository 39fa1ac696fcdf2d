export { type RepeatedBody, type ServerAnswer, sendAnswer } from './answer.ts'
export { createFaults, type Fault, type FaultRule, type Faults, type RequestLine } from './faults.ts'
export {
  createGitRepository,
  type GitCommitOptions,
  type GitIdentity,
  type GitRepository,
  type GitRepositoryOptions,
  type GitSigning,
  type GitTagOptions,
} from './git-repository.ts'
export {
  type GitRequest,
  type GitServer,
  type GitServerOptions,
  type ServedRepository,
  startGitServer,
} from './git-server.ts'
export {
  type HTTPOrigin,
  type HTTPOriginOptions,
  type OriginFile,
  type OriginRequest,
  startHTTPOrigin,
} from './http-origin.ts'
export { type HTTPProxy, type HTTPProxyOptions, type ProxyRequest, startHTTPProxy } from './http-proxy.ts'
export {
  type ArtifactOptions,
  type AttestationOptions,
  type BuiltBlob,
  type BuiltContent,
  buildArtifact,
  buildAttestation,
  buildImage,
  buildIndex,
  describedAs,
  type ImageOptions,
  type IndexOptions,
  type Predicate,
  rawContent,
} from './image-builder.ts'
export { createMutator, type Mutator, type MutatorOptions } from './mutator.ts'
export { type Registry, type RegistryOptions, type RegistryRequest, startRegistry } from './registry.ts'
export type { RegistryAuth, Users } from './registry-auth.ts'
export type { ListedReferrer, RegistryBehaviour } from './registry-routes.ts'
export type { RegistryStore, Repository, StoredManifest } from './registry-store.ts'
export {
  createSigstore,
  type IssueOptions,
  type Sigstore,
  type SigstoreIdentity,
  type SigstoreOptions,
} from './sigstore.ts'
export {
  type Certificate,
  type CertificateContent,
  type Certified,
  extension as certificateExtension,
  issueCertificate,
  type KeyPair,
  PURPOSES as CERTIFICATE_PURPOSES,
  signCertificate,
} from './sigstore-certificates.ts'
export type { LogEntryJSON } from './sigstore-log.ts'
export type {
  BundleOptions,
  CosignLayerContent,
  EvidenceOptions,
  SignImageOptions,
  SigstoreSigner,
} from './sigstore-signer.ts'
export {
  type BuiltTUFRepository,
  buildTUFRepository,
  type TUFKeys,
  type TUFRepositoryOptions,
} from './tuf-repository.ts'

export type { AttestationOptions, TrustRootFinder } from './attestation.ts'
export { HTTPSourceError, type HTTPSourceErrorCode } from './error.ts'
export type { GitHubOptions } from './github-attestations.ts'
export { type HTTPResolverOptions, httpResolver } from './resolver.ts'

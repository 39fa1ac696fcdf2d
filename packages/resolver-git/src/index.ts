export { type GitCredential, type GitSecretsOptions, gitSecrets } from './credentials.ts'
export { GitError, type GitErrorCode } from './error.ts'
export { type GitResolverOptions, gitResolver } from './git-resolver.ts'

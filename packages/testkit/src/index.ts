export { type RepeatedBody, type ServerAnswer, sendAnswer } from './answer.ts'
export { createFaults, type Fault, type FaultRule, type Faults, type RequestLine } from './faults.ts'
export {
  type HTTPOrigin,
  type HTTPOriginOptions,
  type OriginFile,
  type OriginRequest,
  startHTTPOrigin,
} from './http-origin.ts'
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

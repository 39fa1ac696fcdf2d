export { detectSyntax, type Syntax } from './directives.ts'
export { type Dockerfile, type ParseOptions, parseDockerfile, type Stage } from './dockerfile.ts'
export { DockerfileError, type DockerfileErrorCode } from './error.ts'
export { isStandardFrontend } from './frontend.ts'
export { contextName } from './named-context.ts'
export { type Edit, type PinnedDockerfile, pinDockerfile, type SourcePin } from './pin-dockerfile.ts'
export { contextSource, dockerfileSources } from './sources.ts'
export type {
  BaseConfig,
  ConfigNeed,
  DockerfileSources,
  FoundSource,
  Place,
  Role,
  SourcesOptions,
  Undetermined,
} from './types.ts'

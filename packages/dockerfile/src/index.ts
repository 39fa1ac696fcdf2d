import { DockerfileError } from './error.ts'
import type { DockerfileSources, SourcesOptions } from './types.ts'

export { DockerfileError, type DockerfileErrorCode } from './error.ts'
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

/** A parsed Dockerfile. */
export interface Dockerfile {
  readonly file: string
}

/** The syntax tree of a Dockerfile. Throws DockerfileError. */
export function parseDockerfile(text: string, options: { readonly file: string }): Dockerfile {
  throw new DockerfileError('syntax_error', `parsing ${options.file}: ${text.length}`)
}

/** Every source that a build of the Dockerfile fetches. Throws DockerfileError. */
export function dockerfileSources(dockerfile: Dockerfile, _options: SourcesOptions): DockerfileSources {
  throw new DockerfileError('syntax_error', dockerfile.file)
}

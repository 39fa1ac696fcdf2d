import type { ExpansionError } from './expansion/expansion-error.ts'
import type { Place } from './types.ts'

/** Why a Dockerfile or the options given with it are refused; callers switch on it, never on the text. */
export type DockerfileErrorCode =
  /** The text is no Dockerfile that BuildKit accepts: unknown instruction, wrong arguments, unterminated heredoc. */
  | 'syntax_error'
  /** A word cannot be expanded: bad substitution, unmatched quote, `${X:?}` without a value. */
  | 'expansion_error'
  /** A base image, stage, stage index, target or platform does not exist or is malformed. */
  | 'invalid_reference'
  /** `ADD`, `COPY` or `--mount` names a source that BuildKit refuses. */
  | 'invalid_source'
  /** A build option (named context, platform, build argument) is malformed. */
  | 'invalid_option'
  /** The file or what it expands to exceeds a limit of limits.ts. */
  | 'limit_exceeded'

/** The error of this package; `location` is absent where an option, not the file, is at fault. */
export class DockerfileError extends Error {
  readonly code: DockerfileErrorCode
  readonly location: Place | undefined

  constructor(code: DockerfileErrorCode, message: string, options: { location?: Place; cause?: unknown } = {}) {
    super(message, options)
    this.name = 'DockerfileError'
    this.code = code
    this.location = options.location
  }
}

/** The Dockerfile says something that its grammar does not. */
export function syntaxError(location: Place, message: string): DockerfileError {
  return new DockerfileError('syntax_error', message, { location })
}

/** A word of the Dockerfile cannot be expanded. */
export function expansionError(error: ExpansionError, location: Place): DockerfileError {
  const code = error.reason === 'limit' ? 'limit_exceeded' : 'expansion_error'
  return new DockerfileError(code, `expanding a word: ${error.message}`, { location, cause: error })
}

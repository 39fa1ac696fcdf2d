/** Why the command cannot go on; all of them end with the exit code of `broken`. */
export type CliErrorCode =
  /** Arguments that do not fit together, or mean nothing. */
  | 'usage'
  /** A `--policy` value or a set of them that is not allowed. */
  | 'invalid_policy_flag'
  /** There is no policy, and nobody said that none is needed. */
  | 'no_policy'
  /** A policy file that was asked for is not there. */
  | 'policy_not_found'
  /** A policy that is fetched has no digest that it must have. */
  | 'policy_not_pinned'
  /** There is no engine for the policy file, or what was fetched holds no policy. */
  | 'policy_unsupported'
  /** A download is an archive that is not unpacked here, or a broken one. */
  | 'archive_unsupported'
  /** What was decided cannot be written as pins. */
  | 'not_pinnable'
  /** The Dockerfile is not there, or no text. */
  | 'dockerfile_unreadable'
  /** A file lies outside of the directory that it has to be in. */
  | 'outside_root'
  /** It would have to be asked for, and `--offline` was given. */
  | 'offline'
  /** Another process holds a lock for too long. */
  | 'locked'
  /** The trust root that signatures are verified by is older than allowed. */
  | 'trust_root_too_old'
  /** A signal ended the command. */
  | 'interrupted'
  /** A file cannot be read, or is too large. */
  | 'unreadable_file'
  /** A file of waivers is not exactly what is expected. */
  | 'invalid_waivers'
  /** A file cannot be written. */
  | 'unwritable_file'
  /** A directory given to `--replay` holds no recording. */
  | 'invalid_recording'
  /** It would have to be asked for, and the recording does not have it. */
  | 'not_recorded'

/** The error of the command. */
export class CliError extends Error {
  readonly code: CliErrorCode

  constructor(code: CliErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'CliError'
    this.code = code
  }
}

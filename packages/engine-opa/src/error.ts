export type OpaEngineErrorCode =
  /** A file of the policy set is not there. */
  | 'policy_not_found'
  /** A file of the policy set is too large, no text, or there are too many of them. */
  | 'policy_unreadable'
  /** A module imports a package for which there is no file. */
  | 'import_not_found'

/** The error of this package; errors of the language itself are those of `@source-policy/rego`. */
export class OpaEngineError extends Error {
  readonly code: OpaEngineErrorCode

  constructor(code: OpaEngineErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'OpaEngineError'
    this.code = code
  }
}

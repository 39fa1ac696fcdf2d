/** Why a file says no builds; callers switch on it, never on the text. */
export type BakeErrorCode =
  /** HCL, or an expression of it: only `docker buildx bake --print` knows what it comes to. */
  | 'hcl_unsupported'
  /** A feature of compose that only `docker compose config` resolves: `extends`, `include`. */
  | 'compose_unsupported'
  /** Neither a bake file nor a compose file, or a member of another type than it should be. */
  | 'malformed'
  /** There is no such target, group or service. */
  | 'target_not_found'
  /** Groups, `inherits` or `target:` contexts lead back to where they started. */
  | 'cycle'
  /** A variable is used that nobody set and that has no default. */
  | 'variable_unset'
  /** `${NAME:?message}` of a variable that nobody set, or braces that do not match. */
  | 'expansion_error'
  /** The file or what it expands to is larger than limits.ts allows. */
  | 'limit_exceeded'

/** The error of this package. */
export class BakeError extends Error {
  readonly code: BakeErrorCode

  constructor(code: BakeErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'BakeError'
    this.code = code
  }
}

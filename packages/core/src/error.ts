/** What went wrong in the pipeline; callers switch on it, never on the text. */
export type CoreErrorCode =
  /** The identifier is not `scheme://...`, or no source was given. */
  | 'invalid_source'
  /** No resolver answers for the identifier's scheme. */
  | 'unsupported_scheme'
  /** The source needs a platform and none was given. */
  | 'platform_required'
  /** There is no policy, and nobody said that none is needed. */
  | 'no_policy'
  /** A policy yields no decision, or one of a wrong type. */
  | 'invalid_decision'
  /** What a policy asks of the builder hangs on a source, and there is none yet. */
  | 'caps_unavailable'
  /** A policy pinned one image to several digests, or pinned what is not an image. */
  | 'invalid_pin'
  /** The policy still asked for facts after the last allowed round. */
  | 'rounds_exhausted'
  /** The source was converted more often than allowed. */
  | 'conversions_exhausted'
  /** A budget of the run (requests, bytes, hosts, sources, depth) is spent. */
  | 'budget_exceeded'
  /** The run took longer than it may. */
  | 'timeout'
  /** A nested source is its own ancestor. */
  | 'source_cycle'
  /** A plug-in broke its contract: it asked for what is known, or did not answer what it was asked. */
  | 'contract_violation'
  /** A policy calls a host function that no resolver offers. */
  | 'function_unavailable'
  /** A policy calls a host function with arguments that it does not take. */
  | 'invalid_call'
  /** JSON from outside is malformed, too deep, or says something twice. */
  | 'invalid_json'
  /** A recording is not one: a member is missing, of a wrong type or unexpected. */
  | 'invalid_recording'
  /** A fact would have to be asked for, and a recording does not have it. */
  | 'not_recorded'
  /** The text is no git URL, or its fragment and query contradict each other. */
  | 'invalid_git_url'

/** The error of this package. `code` is stable; `message` is for people and holds no secret. */
export class CoreError extends Error {
  readonly code: CoreErrorCode

  constructor(code: CoreErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'CoreError'
    this.code = code
  }
}

/** An error as it stands in facts and reports: every package's errors have this shape. */
export interface CodedError {
  readonly code: string
  readonly message: string
}

/** The code and message of anything thrown; `internal_error` where it carries no code. */
export function toCodedError(thrown: unknown): CodedError {
  if (!(thrown instanceof Error)) return { code: 'internal_error', message: String(thrown) }
  const code = (thrown as { code?: unknown }).code
  return { code: typeof code === 'string' ? code : 'internal_error', message: thrown.message }
}

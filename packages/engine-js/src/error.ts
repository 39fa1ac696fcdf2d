export type JsEngineErrorCode =
  /** The policy threw. */
  'policy_failed'

/** The error of this package. */
export class JsEngineError extends Error {
  readonly code: JsEngineErrorCode

  constructor(code: JsEngineErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'JsEngineError'
    this.code = code
  }
}

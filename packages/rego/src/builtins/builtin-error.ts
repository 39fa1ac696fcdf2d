import { RegoError } from '../error.ts'

/**
 * A builtin that failed. The evaluator records it and makes the call undefined; it leaves the package only in strict
 * mode, as a RegoError of the same code.
 */
export class BuiltinError extends Error {
  override readonly name = 'BuiltinError'
  readonly code: 'eval_type_error' | 'eval_builtin_error'

  constructor(message: string, code: 'eval_type_error' | 'eval_builtin_error' = 'eval_builtin_error') {
    super(message)
    this.code = code
  }
}

/** An operand of a wrong type or shape, in OPA's words: `operand 2 must be ...`. Positions count from 1. */
export const operandError = (position: number, text: string): BuiltinError =>
  new BuiltinError(`operand ${position} ${text}`, 'eval_type_error')

/** A limit that ends the evaluation: it is not a builtin error, which `not` could turn into true. */
export const limitExceeded = (what: string, limit: number | bigint): RegoError =>
  new RegoError({ code: 'eval_cancel_error', message: `${what} exceeds the limit of ${limit}` })

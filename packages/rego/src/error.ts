import type { Location } from './source-text.ts'

/** What went wrong, in OPA's own words. */
export type RegoErrorCode =
  /** The text is not Rego. */
  | 'rego_parse_error'
  /** Imports, declarations or `with` targets that cannot stand. */
  | 'rego_compile_error'
  /** Rules that conflict, functions that do not exist, operands of a type that cannot fit. */
  | 'rego_type_error'
  /** A variable that nothing binds. */
  | 'rego_unsafe_var_error'
  /** A rule that depends on itself. */
  | 'rego_recursion_error'
  /** A text that is not JSON, or JSON beyond the limits. */
  | 'json_parse_error'
  /** A module that cannot be formatted. */
  | 'rego_format_error'
  /** Evaluation broke a promise of this package: a defect here. */
  | 'eval_internal_error'
  /** A deadline, a step limit or a signal ended the evaluation. */
  | 'eval_cancel_error'
  /** Two values where one is allowed. */
  | 'eval_conflict_error'
  /** A builtin was given an operand of a wrong type (strict mode). */
  | 'eval_type_error'
  /** A builtin failed (strict mode). */
  | 'eval_builtin_error'

export interface RegoErrorOptions {
  readonly code: RegoErrorCode
  /** Without file, code and place: these are added. */
  readonly message: string
  readonly location?: Location | undefined
  /** The text of the row of `location`. */
  readonly line?: string | undefined
  /** What a reader needs besides the message, a line each, such as the types that were compared. */
  readonly details?: readonly string[] | undefined
  /** All errors of the stage, this one among them. */
  readonly errors?: readonly RegoError[] | undefined
  /** The results found before evaluation failed. */
  readonly results?: readonly unknown[] | undefined
  readonly cause?: unknown
}

/**
 * The one error of this package. `message` is `file:row: code: reason` as OPA prints it, or `N errors occurred:` and a
 * line each; `reason` is the bare message of the first.
 */
export class RegoError extends Error {
  override readonly name = 'RegoError'
  readonly code: RegoErrorCode
  readonly reason: string
  readonly location: Location | undefined
  readonly line: string | undefined
  readonly details: readonly string[]
  /** All errors of the stage that failed; only this one when it stands alone. */
  readonly errors: readonly RegoError[]
  /** What was found before evaluation failed; empty for every other error. */
  readonly results: readonly unknown[]

  constructor(options: RegoErrorOptions) {
    const { errors } = options
    const text =
      errors !== undefined && errors.length > 1
        ? `${errors.length} errors occurred:\n${errors.map(error => error.message).join('\n')}`
        : errorText(options)
    super(text, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = options.code
    this.reason = options.message
    this.location = options.location
    this.line = options.line
    this.details = options.details ?? []
    this.errors = errors ?? [this]
    this.results = options.results ?? []
  }
}

function errorText({ code, message, location, details }: RegoErrorOptions): string {
  const place = location === undefined ? '' : `${location.file === '' ? '' : `${location.file}:`}${location.row}: `
  return [`${place}${code}: ${message}`, ...(details ?? []).map(detail => `\t${detail}`)].join('\n')
}

/** One error standing for all of a stage: the first gives code and place. */
export function joinErrors(errors: readonly RegoError[]): RegoError {
  const first = errors[0]!
  if (errors.length === 1) return first
  const { code, reason, location, line, details } = first
  return new RegoError({ code, message: reason, location, line, details, errors })
}

/**
 * The error with the line that it is about and a caret below the column. Tabs are kept so that the caret stands right;
 * other control characters, which a hostile policy could aim at a terminal, become `?`.
 */
export function renderError(error: RegoError): string {
  return error.errors.map(renderOne).join('\n')
}

function renderOne(error: RegoError): string {
  const text = printable(error.message)
  if (error.location === undefined || error.line === undefined) return text
  const { col } = error.location
  const points = [...error.line]
  const from = Math.max(0, col - maxLineShown)
  const indent = points.slice(from, col - 1).map(point => (point === '\t' ? '\t' : ' '))
  return `${text}\n\t${printable(points.slice(from, from + maxLineShown * 2).join(''))}\n\t${indent.join('')}^`
}

/** Code points shown before and after the caret at most. */
const maxLineShown = 120

function printable(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '?')
}

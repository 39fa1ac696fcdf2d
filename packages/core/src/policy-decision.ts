import { CoreError } from './error.ts'

/** What a policy's decision document says, checked. */
export interface CheckedDecision {
  readonly allow: boolean
  readonly messages: readonly string[]
  /** `warn_msg`: an extension. */
  readonly warnMessages: readonly string[]
  readonly caps: Readonly<Record<string, boolean>>
}

const knownCaps: ReadonlySet<string> = new Set(['exec.proxy'])

const ZERO_RESULT = 'policy returned zero result'

/** Whether it was thrown since a policy yields no decision at all. */
export function isZeroResult(error: unknown): boolean {
  return error instanceof CoreError && error.code === 'invalid_decision' && error.message === ZERO_RESULT
}

/**
 * Reads the decision document of a policy as docker buildx does: a missing `allow` denies, elements of `deny_msg`
 * that are no strings are passed over, an unknown capability is an error.
 * Throws `invalid_decision`; `undefined` is a policy that was evaluated and yields none.
 */
export function readDecision(document: unknown): CheckedDecision {
  if (document === undefined) throw new CoreError('invalid_decision', ZERO_RESULT)
  if (!isObject(document)) {
    throw new CoreError('invalid_decision', `unexpected policy return type: ${typeName(document)}`)
  }
  const { allow, deny_msg: messages, warn_msg: warnings, caps } = document
  if (allow !== undefined && typeof allow !== 'boolean') {
    throw new CoreError('invalid_decision', `invalid allowed property type ${typeName(allow)}, expecting bool`)
  }
  return {
    allow: allow === true,
    messages: textsOf(messages),
    warnMessages: textsOf(warnings),
    caps: readCaps(caps),
  }
}

function textsOf(messages: unknown): string[] {
  return Array.isArray(messages) ? messages.filter(message => typeof message === 'string') : []
}

function readCaps(caps: unknown): Record<string, boolean> {
  if (caps === undefined) return {}
  if (!isObject(caps)) {
    throw new CoreError('invalid_decision', `invalid caps property type ${typeName(caps)}, expecting object`)
  }
  const checked: Record<string, boolean> = {}
  for (const [name, value] of Object.entries(caps)) {
    if (!knownCaps.has(name)) throw new CoreError('invalid_decision', `unknown policy cap "${name}"`)
    if (typeof value !== 'boolean') {
      throw new CoreError('invalid_decision', `invalid caps.${name} property type ${typeName(value)}, expecting bool`)
    }
    checked[name] = value
  }
  return checked
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

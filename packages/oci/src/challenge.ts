import { OciError, quote } from './error.ts'
import { MAX_CHALLENGE_CHARS } from './limits.ts'

/** One way of authentication that a server offers: `Bearer realm="...",service="..."`. */
export interface Challenge {
  /** Lower case. */
  readonly scheme: string
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>
}

const scheme = /([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:[ \t]+|$|(?=[ \t]*,))/y
const parameter =
  /([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*(?:"((?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[\t\x20-\x7e])*)"|([!#$%&'*+.^_`|~0-9A-Za-z:/-]+))/y
const token68 = /[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y
const separator = /[ \t]*(?:,[ \t]*)*/y

/**
 * The challenges of a WWW-Authenticate header, in their order. Throws `challenge_invalid`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1
 */
export function parseChallenges(header: string): Challenge[] {
  const fail = (problem: string): never => {
    throw new OciError('challenge_invalid', `reading WWW-Authenticate ${quote(header)}: ${problem}`)
  }
  if (header.length > MAX_CHALLENGE_CHARS) fail(`longer than ${MAX_CHALLENGE_CHARS} characters`)
  let offset = 0
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = offset
    const match = pattern.exec(header)
    if (match !== null) offset = pattern.lastIndex
    return match
  }
  const peek = (pattern: RegExp): boolean => {
    pattern.lastIndex = offset
    return pattern.test(header)
  }

  const challenges: Challenge[] = []
  take(separator)
  while (offset < header.length) {
    const name = take(scheme)?.[1]?.toLowerCase() ?? fail(`expected a scheme at offset ${offset}`)
    const parameters = new Map<string, string>()
    if (!peek(parameter)) take(token68)
    while (peek(parameter)) {
      const [, key = '', quoted, bare = ''] = take(parameter) ?? []
      // two realms: one for whoever checks, another for whoever sends
      if (parameters.has(key.toLowerCase())) fail(`parameter ${quote(key)} stands twice`)
      parameters.set(key.toLowerCase(), quoted === undefined ? bare : quoted.replace(/\\(.)/g, '$1'))
      const end = offset
      take(separator)
      if (offset < header.length && !header.slice(end, offset).includes(',')) fail(`expected a comma at offset ${end}`)
    }
    take(separator)
    challenges.push({ scheme: name, parameters })
  }
  return challenges
}

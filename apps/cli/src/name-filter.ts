import { toCodedError } from '@source-policy/core'
import { compileRegex } from '@source-policy/rego/regex'
import { CliError } from './error.ts'

/**
 * Whether a name matches a regular expression of RE2's syntax, anywhere in it; a plain part of a name is one. It takes time
 * linear in the name, whatever the expression. Throws `usage`.
 */
export function compileNameFilter(expression: string): (name: string) => boolean {
  try {
    const regex = compileRegex(expression)
    return name => regex.test(name)
  } catch (cause) {
    throw new CliError('usage', `--run ${expression}: ${toCodedError(cause).message}`, { cause })
  }
}

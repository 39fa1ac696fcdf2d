import { BakeError } from './error.ts'

/** Values of variables by name; a name whose value is undefined is known to be unset. */
export type Variables = ReadonlyMap<string, string | undefined>

/** The error for a variable that nobody set. */
export function unsetVariable(name: string, what: string): BakeError {
  return new BakeError(
    'variable_unset',
    `${what}: nobody said what the variable ${name} is: what is built depends on it`,
  )
}

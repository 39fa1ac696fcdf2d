import { BakeError } from './error.ts'

/** What the environment sets, and nobody spoke of: neither that nor a default is known to be what the build takes. */
export const UNSPOKEN = Symbol('unspoken')

/** Values of variables by name; a name whose value is undefined is known to be unset. */
export type Variables = ReadonlyMap<string, string | undefined | typeof UNSPOKEN>

/** What is known of a variable; undefined where nothing is. Throws `variable_unset` where a guess would be wrong. */
export function lookUp(variables: Variables, name: string, what: string): { value: string | undefined } | undefined {
  const value = variables.get(name)
  if (value === UNSPOKEN) throw unsetVariable(name, what)
  return variables.has(name) ? { value } : undefined
}

/** The error for a variable that nobody set. */
export function unsetVariable(name: string, what: string): BakeError {
  return new BakeError(
    'variable_unset',
    `${what}: nobody said what the variable ${name} is: what is built depends on it`,
  )
}

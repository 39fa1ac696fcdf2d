import { type Lookup, UNKNOWN } from './expansion/expand.ts'

/** Variables with their values; in an open one, a name that is not among them may be set or not. */
export interface Environment {
  readonly isOpen: boolean
  readonly lookup: Lookup
  set(name: string, value: string): void
  delete(name: string): void
  has(name: string): boolean
  entries(): IterableIterator<[string, string]>
  readonly size: number
  clone(): Environment
}

export function createEnvironment(
  isOpen: boolean,
  values: Iterable<readonly [name: string, value: string]> = [],
): Environment {
  const map = new Map(values)
  return {
    isOpen,
    lookup: name => map.get(name) ?? (isOpen ? UNKNOWN : undefined),
    set: (name, value) => void map.set(name, value),
    delete: name => void map.delete(name),
    has: name => map.has(name),
    entries: () => map.entries(),
    get size() {
      return map.size
    },
    clone: () => createEnvironment(isOpen, map),
  }
}

/** `PATH=/bin` as a name and a value. */
export function splitVariable(variable: string): [name: string, value: string] {
  const equals = variable.indexOf('=')
  return equals === -1 ? [variable, ''] : [variable.slice(0, equals), variable.slice(equals + 1)]
}

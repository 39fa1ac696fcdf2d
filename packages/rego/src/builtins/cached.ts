import type { BuiltinContext } from './signature.ts'

/** Compiled things that one cache keeps; beyond, they are made anew each time. A regex can take up megabytes. */
const maxCached = 100

/** What `make` makes of the key, made once per cache. Only what depends on nothing but the key may be kept. */
export function cached<T>({ cache }: BuiltinContext, kind: string, key: string, make: (key: string) => T): T {
  const name = `${kind} ${key}`
  const known = cache.get(name)
  if (known !== undefined) return known as T
  const made = make(key)
  if (cache.size < maxCached) cache.set(name, made)
  return made
}

/** Adds values to those of a name, in place: hostile input names one a million times, and copies would take quadratic time. */
export function add<K, V>(map: Map<K, V[]>, name: K, ...values: readonly V[]): void {
  const known = map.get(name)
  if (known === undefined) map.set(name, [...values])
  else known.push(...values)
}

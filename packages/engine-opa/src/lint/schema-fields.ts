import type { Part } from './subject.ts'

type Schema = Readonly<Record<string, unknown>>

/** A field that the input does not have, and those that it has at the same place. */
export interface UnknownField {
  /** How much of the path there is. */
  readonly known: readonly Part[]
  readonly name: string
  readonly siblings: readonly string[]
}

/** The first part of a path that the schema does not have; undefined where it has all of it, or says nothing. */
export function unknownField(path: readonly Part[], root: Schema): UnknownField | undefined {
  let at = resolve(root, root)
  for (const [depth, part] of path.entries()) {
    const { properties, additionalProperties, items } = at
    if (isSchema(items)) {
      at = resolve(items, root)
      continue
    }
    if (isSchema(properties) && typeof part === 'string' && Object.hasOwn(properties, part)) {
      at = resolve(properties[part] as Schema, root)
      continue
    }
    if (isSchema(additionalProperties)) {
      at = resolve(additionalProperties, root)
      continue
    }
    if (typeof part !== 'string' || !isSchema(properties)) return undefined
    return { known: path.slice(0, depth), name: part, siblings: Object.keys(properties) }
  }
  return undefined
}

/** The schema of a field; undefined where there is none. */
export function fieldSchema(path: readonly Part[], root: Schema): Schema | undefined {
  let at: Schema = resolve(root, root)
  for (const part of path) {
    const { properties, additionalProperties, items } = at
    const next = isSchema(items)
      ? items
      : isSchema(properties) && typeof part === 'string' && Object.hasOwn(properties, part)
        ? properties[part]
        : additionalProperties
    if (!isSchema(next)) return undefined
    at = resolve(next, root)
  }
  return at
}

/** Every place at which the schema has a field of the name, two levels deep. */
export function placesOf(name: string, root: Schema): string[] {
  const { properties } = resolve(root, root)
  if (!isSchema(properties)) return []
  return Object.entries(properties).flatMap(([kind, schema]) => {
    const { properties: own } = resolve(schema as Schema, root)
    return isSchema(own) && Object.hasOwn(own, name) ? [`input.${kind}.${name}`] : []
  })
}

/** The name that was probably meant. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[_-]/g, '')
  const same = names.find(other => plain(other) === plain(name))
  if (same !== undefined) return same
  const limit = name.length <= 4 ? 1 : 2
  const ranked = names.map(other => ({ other, distance: distanceOf(plain(name), plain(other)) }))
  return ranked.filter(({ distance }) => distance <= limit).sort((a, b) => a.distance - b.distance)[0]?.other
}

/** Edits that lead from one text to the other. */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

function resolve(schema: Schema, root: Schema): Schema {
  let at = schema
  for (let hops = 0; hops < 16 && typeof at.$ref === 'string'; hops++) {
    const target = at.$ref
      .replace(/^#\/?/, '')
      .split('/')
      .filter(part => part !== '')
      .reduce<unknown>((found, part) => (isSchema(found) ? found[part] : undefined), root)
    if (!isSchema(target)) return {}
    at = target
  }
  return at
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A place in the input, from its root: `['image', 'provenance', 'materials', 0, 'git', 'tag']`. */
export type Path = readonly (string | number)[]

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/

/** The text of a path as a policy would write it: `input.image.provenance.materials[0].git.tag`. Never throws. */
export function formatPath(path: Path): string {
  let text = 'input'
  for (const part of path) {
    text += typeof part === 'string' && identifier.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`
  }
  return text
}

/** A string that two paths share only when they are equal: the key of a path in a Map. */
export function pathKey(path: Path): string {
  let key = ''
  // paths are looked up all the time, and an iterator costs more than the rest
  for (let index = 0; index < path.length; index++) {
    const part = path[index]!
    key += typeof part === 'string' ? `.${part.length}:${part}` : `#${part}`
  }
  return key
}

/** Whether `path` is `ancestor` or lies beneath it. */
export function isWithin(path: Path, ancestor: Path): boolean {
  return ancestor.length <= path.length && ancestor.every((part, index) => part === path[index])
}

/** The value at `path` in a JSON document; undefined where there is none. Reads own properties only. */
export function valueAt(document: unknown, path: Path): unknown {
  let value = document
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    value = (value as Record<string | number, unknown>)[part]
  }
  return value
}

/** A copy of `document` with `value` at `path`; what does not lie on the path is shared with the original. */
export function withValueAt(document: unknown, path: Path, value: unknown): unknown {
  return withValuesAt(document, [[path, value]])
}

/** A copy of `document` with each value at its path, in this order; what lies on no path is shared with the original. */
export function withValuesAt(document: unknown, values: Iterable<readonly [Path, unknown]>): unknown {
  // what was copied for one path is not copied again for the next
  const copies = new Set<unknown>()
  let changed = document
  for (const [path, value] of values) changed = place(changed, path, 0, value, copies)
  return changed
}

function place(document: unknown, path: Path, depth: number, value: unknown, copies: Set<unknown>): unknown {
  const part = path[depth]
  if (part === undefined) return value
  const copy = (copies.has(document) ? document : copyOf(document)) as Record<string | number, unknown>
  copies.add(copy)
  const own = Object.hasOwn(copy, part) ? copy[part] : undefined
  const base = own ?? (typeof path[depth + 1] === 'number' ? [] : {})
  const placed = place(base, path, depth + 1, value, copies)
  if (part === '__proto__') {
    Object.defineProperty(copy, part, { value: placed, configurable: true, enumerable: true, writable: true })
  } else copy[part] = placed
  return copy
}

function copyOf(document: unknown): object {
  return Array.isArray(document) ? [...document] : { ...(document as object | undefined) }
}

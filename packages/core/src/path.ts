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
  return JSON.stringify(path)
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
  const [part, ...rest] = path
  if (part === undefined) return value
  const copy = Array.isArray(document) ? [...document] : { ...(document as object | undefined) }
  const own = Object.hasOwn(copy, part) ? (copy as Record<string | number, unknown>)[part] : undefined
  const base = own ?? (typeof rest[0] === 'number' ? [] : {})
  Object.defineProperty(copy, part, {
    value: withValueAt(base, rest, value),
    configurable: true,
    enumerable: true,
    writable: true,
  })
  return copy
}

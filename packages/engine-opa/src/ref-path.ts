import type { RefTerm } from '@source-policy/rego/syntax'

/** The names of a reference as far as they are constants: `data.a.b[x]` is `['data', 'a', 'b']`. */
export function refPath({ head, path }: RefTerm): string[] {
  const names = head.kind === 'var' ? [head.name] : []
  for (const term of names.length === 0 ? [] : path) {
    if (term.kind !== 'string') break
    names.push(term.value)
  }
  return names
}

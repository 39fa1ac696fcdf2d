import { isWithin, type Path, pathKey } from './path.ts'

/**
 * The path of a field as users write it: `image.provenance.materials[0].git.tag`, with or without `input.` before it.
 * Undefined where the text is none. Never throws.
 */
export function parseField(text: string): Path | undefined {
  const written = text.replace(/^input\./, '')
  if (!/^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[\d{1,6}\])*$/.test(written)) return undefined
  return Array.from(written.matchAll(/([A-Za-z_]\w*)|\[(\d+)\]/g), ([, name, index]) => name ?? Number(index))
}

/**
 * The fields that have to be known before `field` can be, at each level, outermost first: for a field of a material the
 * provenance that names the material, for one of an attestation the list of them. Empty for every other field.
 */
export function fieldPrerequisites(field: Path): Path[] {
  const paths = field.map((_, index) => field.slice(0, index))
  return paths.filter((path, end) => {
    const [parent, member] = [path.at(-1), field[end]]
    if (parent === 'provenance') return member === 'verified' || (member === 'materials' && end < field.length - 1)
    return parent === 'attestations' && typeof member === 'number'
  })
}

/**
 * Which of the unknown fields to fetch so as to come nearer to `fields`: the field itself; for one of a material its
 * first unknown prerequisite, else the nearest unknown field above it. What no unknown field leads to is `invalid`.
 */
export function fieldsToLoad(fields: readonly Path[], unknown: readonly Path[]): { load: Path[]; invalid: Path[] } {
  const holes = new Set(unknown.map(pathKey))
  const load = new Map<string, Path>()
  const invalid: Path[] = []
  for (const field of fields) {
    const prerequisites = fieldPrerequisites(field)
    const above = unknown.filter(path => isWithin(field, path)).sort((a, b) => b.length - a.length)
    const next = [field, ...prerequisites].find(path => holes.has(pathKey(path)))
    const found = next ?? (prerequisites.length > 0 ? above[0] : undefined)
    if (found === undefined) invalid.push(field)
    else load.set(pathKey(found), found)
  }
  return { load: [...load.values()], invalid }
}

import { BakeError } from './error.ts'
import { followNames } from './follow.ts'
import { expandTemplate, hclUnsupported } from './hcl-template.ts'
import { MAX_TARGETS } from './limits.ts'
import { type Fields, isFields, malformed, type Shape, scalarText, shapeOf } from './shape.ts'
import type { BakeTarget, PolicyEntry } from './types.ts'
import type { Variables } from './variables.ts'

/** Targets by name, and what stands for several of them. */
export interface TargetFile {
  readonly names: readonly string[]
  readonly groups: ReadonlyMap<string, readonly string[]>
  /** What is built where nothing is asked for. */
  readonly defaults: readonly string[]
  target(name: string): BakeTarget
}

/** Functions and matrices are programs; the others are not about sources. */
const needsBake: ReadonlySet<string> = new Set(['function', 'matrix'])

/**
 * A bake file in JSON: what `docker buildx bake --print` prints, or `docker-bake.json` as far as it has no expressions but
 * `${NAME}`. Throws BakeError.
 *
 * @see https://docs.docker.com/build/bake/reference/
 */
export function bakeFile(document: Fields, file: string, given: Variables): TargetFile {
  if (document.function !== undefined) throw hclUnsupported(`${file} declares functions`)
  const variables = withDefaults(blocks(document.variable, `${file}: variable`), given)
  const declared = blocks(document.target, `${file}: target`)
  const groups = new Map(
    Array.from(blocks(document.group, `${file}: group`), ([name, fields]) => {
      const members = shapeOf(fields, `group ${name}`).texts('targets') ?? []
      return [name, members.map(member => expandTemplate(member, variables, `group ${name}`))] as const
    }),
  )
  if (declared.size > MAX_TARGETS) throw new BakeError('limit_exceeded', `${file}: more than ${MAX_TARGETS} targets`)

  const fieldsOf = (name: string): Fields => {
    const fields = declared.get(name)
    if (fields === undefined) throw new BakeError('target_not_found', `${file}: there is no target ${name}`)
    const foreign = Object.keys(fields).find(key => needsBake.has(key))
    if (foreign !== undefined) throw hclUnsupported(`target ${name} has a ${foreign}`)
    return fields
  }
  const parentsOf = (name: string) => shapeOf(fieldsOf(name), `target ${name}`).texts('inherits') ?? []
  return {
    names: [...declared.keys()],
    groups,
    defaults: groups.has('default') || declared.has('default') ? ['default'] : [],
    target(name) {
      // each parent comes before its child, and a later one in place of an earlier
      const lineage = followNames([name], parentsOf, `${file}: inherits`)
      const parts = lineage.map(ancestor => partOf(fieldsOf(ancestor), `target ${ancestor}`, variables))
      return merged(name, parts)
    },
  }
}

type Part = Partial<Omit<BakeTarget, 'name'>>

/** Maps are merged by key, all else is replaced by who comes later. */
function merged(name: string, parts: readonly Part[]): BakeTarget {
  const target = { name, context: '.', platforms: [], policies: [], attests: [] }
  return {
    ...Object.assign(target, ...parts),
    args: Object.assign({}, ...parts.map(({ args }) => args)),
    labels: Object.assign({}, ...parts.map(({ labels }) => labels)),
    contexts: Object.assign({}, ...parts.map(({ contexts }) => contexts)),
  }
}

function partOf(fields: Fields, what: string, variables: Variables): Part {
  const shape = shapeOf(fields, what)
  const expand = (text: string, name: string) => expandTemplate(text, variables, `${what}.${name}`)
  const one = (name: string) => {
    const text = shape.text(name)
    return text === undefined ? undefined : expand(text, name)
  }
  const list = (name: string) => shape.texts(name)?.map(text => expand(text, name))
  const inline = one('dockerfile-inline')
  const part: { [Name in keyof Part]: Part[Name] | undefined } = {
    context: one('context'),
    dockerfile: one('dockerfile'),
    dockerfileInline: inline,
    target: one('target'),
    args: pairs(shape, 'args', expand),
    labels: pairs(shape, 'labels', expand),
    platforms: list('platforms'),
    contexts: pairs(shape, 'contexts', expand),
    policies: policies(fields, what, expand),
    attests: attests(fields, what, expand),
  }
  return Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined)) as Part
}

type Expand = (text: string, name: string) => string

/** Null means that nothing is given: `args: { VERSION: null }`. */
function pairs(shape: Shape, name: string, expand: Expand): Record<string, string> | undefined {
  const fields = shape.fields(name)
  if (fields === undefined) return undefined
  const entries = Object.entries(fields).flatMap(([key, value]) => {
    if (value === null) return []
    const text = scalarText(value)
    if (text === undefined) throw malformed(`${name}.${key}`, 'text')
    return [[expand(key, name), expand(text, `${name}.${key}`)] as const]
  })
  return Object.fromEntries(entries)
}

function policies(fields: Fields, what: string, expand: Expand): PolicyEntry[] | undefined {
  if (fields.policy === undefined || fields.policy === null) return undefined
  const entries = Array.isArray(fields.policy) ? fields.policy : [fields.policy]
  return entries.map((entry): PolicyEntry => {
    if (typeof entry === 'string') return expand(entry, 'policy')
    if (!isFields(entry)) throw malformed(`${what}.policy`, 'a list of texts or objects')
    return Object.fromEntries(
      Object.entries(entry).map(([key, value]) => [key, typeof value === 'string' ? expand(value, 'policy') : value]),
    )
  })
}

/** `"type=sbom"`, or an object with the same keys. */
function attests(fields: Fields, what: string, expand: Expand): string[] | undefined {
  if (fields.attest === undefined || fields.attest === null) return undefined
  if (!Array.isArray(fields.attest)) throw malformed(`${what}.attest`, 'a list')
  return fields.attest.map((entry: unknown) => {
    if (typeof entry === 'string') return expand(entry, 'attest')
    if (!isFields(entry)) throw malformed(`${what}.attest`, 'a list of texts or objects')
    return Object.entries(entry)
      .map(([key, value]) => expand(`${key}=${scalarText(value) ?? ''}`, 'attest'))
      .join(',')
  })
}

function withDefaults(declared: ReadonlyMap<string, Fields>, given: Variables): Variables {
  const defaults = Array.from(declared, ([name, fields]): [string, string] | undefined => {
    const { default: value } = fields
    const text = value === undefined || value === null ? '' : scalarText(value)
    if (text === undefined || text.includes('${') || text.includes('%{')) return undefined
    return [name, text]
  })
  const known = defaults.filter(entry => entry !== undefined)
  return new Map<string, string | undefined>([
    ...known,
    ...[...given].filter(([name, value]) => value !== undefined || !known.some(([other]) => other === name)),
  ])
}

/** Blocks by their label. HCL in JSON has them in an object, or in several of them in a list. */
function blocks(value: unknown, what: string): Map<string, Fields> {
  const found = new Map<string, Fields>()
  if (value === undefined || value === null) return found
  for (const labelled of Array.isArray(value) ? value : [value]) {
    if (!isFields(labelled)) throw malformed(what, 'an object')
    for (const [label, body] of Object.entries(labelled)) {
      const bodies = Array.isArray(body) ? body : [body]
      for (const fields of bodies) {
        if (!isFields(fields)) throw malformed(`${what} ${label}`, 'an object')
        found.set(label, { ...found.get(label), ...fields })
      }
    }
  }
  return found
}

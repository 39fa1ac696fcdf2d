import { BakeError } from './error.ts'
import { followNames } from './follow.ts'
import { expandTemplate, hclUnsupported } from './hcl-template.ts'
import { MAX_POLICIES, MAX_TARGETS } from './limits.ts'
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

const topLevel: ReadonlySet<string> = new Set(['//', 'target', 'group', 'variable'])

/** What bake sets itself, whatever a file says. */
const builtinVariables: ReadonlySet<string> = new Set(['BAKE_CMD_CONTEXT', 'BAKE_LOCAL_PLATFORM'])

/**
 * A bake file in JSON: what `docker buildx bake --print` prints, or `docker-bake.json` as far as it has no expressions but
 * `${NAME}`. Throws BakeError.
 *
 * @see https://docs.docker.com/build/bake/reference/
 */
export function bakeFile(document: Fields, file: string, given: Variables): TargetFile {
  if (document.function !== undefined) throw hclUnsupported(`${file} declares functions`)
  // "//" is a comment, and any other name a variable
  const foreign = Object.keys(document).find(name => !topLevel.has(name))
  if (foreign !== undefined) throw hclUnsupported(`${file} gives ${foreign} a value`)
  const variables = withDefaults(blocks(document.variable, `${file}: variable`), given)
  const declared = blocks(document.target, `${file}: target`)
  const groups = new Map(
    Array.from(blocks(document.group, `${file}: group`), ([name, fields]) => {
      const members = fields.flatMap(body => shapeOf(body, `group ${name}`).texts('targets') ?? [])
      return [name, members.map(member => expandTemplate(member, variables, `group ${name}`))] as const
    }),
  )
  if (declared.size > MAX_TARGETS) throw new BakeError('limit_exceeded', `${file}: more than ${MAX_TARGETS} targets`)

  const bodiesOf = (name: string): readonly Fields[] => {
    const bodies = declared.get(name)
    if (bodies === undefined) throw new BakeError('target_not_found', `${file}: there is no target ${name}`)
    const foreign = bodies.flatMap(Object.keys).find(key => needsBake.has(key))
    if (foreign !== undefined) throw hclUnsupported(`target ${name} has a ${foreign}`)
    return bodies
  }
  const parentsOf = (name: string) =>
    bodiesOf(name).flatMap(
      body =>
        shapeOf(body, `target ${name}`)
          .texts('inherits')
          ?.map(parent => expandTemplate(parent, variables, name)) ?? [],
    )
  const parts = new Map<string, Part>()
  return {
    names: [...declared.keys()],
    groups,
    defaults: groups.has('default') || declared.has('default') ? ['default'] : [],
    target(name) {
      // what a parent inherits counts as its own: a later parent goes before an earlier one with all of it
      for (const ancestor of followNames([name], parentsOf, `${file}: inherits`)) {
        const own = bodiesOf(ancestor).map(body => partOf(body, `target ${ancestor}`, variables))
        const inherited = parentsOf(ancestor).map(parent => parts.get(parent) ?? {})
        parts.set(ancestor, [...inherited, ...own].reduce(merged, {}))
      }
      const empty = { context: '.', args: {}, labels: {}, contexts: {}, platforms: [], policies: [], attests: [] }
      return { ...empty, ...parts.get(name), name }
    },
  }
}

type Part = Partial<Omit<BakeTarget, 'name'>>

/** Maps are merged by key, policies and attestations are added, all else is replaced by who comes later. */
function merged(one: Part, other: Part): Part {
  const policies = [...(one.policies ?? []), ...(other.policies ?? [])]
  if (policies.length > MAX_POLICIES) {
    throw new BakeError('limit_exceeded', `a target inherits more than ${MAX_POLICIES} policies`)
  }
  return {
    ...one,
    ...other,
    args: { ...one.args, ...other.args },
    labels: { ...one.labels, ...other.labels },
    contexts: { ...one.contexts, ...other.contexts },
    policies,
    attests: [...new Set([...(one.attests ?? []), ...(other.attests ?? [])].reverse())].reverse(),
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
      .map(([key, value]) => quoted(expand(`${key}=${scalarText(value) ?? ''}`, 'attest')))
      .join(',')
  })
}

/** As a field of CSV. */
function quoted(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field
}

/** Variables that were given or have a default. What bake would set, convert or work out is unknown: a guess would check another build. */
function withDefaults(declared: ReadonlyMap<string, readonly Fields[]>, given: Variables): Variables {
  const known = new Map(given)
  for (const [name, bodies] of declared) {
    const { type = 'string', default: value } = bodies.length === 1 ? (bodies[0] ?? {}) : { type: 'several' }
    const text = value === undefined || value === null ? '' : value
    const isPlain = type === 'string' && typeof text === 'string' && !/[$%]\{/.test(text)
    if (!isPlain) known.delete(name)
    else if (known.get(name) === undefined) known.set(name, text)
  }
  for (const name of builtinVariables) known.delete(name)
  return known
}

/** Blocks by their label. HCL in JSON has them in an object, or in several of them in a list; those of one label are merged. */
function blocks(value: unknown, what: string): Map<string, Fields[]> {
  const found = new Map<string, Fields[]>()
  if (value === undefined || value === null) return found
  for (const labelled of Array.isArray(value) ? value : [value]) {
    if (!isFields(labelled)) throw malformed(what, 'an object')
    for (const [label, body] of Object.entries(labelled)) {
      const bodies = Array.isArray(body) ? body : [body]
      for (const fields of bodies) {
        if (!isFields(fields)) throw malformed(`${what} ${label}`, 'an object')
        found.set(label, [...(found.get(label) ?? []), fields])
      }
    }
  }
  return found
}

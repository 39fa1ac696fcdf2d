import type { TargetFile } from './bake-file.ts'
import { BakeError } from './error.ts'
import { expandCompose } from './expand.ts'
import { MAX_TARGETS } from './limits.ts'
import { type Fields, isFields, malformed, scalarText, shapeOf } from './shape.ts'
import type { BakeTarget } from './types.ts'
import { lookUp, unsetVariable, type Variables } from './variables.ts'

/**
 * The builds of a compose file: the `build` sections of its services, with what `x-bake` adds. Throws BakeError.
 *
 * @see https://github.com/compose-spec/compose-spec/blob/main/build.md
 */
export function composeFile(document: Fields, file: string, variables: Variables): TargetFile {
  if (document.include !== undefined) throw composeUnsupported(`${file} includes other files`)
  const services = shapeOf(document, file).fields('services') ?? {}
  const built = new Map<string, Fields>()
  for (const [name, service] of Object.entries(services)) {
    if (!isFields(service)) throw malformed(`${file}: service ${name}`, 'an object')
    if (service.extends !== undefined) throw composeUnsupported(`service ${name} extends another`)
    if (service.build !== undefined && service.build !== null) built.set(name, service)
  }
  if (built.size > MAX_TARGETS) throw new BakeError('limit_exceeded', `${file}: more than ${MAX_TARGETS} services`)
  return {
    names: [...built.keys()],
    groups: new Map(),
    defaults: [...built.keys()],
    target(name) {
      const service = built.get(name)
      if (service !== undefined) return targetOf(name, service, variables)
      const why = Object.hasOwn(services, name) ? 'is not built' : 'is not there'
      throw new BakeError('target_not_found', `${file}: service ${name} ${why}`)
    },
  }
}

function composeUnsupported(problem: string): BakeError {
  return new BakeError(
    'compose_unsupported',
    `${problem}: let compose work it out, docker compose config | source-policy check --bake -`,
  )
}

function targetOf(name: string, service: Fields, variables: Variables): BakeTarget {
  const what = `service ${name}`
  const build = typeof service.build === 'string' ? { context: service.build } : service.build
  if (!isFields(build)) throw malformed(`${what}.build`, 'a directory or an object')
  const expand = (text: string, member: string) => expandCompose(text, variables, `${what}.build.${member}`)
  const shape = shapeOf(build, `${what}.build`)
  const one = (member: string) => {
    const text = shape.text(member)
    return text === undefined ? undefined : expand(text, member)
  }
  const maps = (member: string, whenAlone: (key: string) => string | undefined) =>
    pairs(build[member], { what: `${what}.build`, member, expand, whenAlone })

  const dockerfile = one('dockerfile')
  const inline = one('dockerfile_inline')
  const target = one('target')
  const platform = shapeOf(service, what).text('platform')
  const platforms = shape.texts('platforms') ?? (platform === undefined ? [] : [platform])
  const sbom = shape.text('sbom')
  const noValue = (key: string) => {
    throw malformed(`${what}.build: ${key}`, 'name=value')
  }
  const contexts = maps('additional_contexts', noValue)
  const extension = bakeExtension(build['x-bake'], what, expand)
  return {
    name,
    context: one('context') ?? '.',
    ...(dockerfile !== undefined && { dockerfile }),
    ...(inline !== undefined && { dockerfileInline: inline }),
    ...(target !== undefined && { target }),
    args: maps('args', key => {
      const known = lookUp(variables, key, `${what}.build.args`)
      if (known === undefined) throw unsetVariable(key, `${what}.build.args`)
      return known.value
    }),
    labels: maps('labels', () => ''),
    platforms: [...new Set([...platforms.map(text => expand(text, 'platforms')), ...(extension.platforms ?? [])])],
    contexts: Object.fromEntries(
      Object.entries({ ...contexts, ...extension.contexts }).map(([key, value]) => [
        key,
        value.replace(/^service:/, 'target:'),
      ]),
    ),
    policies: [],
    attests: sbom === undefined ? [] : [expand(`type=sbom,${switches.get(sbom) ?? sbom}`, 'sbom')],
  }
}

/** `sbom: true`; all else is what `--attest` takes. */
const switches: ReadonlyMap<string, string> = new Map([
  ['true', 'disabled=false'],
  ['false', 'disabled=true'],
])

/** What bake takes from `x-bake`, as far as sources depend on it. */
function bakeExtension(
  value: unknown,
  what: string,
  expand: PairsOptions['expand'],
): Partial<Pick<BakeTarget, 'contexts' | 'platforms'>> {
  if (value === undefined || value === null) return {}
  if (!isFields(value)) throw malformed(`${what}.build.x-bake`, 'an object')
  const shape = shapeOf(value, `${what}.build.x-bake`)
  const platforms = Array.isArray(value.platforms) ? shape.texts('platforms') : shape.text('platforms')?.match(/\S+/g)
  const contexts = pairs(value.contexts, {
    what: `${what}.build.x-bake`,
    member: 'contexts',
    expand,
    whenAlone: () => '',
  })
  return {
    contexts,
    ...(platforms && { platforms: platforms.map(text => expand(text, 'platforms')) }),
  }
}

interface PairsOptions {
  readonly what: string
  readonly member: string
  readonly expand: (text: string, member: string) => string
  /** The value of a name that stands alone; undefined leaves it out. */
  readonly whenAlone: (key: string) => string | undefined
}

/** `{ NAME: value }` or `[NAME=value]`. */
function pairs(value: unknown, { what, member, expand, whenAlone }: PairsOptions): Record<string, string> {
  if (value === undefined || value === null) return {}
  const entries: (readonly [string, unknown])[] = Array.isArray(value)
    ? value.map(entry => {
        const text = scalarText(entry)
        if (text === undefined) throw malformed(`${what}.${member}`, 'name=value')
        const at = text.indexOf('=')
        return at === -1 ? ([text, null] as const) : ([text.slice(0, at), text.slice(at + 1)] as const)
      })
    : isFields(value)
      ? Object.entries(value)
      : []
  if (!Array.isArray(value) && !isFields(value)) throw malformed(`${what}.${member}`, 'an object or a list')
  return Object.fromEntries(
    entries.flatMap(([name, given]) => {
      const key = expand(name, member)
      const text = given === null ? null : scalarText(given)
      if (text === undefined) throw malformed(`${what}.${member}.${key}`, 'text')
      const expanded = text === null ? whenAlone(key) : expand(text, `${member}.${key}`)
      return expanded === undefined ? [] : [[key, expanded] as const]
    }),
  )
}

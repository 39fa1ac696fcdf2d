import type { CodedError } from './error.ts'
import { fieldPrerequisites, fieldsToLoad } from './fields.ts'
import { gather } from './gather.ts'
import type { EnvInput, Input } from './input.ts'
import { localResolver } from './local.ts'
import { type Path, pathKey, valueAt } from './path.ts'
import type { Resolver } from './resolver.ts'
import { createResolvers } from './resolvers.ts'
import { createRun, type Run } from './run.ts'
import type { Platform, Source } from './source.ts'
import { plantTree } from './source-tree.ts'

export interface InspectOptions {
  /** Local sources are resolved without one. */
  readonly resolvers: readonly Resolver[]
  /** Unknown fields to fetch, with what they need. Default: none, and no I/O at all. */
  readonly fields?: readonly Path[]
  /** Needed where an image is inspected. */
  readonly platform?: Platform
  readonly env?: Partial<EnvInput>
  readonly signal?: AbortSignal
  /** Default: a new one. */
  readonly run?: Run
}

/** What a policy would see of a source. */
export interface Inspection {
  readonly source: Source
  readonly input: Input
  /** Fields that are still unknown, the unavailable ones included. */
  readonly unknown: readonly Path[]
  readonly unavailable: readonly { readonly path: Path; readonly error: CodedError }[]
  /** Of the fields asked for: those that this source does not have. */
  readonly invalid: readonly Path[]
  /** What resolvers warned of. */
  readonly warnings: readonly string[]
}

/**
 * The input of a source without a policy, with the fields asked for. Throws what the source's resolver throws, and the
 * signal's reason; what a server did makes a field `unavailable`.
 */
export async function inspectSource(wanted: string | Source, options: InspectOptions): Promise<Inspection> {
  const { fields = [], platform, env } = options
  const run = options.run ?? createRun(options.signal && { signal: options.signal })
  const signal = options.signal ? AbortSignal.any([options.signal, run.signal]) : run.signal
  const resolvers = createResolvers([...options.resolvers, localResolver()])
  const asked: Partial<Source> = typeof wanted === 'string' ? { identifier: wanted } : wanted
  const { source, resolver } = resolvers.parse(asked.identifier as string, {
    attrs: asked.attrs ?? {},
    platform: asked.platform ?? platform,
  })
  const tree = plantTree(source, resolver, { resolvers, run, env: { depth: 0, ...env } })
  const seen = new Set<string>()

  for (let round = 0; round < run.limits.maxRounds; round++) {
    for (const path of tree.unknown) seen.add(pathKey(path))
    const open = tree.unknown.filter(path => tree.whyUnavailable(path) === undefined)
    const { load } = fieldsToLoad(
      fields.filter(field => valueAt(tree.input, field) === undefined),
      open,
    )
    if (load.length === 0) break
    await gather(
      { paths: load, calls: [] },
      {
        tree,
        policy: { name: 'inspection' },
        answers: new Map(),
        resolvers,
        contextOf: node => ({ run, signal, anonymous: node.parent !== undefined }),
      },
    )
    options.signal?.throwIfAborted()
  }

  const { input, unknown } = tree
  /** A field of a material may yet exist where it is not known which materials there are. */
  const mayExist = (field: Path) => fieldPrerequisites(field).some(path => tree.isHole(path))
  return {
    source,
    input,
    unknown,
    warnings: [...tree.warnings],
    unavailable: unknown.flatMap(path => {
      const error = tree.whyUnavailable(path)
      return error === undefined ? [] : [{ path, error }]
    }),
    invalid: fields.filter(field => {
      return valueAt(input, field) === undefined && !seen.has(pathKey(field)) && !mayExist(field)
    }),
  }
}

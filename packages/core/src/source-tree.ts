import { type CodedError, CoreError, toCodedError } from './error.ts'
import { type Basis, type ChildSource, type Facts, isStronger } from './facts.ts'
import type { EnvInput, Input } from './input.ts'
import { formatPath, isWithin, type Path, pathKey, withValueAt, withValuesAt } from './path.ts'
import type { Resolver } from './resolver.ts'
import type { Resolvers } from './resolvers.ts'
import type { Run } from './run.ts'
import type { Source } from './source.ts'
import { redactIdentifier } from './url.ts'

/** A source of the tree: the one that is decided, or a material beneath it. */
export interface SourceNode {
  readonly source: Source
  readonly resolver: Resolver
  /** Where its input stands in the whole input; empty for the root. */
  readonly prefix: Path
  readonly parent?: SourceNode
}

/** What was found out about one field. */
export interface FactRecord {
  readonly path: string
  readonly state: 'known' | 'absent' | 'unavailable'
  readonly basis?: Basis
  /** Where it was read, where that is another place than the source names. */
  readonly from?: string
  readonly error?: CodedError
  /** Whether a policy asked for it, or it came along. */
  readonly asked: boolean
}

/**
 * The input of one source as far as it is known. Materials are sources of their own beneath it; each field belongs to
 * the innermost source that holds it. What was once bound is never bound again.
 */
export interface SourceTree {
  readonly root: SourceNode
  /** A new object whenever facts were added. */
  readonly input: Input
  /** All holes of the input, unavailable ones included. */
  readonly unknown: readonly Path[]
  readonly facts: readonly FactRecord[]
  /** What resolvers warned of, each once. */
  readonly warnings: ReadonlySet<string>
  ownerOf(path: Path): SourceNode
  isHole(path: Path): boolean
  /** Why a hole cannot be filled in this run; undefined where nobody tried yet. */
  whyUnavailable(path: Path): CodedError | undefined
  /** Fills holes with the facts of a node; a path of `asked` that they do not answer becomes unavailable. */
  add(node: SourceNode, asked: readonly Path[], facts: Facts): void
}

export interface SourceTreeOptions {
  readonly resolvers: Resolvers
  readonly run: Run
  readonly env: EnvInput
}

/** Describes a source; throws what its resolver throws. */
export function plantTree(source: Source, resolver: Resolver, { resolvers, run, env }: SourceTreeOptions): SourceTree {
  const nodes: SourceNode[] = []
  const holes = new Map<string, Path>()
  const unavailable = new Map<string, CodedError>()
  const facts: FactRecord[] = []
  const warnings = new Set<string>()
  /** Facts with a value: a reason to believe one of them may turn up later. */
  const bound = new Map<string, { basis: Basis }>()
  /** Every path that was a hole once, or where a material stands: nothing is opened twice. */
  const opened = new Set<string>()
  let input: Input = {}

  const place = (node: SourceNode) => {
    run.spend('sources', 1, `describing ${redactIdentifier(node.source.identifier)}`)
    const description = node.resolver.describe(node.source)
    const env = envAt(depthOf(node))
    input = withValueAt(input, node.prefix, { ...(env && { env }), ...description.input }) as Input
    for (const path of description.unknown) open(within(node, path))
    nodes.push(node)
  }
  const strengthen = (key: string, basis: Basis) => {
    const record = bound.get(key)
    if (record !== undefined && isStronger(basis, record.basis)) record.basis = basis
  }
  const open = (path: Path) => {
    const key = pathKey(path)
    opened.add(key)
    holes.set(key, path)
  }
  const envAt = (depth: number): EnvInput | undefined =>
    depth === 0 && Object.keys(env).length <= 1 && env.depth === 0 ? undefined : { ...env, depth: env.depth + depth }

  const refuse = (path: Path, error: CodedError, asked: boolean) => {
    open(path)
    unavailable.set(pathKey(path), error)
    facts.push({ path: formatPath(path), state: 'unavailable', error, asked })
  }

  const adopt = (parent: SourceNode, child: ChildSource, prefix: Path) => {
    opened.add(pathKey(prefix))
    try {
      const platform = child.platform ?? parent.source.platform
      const parsed = resolvers.parse(child.identifier, { attrs: child.attrs ?? {}, platform })
      const node: SourceNode = { ...parsed, prefix, parent }
      refuseEndless(node, run.limits.maxDepth)
      place(node)
    } catch (error) {
      input = withValueAt(input, prefix, {}) as Input
      refuse(prefix, toCodedError(error), false)
    }
  }

  const root: SourceNode = { source, resolver, prefix: [] }
  place(root)

  return {
    root,
    get input() {
      return input
    },
    get unknown() {
      return [...holes.values()]
    },
    facts,
    warnings,
    ownerOf: path =>
      nodes.reduce((owner, node) => {
        return isWithin(path, node.prefix) && node.prefix.length > owner.prefix.length ? node : owner
      }, root),
    isHole: path => holes.has(pathKey(path)),
    whyUnavailable: path => unavailable.get(pathKey(path)),
    add(node, asked, { known, absent, unavailable: failed, children, holes: beneath = [], warnings: warned = [] }) {
      const wanted = new Set(asked.map(path => pathKey(within(node, path))))
      for (const warning of warned) warnings.add(warning)
      // before the facts: some of them may fill what others open
      for (const path of beneath) {
        const whole = within(node, path)
        if (!opened.has(pathKey(whole))) open(whole)
      }
      const values: [Path, unknown][] = []
      const fill = (path: Path, state: 'known' | 'absent', basis: Basis, from?: string) => {
        const whole = within(node, path)
        const key = pathKey(whole)
        if (!holes.has(key) || unavailable.has(key)) {
          if (state === 'known') strengthen(key, basis)
          return undefined
        }
        holes.delete(key)
        const record = { path: formatPath(whole), state, basis, ...(from && { from }), asked: wanted.has(key) }
        if (state === 'known') bound.set(key, record)
        facts.push(record)
        return whole
      }
      for (const fact of known) {
        const filled = fill(fact.path, 'known', fact.basis, fact.from)
        if (filled !== undefined) values.push([filled, fact.value])
      }
      for (const fact of absent) fill(fact.path, 'absent', fact.basis)
      if (values.length > 0) input = withValuesAt(input, values) as Input
      for (const { path, error } of failed) {
        const whole = within(node, path)
        const key = pathKey(whole)
        if (wanted.has(key) && holes.has(key)) refuse(whole, error, true)
      }
      for (const child of children) {
        const whole = within(node, child.path)
        if (!opened.has(pathKey(whole))) adopt(node, child, whole)
      }
      for (const path of asked) {
        const whole = within(node, path)
        const key = pathKey(whole)
        if (!holes.has(key) || unavailable.has(key)) continue
        const message = `resolver ${node.resolver.kind} did not answer for ${formatPath(whole)}`
        refuse(whole, { code: 'contract_violation', message }, true)
      }
    },
  }
}

/** The place in the whole input of a path of one source. */
function within({ prefix }: SourceNode, path: Path): Path {
  return prefix.length === 0 ? path : [...prefix, ...path]
}

function depthOf(node: SourceNode): number {
  let depth = 0
  for (let parent = node.parent; parent !== undefined; parent = parent.parent) depth++
  return depth
}

/** Provenance is written by whoever built the image: it may name itself, or go on for ever. */
function refuseEndless(node: SourceNode, maxDepth: number): void {
  if (depthOf(node) > maxDepth) {
    throw new CoreError('budget_exceeded', `provenance materials depth exceeds limit ${maxDepth}`)
  }
  const identity = ({ source }: SourceNode) => JSON.stringify([source.identifier, source.attrs, source.platform])
  for (let parent = node.parent; parent !== undefined; parent = parent.parent) {
    if (identity(parent) === identity(node)) {
      throw new CoreError(
        'source_cycle',
        `material ${redactIdentifier(node.source.identifier)} is one of its own materials`,
      )
    }
  }
}

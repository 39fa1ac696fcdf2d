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
  readonly from?: string | undefined
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
export function plantTree(source: Source, resolver: Resolver, options: SourceTreeOptions): SourceTree {
  return new PlantedTree(source, resolver, options)
}

class PlantedTree implements SourceTree {
  readonly root: SourceNode
  readonly facts: FactRecord[] = []
  readonly warnings = new Set<string>()
  input: Input = {}
  readonly #options: SourceTreeOptions
  readonly #nodes: SourceNode[] = []
  /** Every path that was a hole once, or where a material stands, by its key: nothing is opened twice. */
  readonly #places = new Map<string, Place>()

  constructor(source: Source, resolver: Resolver, options: SourceTreeOptions) {
    this.#options = options
    this.root = { source, resolver, prefix: [] }
    this.#place(this.root)
  }

  get unknown(): readonly Path[] {
    const unknown: Path[] = []
    for (const { path, isHole } of this.#places.values()) if (isHole) unknown.push(path)
    return unknown
  }

  ownerOf(path: Path): SourceNode {
    let owner = this.root
    for (const node of this.#nodes) {
      if (isWithin(path, node.prefix) && node.prefix.length > owner.prefix.length) owner = node
    }
    return owner
  }

  isHole(path: Path): boolean {
    return this.#places.get(pathKey(path))?.isHole === true
  }

  whyUnavailable(path: Path): CodedError | undefined {
    return this.#places.get(pathKey(path))?.unavailable
  }

  add(node: SourceNode, asked: readonly Path[], facts: Facts): void {
    const wanted = new Set(asked.map(path => pathKey(within(node, path))))
    for (const warning of facts.warnings ?? []) this.warnings.add(warning)
    // before the facts: some of them may fill what others open
    for (const path of facts.holes ?? []) {
      const whole = within(node, path)
      if (!this.#places.has(pathKey(whole))) this.#open(whole)
    }
    const values: [Path, unknown][] = []
    for (const fact of facts.known) {
      const whole = within(node, fact.path)
      if (this.#fill(whole, 'known', fact, wanted)) values.push([whole, fact.value])
    }
    for (const fact of facts.absent) this.#fill(within(node, fact.path), 'absent', fact, wanted)
    if (values.length > 0) this.input = withValuesAt(this.input, values) as Input
    for (const { path, error } of facts.unavailable) {
      const key = pathKey(within(node, path))
      const place = this.#places.get(key)
      if (wanted.has(key) && place?.isHole) this.#refuse(place, error, true)
    }
    for (const child of facts.children) {
      const whole = within(node, child.path)
      if (!this.#places.has(pathKey(whole))) this.#adopt(node, child, whole)
    }
    for (const path of asked) {
      const place = this.#places.get(pathKey(within(node, path)))
      if (place === undefined || !isOpen(place)) continue
      const message = `resolver ${node.resolver.kind} did not answer for ${formatPath(place.path)}`
      this.#refuse(place, { code: 'contract_violation', message }, true)
    }
  }

  #place(node: SourceNode): void {
    const { run, env: rootEnv } = this.#options
    run.spend('sources', 1, `describing ${redactIdentifier(node.source.identifier)}`)
    const description = node.resolver.describe(node.source)
    const env = envAt(depthOf(node), rootEnv)
    const input = env === undefined ? description.input : { env, ...description.input }
    this.input = withValueAt(this.input, node.prefix, input) as Input
    for (const path of description.unknown) this.#open(within(node, path))
    this.#nodes.push(node)
  }

  #adopt(parent: SourceNode, child: ChildSource, prefix: Path): void {
    const { resolvers, run } = this.#options
    const place: Place = { path: prefix, isHole: false, unavailable: undefined, known: undefined }
    this.#places.set(pathKey(prefix), place)
    try {
      const platform = child.platform ?? parent.source.platform
      const parsed = resolvers.parse(child.identifier, { attrs: child.attrs ?? {}, platform })
      const node: SourceNode = { ...parsed, prefix, parent }
      refuseEndless(node, run.limits.maxDepth)
      this.#place(node)
    } catch (error) {
      this.input = withValueAt(this.input, prefix, {}) as Input
      this.#refuse(place, toCodedError(error), false)
    }
  }

  #open(path: Path): void {
    const key = pathKey(path)
    const place = this.#places.get(key)
    if (place === undefined) this.#places.set(key, { path, isHole: true, unavailable: undefined, known: undefined })
    // a material may describe what was found out before it came: what is unavailable stays so
    else place.isHole = true
  }

  /** Whether the fact filled a hole. */
  #fill(
    path: Path,
    state: 'known' | 'absent',
    { basis, from }: { readonly basis: Basis; readonly from?: string },
    wanted: ReadonlySet<string>,
  ): boolean {
    const key = pathKey(path)
    const place = this.#places.get(key)
    if (place === undefined || !isOpen(place)) {
      if (state === 'known' && place?.known && isStronger(basis, place.known.basis)) place.known.basis = basis
      return false
    }
    place.isHole = false
    const record = { path: formatPath(path), state, basis, from, asked: wanted.has(key) }
    if (state === 'known') place.known = record
    this.facts.push(record)
    return true
  }

  #refuse(place: Place, error: CodedError, asked: boolean): void {
    place.isHole = true
    place.unavailable = error
    this.facts.push({ path: formatPath(place.path), state: 'unavailable', error, asked })
  }
}

interface Place {
  readonly path: Path
  isHole: boolean
  /** Why it stays a hole. */
  unavailable: CodedError | undefined
  /** The fact with its value: a better reason to believe it may turn up later. */
  known: { basis: Basis } | undefined
}

/** Whether it can still be filled. */
function isOpen({ isHole, unavailable }: Place): boolean {
  return isHole && unavailable === undefined
}

/** What a source sees of the build; undefined where nothing is known of it. */
function envAt(depth: number, env: EnvInput): EnvInput | undefined {
  return depth === 0 && Object.keys(env).length <= 1 && env.depth === 0
    ? undefined
    : { ...env, depth: env.depth + depth }
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

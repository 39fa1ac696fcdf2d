import type { Builtin } from '../builtins/signature.ts'
import type { Callee, CompiledTerm, Program, RuleNode, Scalar } from '../compiler/compiled.ts'
import { RegoError } from '../error.ts'
import type { BuiltinDeclaration } from '../query.ts'
import { termText } from '../value/text.ts'
import type { Value } from '../value/value.ts'
import { callBuiltin } from './call.ts'
import { callHost, declaredBuiltin } from './host.ts'
import { type Invoke, throughMocks } from './mock.ts'
import type { Place } from './place.ts'
import type { Frame, Run, Slot } from './run.ts'
import { selectStored } from './select.ts'
import { constantOf, scalarValue } from './term.ts'
import { VirtualNode } from './virtual-node.ts'

export interface LinkOptions {
  readonly program: Program
  /** The row of a builtin; the compiler has checked that it exists. */
  readonly builtin: (name: string) => Builtin | undefined
  readonly declarations: Readonly<Record<string, BuiltinDeclaration>>
  /** Whether to tell of what happens. */
  readonly events: boolean
  /** Whether errors of builtins count: then collections are visited in order, so that the same one comes first. */
  readonly strict: boolean
}

/** A program on its way to closures: what names stand for. Rules are linked when they are first evaluated. */
export class Linked {
  readonly events: boolean
  /** Collections are always visited in order. */
  readonly ordered: boolean
  readonly root: VirtualNode
  readonly #options: LinkOptions
  /** Names of declared functions with an effect. */
  readonly #effects: ReadonlySet<string>
  #nodes = 0

  constructor(options: LinkOptions) {
    this.#options = options
    this.events = options.events
    this.ordered = options.strict
    const names = Object.entries(options.declarations)
    this.#effects = new Set(names.filter(([, declaration]) => declaration.effect).map(([name]) => name))
    this.root = this.#node(options.program.tree)
  }

  #node(node: RuleNode): VirtualNode {
    const id = this.#nodes++
    const children = node.children.size === 0 ? childless : new Map<Value, VirtualNode>()
    for (const child of node.children.values()) {
      children.set(scalarValue(child.path[child.path.length - 1]!), this.#node(child))
    }
    return new VirtualNode({ id, node, children, linked: this })
  }

  builtin(name: string): Builtin {
    const builtin = this.#options.builtin(name)
    if (builtin !== undefined) return builtin
    throw new RegoError({ code: 'eval_internal_error', message: `no such builtin: ${name}` })
  }

  /** The node at the path of constants, or as far down as the tree goes. */
  #descend(path: readonly (Value | undefined)[]): { node: VirtualNode; depth: number } {
    let node = this.root
    let depth = 0
    while (depth < path.length && node.kind === 'none') {
      const key = path[depth]
      const child = key === undefined ? undefined : node.child(key)
      if (child === undefined) break
      node = child
      depth++
    }
    return { node, depth }
  }

  /** Where a reference into `data` begins, and the rest of its path. */
  dataReference(path: readonly CompiledTerm[]): {
    source: (run: Run, frame: Frame) => Slot | Place
    rest: readonly CompiledTerm[]
  } {
    const keys = path.map(part => constantOf(part))
    const { node, depth } = this.#descend(keys)
    const next = keys[depth]
    if (node.kind === 'none' && depth < path.length && next !== undefined) {
      // No rule there or below: a base document, whose place is known.
      return { source: run => selectStored(run, node.base(run), next), rest: path.slice(depth + 1) }
    }
    return { source: run => node.document(run), rest: path.slice(depth) }
  }

  /** All places of the tree at the path and below it. */
  nodesUnder(path: readonly Value[]): ReadonlySet<VirtualNode> {
    let node: VirtualNode | undefined = this.root
    for (const key of path) node = node?.child(key)
    const nodes = new Set<VirtualNode>()
    const add = (at: VirtualNode): void => {
      nodes.add(at)
      for (const child of at.children.values()) add(child)
    }
    if (node !== undefined) add(node)
    return nodes
  }

  functionNode(callee: Callee & { kind: 'function' }): VirtualNode {
    let node: VirtualNode | undefined = this.root
    for (const part of callee.path) node = node?.child(scalarValue(part))
    if (node !== undefined) return node
    throw new RegoError({ code: 'eval_internal_error', message: `no such function: ${this.calleeKey(callee)}` })
  }

  calleeKey(callee: Callee): string {
    return callee.kind === 'function' ? `data.${callee.path.map(scalarKeyText).join('.')}` : callee.name
  }

  /** The function itself. */
  originalOf(callee: Callee): Invoke {
    if (callee.kind === 'function') {
      const node = this.functionNode(callee)
      return (run, args) => node.call(run, args)
    }
    const { name, span } = callee
    const declaration = this.#declaration(name)
    if (declaration !== undefined) {
      const row = declaredBuiltin(name, declaration)
      return (run, args) => callHost(run, row, declaration, args, span)
    }
    const builtin = this.builtin(name)
    return (run, args) => callBuiltin(run, builtin, args, span)
  }

  #declaration(name: string): BuiltinDeclaration | undefined {
    const { declarations } = this.#options
    return Object.hasOwn(declarations, name) ? declarations[name] : undefined
  }

  /** The function, or what `with` has put in its place. */
  invokerOf(callee: Callee): Invoke {
    return throughMocks(this.calleeKey(callee), this.originalOf(callee))
  }

  isEffectful(rule: { readonly hosts: ReadonlySet<string> }): boolean {
    if (this.#effects.size === 0) return false
    for (const name of rule.hosts) if (this.#effects.has(name)) return true
    return false
  }

  calleeHasEffect(callee: Callee): boolean {
    return callee.kind === 'function' ? this.functionNode(callee).effectful : this.#effects.has(callee.name)
  }

  /** Whether a rule at, above or below the path can reach an effect. */
  pathHasEffect(path: readonly CompiledTerm[]): boolean {
    if (this.#effects.size === 0) return false
    const { node } = this.#descend(path.map(part => constantOf(part)))
    const any = (at: VirtualNode): boolean => at.effectful || [...at.children.values()].some(any)
    return any(node)
  }
}

const childless = new Map<Value, VirtualNode>()

const scalarKeyText = (part: Scalar): string => termText(scalarValue(part))

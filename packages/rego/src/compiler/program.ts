import type { Body, Term } from '../ast.ts'
import { formatRef, formatTerm } from '../format.ts'
import type { Span } from '../source-text.ts'
import { isGround } from '../walk.ts'
import type {
  Branch,
  CompiledQuery,
  CompiledRule,
  CompiledTerm,
  Local,
  Program,
  RuleKind,
  RuleNode,
  Scalar,
} from './compiled.ts'
import type { Graph } from './graph.ts'
import { startHosts } from './hosts.ts'
import { checkWithTargets, type Frame, localsOf, lowerBody, lowerTerm, slotOf, startFrame } from './lower.ts'
import type { TreeNode } from './rule-tree.ts'
import { documents } from './safety.ts'
import { safetyVars, varsOfBody, varsOfTerm } from './vars.ts'
import { chainOf, type Definition, fullReference, isGenerated, isScalar, type Work } from './work.ts'

interface ProgramOptions {
  readonly work: Work
  readonly tree: TreeNode
  readonly graph: Graph
  /** All definitions, each after those that it names. */
  readonly sorted: readonly Definition[]
  /** Compiled, and where it stood. */
  readonly query: { readonly body: Body; readonly span: Span } | undefined
}

/** The last step: from rewritten definitions to what the evaluator reads. Rules are lowered when they are first evaluated. */
export function buildProgram({ work, tree, graph, sorted, query }: ProgramOptions): Program {
  checkWithTargets(work, tree)
  const hosts = startHosts({ work, tree, sorted, named: rule => graph.get(rule)! })
  const program: Lowering = { work, tree, hostsOf: hosts.ofRule }
  return {
    tree: compileNode(program, tree),
    query: query && { ...compileQuery(startFrame(work, tree), query), hosts: hosts.ofQuery(query.body) },
  }
}

/** What the rules of a program are lowered with. */
interface Lowering {
  readonly work: Work
  readonly tree: TreeNode
  readonly hostsOf: (rule: Definition) => ReadonlySet<string>
}

function compileNode(program: Lowering, node: TreeNode): RuleNode {
  const oneValue = once(() => hasOneValue(node))
  const all = node.rules.map(rule => new LazyRule({ program, node, rule, oneValue }))
  const rules = all.filter(rule => !rule.default)
  const fallback = all.find(rule => rule.default)
  const children = new Map<string, RuleNode>()
  for (const [key, child] of node.children) children.set(key, compileNode(program, child))
  return { path: node.path, children, rules, default: fallback, kind: rules[0]?.kind ?? fallback?.kind ?? 'none' }
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

interface RuleRequest {
  readonly program: Lowering
  readonly node: TreeNode
  readonly rule: Definition
  /** Whether the definitions at the node all have the same constant value. */
  readonly oneValue: () => boolean
}

/** What is only needed for evaluation. */
type Code = Pick<CompiledRule, 'keys' | 'member' | 'args' | 'branches' | 'locals'>

class LazyRule implements CompiledRule {
  readonly kind: RuleKind
  readonly path: readonly Scalar[]
  readonly default: boolean
  readonly span: Span
  readonly headSpan: Span
  readonly #request: RuleRequest
  #lowered: Code | undefined

  constructor(request: RuleRequest) {
    const { node, rule } = request
    this.kind = kindOf(rule)
    this.path = node.path
    this.default = rule.default
    this.span = rule.span
    this.headSpan = rule.headSpan
    this.#request = request
  }

  get hosts(): ReadonlySet<string> {
    const { program, rule } = this.#request
    return program.hostsOf(rule)
  }

  get name(): string {
    const { program, rule } = this.#request
    const reference = fullReference(rule)
    const isGround = this.path.length === reference.path.length
    return formatRef({ ...reference, path: isGround ? reference.path : userPath(program.work, reference.path) })
  }

  get #code(): Code {
    this.#lowered ??= lowerRule(this.#request)
    return this.#lowered
  }

  get keys(): readonly CompiledTerm[] {
    return this.#code.keys
  }

  get member(): CompiledTerm | undefined {
    return this.#code.member
  }

  get args(): readonly CompiledTerm[] {
    return this.#code.args
  }

  get branches(): readonly Branch[] {
    return this.#code.branches
  }

  get locals(): readonly Local[] {
    return this.#code.locals
  }
}

function kindOf(rule: Definition): RuleKind {
  if (rule.args !== undefined) return 'function'
  if (rule.value === undefined) return 'set'
  return rule.reference.path.every(isGround) ? 'complete' : 'object'
}

function lowerRule({ program: { work, tree }, node, rule, oneValue }: RuleRequest): Code {
  const frame = startFrame(work, tree)
  const { path } = fullReference(rule)
  const args = rule.args ?? []
  const bound = new Set(documents)
  for (const arg of args) varsOfTerm(arg, {}, bound)
  for (const arg of args) for (const name of varsOfTerm(arg)) slotOf(frame, name, arg.span)
  const compiledArgs = args.map(arg => lowerTerm(frame, bound, arg))
  const earlyExit = !rule.default && oneValue()
  let keys: readonly CompiledTerm[] = []
  let member: CompiledTerm | undefined
  const branches: Branch[] = []
  for (const branch of chainOf(rule)) {
    const inner = new Set(bound)
    for (const arg of branch.args ?? []) varsOfTerm(arg, {}, inner)
    const body = lowerBody(frame, inner, branch.body)
    const lower = (term: Term): CompiledTerm => lowerTerm(frame, inner, term)
    if (branch === rule) {
      keys = path.slice(node.path.length).map(lower)
      member = rule.key === undefined || rule.value !== undefined ? undefined : lower(rule.key)
    }
    const value = branch.value === undefined ? undefined : lower(branch.value)
    branches.push({ body, value, span: branch.span, earlyExit })
  }
  return { keys, member, args: compiledArgs, branches, locals: localsOf(frame) }
}

function userPath(work: Work, path: readonly Term[]): readonly Term[] {
  return path.map(part => (part.kind === 'var' ? { ...part, name: work.names.get(part.name) ?? part.name } : part))
}

/** The definitions of a place all have the same constant value. */
function hasOneValue({ rules }: TreeNode): boolean {
  let text: string | undefined
  for (const rule of rules) {
    if (rule.default) continue
    for (const { value } of chainOf(rule)) {
      if (value === undefined || !isConstant(value)) return false
      const own = formatTerm(value)
      if (text !== undefined && own !== text) return false
      text = own
    }
  }
  return text !== undefined
}

function isConstant(term: Term): boolean {
  if (term.kind === 'array' || term.kind === 'set') return term.items.every(isConstant)
  if (term.kind === 'object') return term.entries.every(({ key, value }) => isConstant(key) && isConstant(value))
  return isScalar(term)
}

function compileQuery(
  frame: Frame,
  { body, span }: { readonly body: Body; readonly span: Span },
): Omit<CompiledQuery, 'hosts'> {
  const compiled = lowerBody(frame, new Set(documents), body)
  return { body: compiled, locals: localsOf(frame), outputs: outputsOf(frame, body), span }
}

function outputsOf(frame: Frame, body: Body): CompiledQuery['outputs'] {
  const outputs: { name: string; slot: number }[] = []
  for (const name of varsOfBody(body, safetyVars)) {
    const shown = frame.work.names.get(name) ?? name
    if (documents.has(name) || isGenerated(shown) || shown.startsWith('$')) continue
    outputs.push({ name: shown, slot: slotOf(frame, name, body[0]!.span) })
  }
  return outputs
}

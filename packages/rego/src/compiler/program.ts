import type { Body, Term } from '../ast.ts'
import { formatRef, formatTerm } from '../format.ts'
import type { Span } from '../source-text.ts'
import { isGround } from '../walk.ts'
import type { Branch, CompiledQuery, CompiledRule, CompiledTerm, Program, RuleKind, RuleNode } from './compiled.ts'
import { emptyReach, factsOfQuery, factsOfRule, type Reach, reachOf } from './facts.ts'
import type { Graph } from './graph.ts'
import { type Frame, localsOf, lowerBody, lowerTerm, slotOf, startFrame } from './lower.ts'
import { asScalar, groundPrefix, type TreeNode } from './rule-tree.ts'
import { documents } from './safety.ts'
import { safetyVars, varsOfBody, varsOfTerm } from './vars.ts'
import { chainOf, type Definition, fullReference, isGenerated, isScalar, type Work } from './work.ts'

interface ProgramOptions {
  readonly work: Work
  readonly tree: TreeNode
  readonly graph: Graph
  /** Compiled, and where it stood. */
  readonly query: { readonly body: Body; readonly span: Span } | undefined
}

/** The last step: from rewritten definitions to what the evaluator reads. */
export function buildProgram({ work, tree, graph, query }: ProgramOptions): Program {
  const definitions = work.modules.flatMap(module => module.rules)
  const ids = new Map(definitions.map((rule, id) => [rule, id]))
  const single = singleValues(tree)
  const own = new Map<Definition, Reach>()
  const lowered = definitions.map((rule, id) => compileRule({ work, tree, rule, id, own, earlyExit: single.has(rule) }))
  const reach = reachOf(graph, own)
  const request = { work, reach, ids }
  const rules = lowered.map((rule, id) => ({ ...rule, facts: factsOfRule(request, graph, definitions[id]!) }))
  const frame = startFrame(work, tree)
  return {
    modules: work.modules.map(({ module }) => module),
    tree: compileNode(tree, ids, rules),
    rules,
    query: query && {
      ...compileQuery(frame, query),
      facts: factsOfQuery(request, tree, frame.reach, query.body),
    },
  }
}

function kindOf(rule: Definition): RuleKind {
  if (rule.args !== undefined) return 'function'
  if (rule.value === undefined) return 'set'
  return rule.reference.path.every(isGround) ? 'complete' : 'object'
}

interface RuleRequest {
  readonly work: Work
  readonly tree: TreeNode
  readonly rule: Definition
  readonly id: number
  readonly earlyExit: boolean
  /** Filled with what each branch names. */
  readonly own: Map<Definition, Reach>
}

function compileRule({ work, tree, rule, id, earlyExit, own }: RuleRequest): Omit<CompiledRule, 'facts'> {
  const frame = startFrame(work, tree)
  const reference = fullReference(rule)
  const path = groundPrefix(reference.path)
  const args = rule.args ?? []
  const bound = new Set(documents)
  for (const arg of args) varsOfTerm(arg, {}, bound)
  for (const arg of args) for (const name of varsOfTerm(arg)) slotOf(frame, name, arg.span)
  const compiledArgs = args.map(arg => lowerTerm(frame, bound, arg))
  let keys: readonly CompiledTerm[] = []
  let member: CompiledTerm | undefined
  const branches: Branch[] = []
  for (const branch of chainOf(rule)) {
    frame.reach = emptyReach()
    own.set(branch, frame.reach)
    const inner = new Set(bound)
    for (const arg of branch.args ?? []) varsOfTerm(arg, {}, inner)
    const body = lowerBody(frame, inner, branch.body)
    const lower = (term: Term): CompiledTerm => lowerTerm(frame, inner, term)
    if (branch === rule) {
      keys = reference.path.slice(path.length).map(lower)
      member = rule.key === undefined || rule.value !== undefined ? undefined : lower(rule.key)
    }
    const value = branch.value === undefined ? undefined : lower(branch.value)
    branches.push({ body, value, span: branch.span, earlyExit })
  }
  return {
    id,
    kind: kindOf(rule),
    path: path.map(part => asScalar(part)!),
    keys,
    member,
    args: compiledArgs,
    default: rule.default,
    branches,
    locals: localsOf(frame),
    module: rule.module.module,
    span: rule.span,
    headSpan: rule.headSpan,
    name: formatRef({
      ...reference,
      path: path.length === reference.path.length ? reference.path : userPath(work, reference.path),
    }),
    annotations: rule.module.annotations.filter(({ target }) => target === rule.origin),
  }
}

function userPath(work: Work, path: readonly Term[]): readonly Term[] {
  return path.map(part => (part.kind === 'var' ? { ...part, name: work.names.get(part.name) ?? part.name } : part))
}

/** Definitions that share one constant value with all others of their name. */
function singleValues(tree: TreeNode): ReadonlySet<Definition> {
  const single = new Set<Definition>()
  const visit = (node: TreeNode): void => {
    const rules = node.rules.filter(rule => !rule.default)
    const values = rules.flatMap(rule => [...chainOf(rule)].map(branch => branch.value))
    const [first] = values
    if (first !== undefined && isConstant(first)) {
      const text = formatTerm(first)
      const same = values.every(value => value !== undefined && formatTerm(value) === text)
      if (same) for (const rule of rules) single.add(rule)
    }
    for (const child of node.children.values()) visit(child)
  }
  visit(tree)
  return single
}

function isConstant(term: Term): boolean {
  if (term.kind === 'array' || term.kind === 'set') return term.items.every(isConstant)
  if (term.kind === 'object') return term.entries.every(({ key, value }) => isConstant(key) && isConstant(value))
  return isScalar(term)
}

function compileNode(node: TreeNode, ids: ReadonlyMap<Definition, number>, rules: readonly CompiledRule[]): RuleNode {
  const compiled = node.rules.map(rule => rules[ids.get(rule)!]!)
  const kinds = compiled.filter(rule => !rule.default).map(rule => rule.kind)
  return {
    path: node.path,
    children: new Map([...node.children].map(([key, child]) => [key, compileNode(child, ids, rules)])),
    rules: compiled.filter(rule => !rule.default),
    default: compiled.find(rule => rule.default),
    kind: kinds[0] ?? compiled[0]?.kind ?? 'none',
    package: node.isPackage,
  }
}

function compileQuery(
  frame: Frame,
  { body, span }: { readonly body: Body; readonly span: Span },
): Omit<CompiledQuery, 'facts'> {
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

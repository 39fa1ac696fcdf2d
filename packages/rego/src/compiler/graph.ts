import type { Term } from '../ast.ts'
import { formatTerm } from '../format.ts'
import { maxErrors } from '../limits.ts'
import { walkBodyTerms, walkTerms } from '../walk.ts'
import { addRulesNamedBy, nodesBelow, type TreeNode } from './rule-tree.ts'
import { chainOf, type Definition, definitionsOf, fullReference, report, type Work } from './work.ts'

/** Which definitions a definition names. */
export type Graph = ReadonlyMap<Definition, ReadonlySet<Definition>>

/** Stage: dependencies between definitions. */
export function buildGraph(work: Work, tree: TreeNode): Graph {
  const graph = new Map<Definition, Set<Definition>>()
  let edges = new Set<Definition>()
  const enter = (term: Term): void => {
    if (term.kind === 'ref') addRulesNamedBy(tree, term, edges)
  }
  for (const rule of definitionsOf(work)) {
    edges = new Set()
    for (const arg of rule.args ?? []) walkTerms(arg, enter)
    if (rule.key !== undefined) walkTerms(rule.key, enter)
    if (rule.value !== undefined) walkTerms(rule.value, enter)
    walkBodyTerms(rule.body, enter)
    graph.set(rule, edges)
  }
  return graph
}

/** Stage: no definition depends on itself. Returns them in an order in which each comes after those that it names. */
export function checkRecursion(work: Work, tree: TreeNode, graph: Graph): readonly Definition[] {
  const components = componentsOf(graph)
  const sorted = components.flat()
  const cycles = components.filter(members => members.length > 1 || graph.get(members[0]!)!.has(members[0]!))
  if (cycles.length > 0) reportCycles(work, tree, graph, new Set(cycles.flat()))
  return sorted
}

function reportCycles(work: Work, tree: TreeNode, graph: Graph, recursive: ReadonlySet<Definition>): void {
  for (const node of nodesBelow(tree)) {
    for (const rule of node.rules) {
      for (const branch of chainOf(rule)) {
        if (!recursive.has(branch)) continue
        // Each takes a search of its own, and no more than these are told.
        if (work.errors.length > maxErrors) return
        const path = pathBack(graph, branch).map(nameOf)
        const reason = `rule ${nameOf(branch)} is recursive: ${path.join(' -> ')}`
        report(work, 'rego_recursion_error', branch.span, reason)
      }
    }
  }
}

function nameOf(rule: Definition): string {
  return formatTerm(fullReference(rule))
}

/** A definition on the way; `low` is the first in the order of visits that it leads back to. */
interface Visit {
  readonly rule: Definition
  readonly edges: Iterator<Definition>
  readonly index: number
  low: number
  open: boolean
}

/** Strongly connected components, dependencies first (Tarjan's algorithm, without recursion: a program may be deep). */
function componentsOf(graph: Graph): readonly (readonly Definition[])[] {
  const visited = new Map<Definition, Visit>()
  const stack: Visit[] = []
  const components: Definition[][] = []
  const enter = (rule: Definition): Visit => {
    const index = visited.size
    const visit = { rule, edges: graph.get(rule)!.values(), index, low: index, open: true }
    visited.set(rule, visit)
    stack.push(visit)
    return visit
  }
  for (const root of graph.keys()) {
    if (visited.has(root)) continue
    const path = [enter(root)]
    while (path.length > 0) {
      const visit = path.at(-1)!
      const edge = visit.edges.next()
      if (!edge.done) {
        const next = visited.get(edge.value)
        if (next === undefined) path.push(enter(edge.value))
        else if (next.open) visit.low = Math.min(visit.low, next.index)
        continue
      }
      path.pop()
      const parent = path.at(-1)
      if (parent !== undefined) parent.low = Math.min(parent.low, visit.low)
      if (visit.low === visit.index) components.push(closeComponent(stack, visit))
    }
  }
  return components
}

function closeComponent(stack: Visit[], until: Visit): Definition[] {
  const members: Definition[] = []
  for (;;) {
    const member = stack.pop()!
    member.open = false
    members.push(member.rule)
    if (member === until) return members
  }
}

/** A way from the definition to itself, both ends included. */
function pathBack(graph: Graph, start: Definition): readonly Definition[] {
  const from = new Map<Definition, Definition>()
  const queue = [start]
  for (const rule of queue) {
    for (const next of graph.get(rule) ?? []) {
      if (next === start) {
        const path = [start]
        for (let at: Definition | undefined = rule; at !== undefined && at !== start; at = from.get(at))
          path.unshift(at)
        return [start, ...path]
      }
      if (from.has(next)) continue
      from.set(next, rule)
      queue.push(next)
    }
  }
  return [start, start]
}

import type { Term } from '../ast.ts'
import { formatTerm } from '../format.ts'
import { maxErrors } from '../limits.ts'
import { walkBodyTerms, walkTerms } from '../walk.ts'
import { nodesBelow, rulesNamedBy, type TreeNode } from './rule-tree.ts'
import { chainOf, type Definition, definitionsOf, fullReference, report, type Work } from './work.ts'

/** Which definitions a definition names. */
export type Graph = ReadonlyMap<Definition, ReadonlySet<Definition>>

/** Stage: dependencies between definitions. */
export function buildGraph(work: Work, tree: TreeNode): Graph {
  const graph = new Map<Definition, Set<Definition>>()
  const named = new Map<string, ReadonlySet<Definition>>()
  for (const rule of definitionsOf(work)) {
    const edges = new Set<Definition>()
    const enter = (term: Term): void => {
      if (term.kind !== 'ref' || term.head.kind !== 'var' || term.head.name !== 'data') return
      const key = formatTerm(term)
      let found = named.get(key)
      if (found === undefined) {
        found = rulesNamedBy(tree, term)
        named.set(key, found)
      }
      for (const other of found) for (const branch of chainOf(other)) edges.add(branch)
    }
    for (const term of [...(rule.args ?? []), rule.key, rule.value]) if (term !== undefined) walkTerms(term, enter)
    walkBodyTerms(rule.body, enter)
    graph.set(rule, edges)
  }
  return graph
}

/** Stage: no definition depends on itself. */
export function checkRecursion(work: Work, tree: TreeNode, graph: Graph): void {
  const recursive = new Set(cyclesOf(graph).flat())
  if (recursive.size === 0) return
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

/** Definitions in an order in which each comes after those that it names; those in cycles in any order. */
export function sortGraph(graph: Graph): readonly Definition[] {
  return componentsOf(graph).flat()
}

function cyclesOf(graph: Graph): readonly (readonly Definition[])[] {
  return componentsOf(graph).filter(members => members.length > 1 || graph.get(members[0]!)!.has(members[0]!))
}

interface Visit {
  readonly rule: Definition
  readonly edges: Iterator<Definition>
}

/** Strongly connected components, dependencies first (Tarjan's algorithm, without recursion: a program may be deep). */
function componentsOf(graph: Graph): readonly (readonly Definition[])[] {
  const index = new Map<Definition, number>()
  const low = new Map<Definition, number>()
  const onStack = new Set<Definition>()
  const stack: Definition[] = []
  const components: Definition[][] = []
  const enter = (rule: Definition): Visit => {
    index.set(rule, index.size)
    low.set(rule, index.get(rule)!)
    stack.push(rule)
    onStack.add(rule)
    return { rule, edges: graph.get(rule)!.values() }
  }
  const lower = (rule: Definition, to: number): void => void low.set(rule, Math.min(low.get(rule)!, to))
  for (const root of graph.keys()) {
    if (index.has(root)) continue
    const visits = [enter(root)]
    while (visits.length > 0) {
      const { rule, edges } = visits.at(-1)!
      const next = edges.next()
      if (!next.done) {
        if (!index.has(next.value)) visits.push(enter(next.value))
        else if (onStack.has(next.value)) lower(rule, index.get(next.value)!)
        continue
      }
      visits.pop()
      const parent = visits.at(-1)
      if (parent !== undefined) lower(parent.rule, low.get(rule)!)
      if (low.get(rule) === index.get(rule)) components.push(unwind(stack, onStack, rule))
    }
  }
  return components
}

function unwind(stack: Definition[], onStack: Set<Definition>, until: Definition): Definition[] {
  const members: Definition[] = []
  for (;;) {
    const member = stack.pop()!
    onStack.delete(member)
    members.push(member)
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

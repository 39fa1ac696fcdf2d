import type { Body } from '../ast.ts'
import { walkBodyTerms } from '../walk.ts'
import type { RuleFacts } from './compiled.ts'
import { type Graph, sortGraph } from './graph.ts'
import { rulesNamedBy, type TreeNode } from './rule-tree.ts'
import { chainOf, type Definition, type Work } from './work.ts'

/** What a body names itself, noted when it is lowered. */
export interface Reach {
  input: boolean
  dynamic: boolean
  readonly builtins: Set<string>
}

export function emptyReach(): Reach {
  return { input: false, dynamic: false, builtins: new Set() }
}

/** What each definition reaches: itself, and through what it names. */
export function reachOf(graph: Graph, own: ReadonlyMap<Definition, Reach>): ReadonlyMap<Definition, Reach> {
  const reach = new Map<Definition, Reach>()
  for (const rule of sortGraph(graph)) {
    const all = emptyReach()
    include(all, own.get(rule))
    for (const other of graph.get(rule)!) include(all, reach.get(other))
    reach.set(rule, all)
  }
  return reach
}

function include(into: Reach, other: Reach | undefined): void {
  if (other === undefined) return
  into.input ||= other.input
  into.dynamic ||= other.dynamic
  for (const name of other.builtins) into.builtins.add(name)
}

interface FactsRequest {
  readonly work: Work
  readonly reach: ReadonlyMap<Definition, Reach>
  readonly ids: ReadonlyMap<Definition, number>
}

/** The facts of a rule, its `else` branches included. */
export function factsOfRule({ work, reach, ids }: FactsRequest, graph: Graph, rule: Definition): RuleFacts {
  const all = emptyReach()
  const named = new Set<number>()
  for (const branch of chainOf(rule)) {
    include(all, reach.get(branch))
    for (const other of graph.get(branch) ?? []) {
      const id = ids.get(other)
      if (id !== undefined) named.add(id)
    }
  }
  return finish(work, all, named)
}

export function factsOfQuery({ work, reach, ids }: FactsRequest, tree: TreeNode, own: Reach, body: Body): RuleFacts {
  const all = emptyReach()
  const named = new Set<number>()
  include(all, own)
  walkBodyTerms(body, term => {
    if (term.kind !== 'ref') return
    for (const other of rulesNamedBy(tree, term)) {
      for (const branch of chainOf(other)) include(all, reach.get(branch))
      named.add(ids.get(other)!)
    }
  })
  return finish(work, all, named)
}

function finish(work: Work, { input, dynamic, builtins }: Reach, rules: ReadonlySet<number>): RuleFacts {
  const names = [...builtins].toSorted()
  const signatures = names.map(name => work.builtins.get(name)!)
  return {
    input,
    dynamic,
    nondeterministic: signatures.some(signature => signature.nondeterministic === true),
    host: signatures.filter(signature => signature.host).map(({ name }) => name),
    builtins: names,
    rules: [...rules].toSorted((a, b) => a - b),
  }
}

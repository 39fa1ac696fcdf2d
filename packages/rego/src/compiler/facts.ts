import type { Body, Term } from '../ast.ts'
import { dottedName } from '../format.ts'
import { walkBodyTerms, walkTerms } from '../walk.ts'
import type { RuleFacts } from './compiled.ts'
import { type Graph, sortGraph } from './graph.ts'
import { rulesNamedBy, type TreeNode } from './rule-tree.ts'
import { chainOf, type Definition, isScalar, type Work } from './work.ts'

interface Reach {
  input: boolean
  dynamic: boolean
  readonly builtins: Set<string>
}

/** What each definition reaches, itself and through what it names. */
export function reachOf(work: Work, graph: Graph): ReadonlyMap<Definition, Reach> {
  const reach = new Map<Definition, Reach>()
  for (const rule of sortGraph(graph)) {
    const own = emptyReach()
    for (const term of [...(rule.args ?? []), rule.key, rule.value]) {
      if (term !== undefined)
        walkTerms(
          term,
          inner => note(work, own, inner),
          expr => noteCall(work, own, expr),
        )
    }
    noteBody(work, own, rule.body)
    for (const other of graph.get(rule)!) include(own, reach.get(other))
    reach.set(rule, own)
  }
  return reach
}

function emptyReach(): Reach {
  return { input: false, dynamic: false, builtins: new Set() }
}

function noteBody(work: Work, reach: Reach, body: Body): void {
  walkBodyTerms(
    body,
    term => note(work, reach, term),
    expr => noteCall(work, reach, expr),
  )
}

function noteCall(work: Work, reach: Reach, expr: Body[number]): void {
  if (expr.kind !== 'call') return
  const name = dottedName(expr.operator)
  if (name !== undefined && work.builtins.has(name)) reach.builtins.add(name)
}

function note(work: Work, reach: Reach, term: Term): void {
  if (term.kind !== 'ref' || term.head.kind !== 'var') return
  const { name } = term.head
  if (name === 'input') reach.input = true
  else if (name === 'data') reach.dynamic ||= !term.path.every(isScalar)
  else {
    // A builtin may also be named by `with`.
    const builtin = dottedName(term)
    if (builtin !== undefined && work.builtins.has(builtin)) reach.builtins.add(builtin)
  }
}

function include(into: Reach, other: Reach | undefined): void {
  if (other === undefined) return
  into.input ||= other.input
  into.dynamic ||= other.dynamic
  for (const name of other.builtins) into.builtins.add(name)
}

/** The facts of a rule, its `else` branches included. */
export function factsOfRule(
  work: Work,
  graph: Graph,
  reach: ReadonlyMap<Definition, Reach>,
  ids: ReadonlyMap<Definition, number>,
  rule: Definition,
): RuleFacts {
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

export function factsOfQuery(
  work: Work,
  tree: TreeNode,
  reach: ReadonlyMap<Definition, Reach>,
  ids: ReadonlyMap<Definition, number>,
  body: Body,
): RuleFacts {
  const all = emptyReach()
  const named = new Set<number>()
  noteBody(work, all, body)
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

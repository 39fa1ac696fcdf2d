import { objectEntries, objectGet } from '../value/object.ts'
import { SetValue } from '../value/set.ts'
import { isArray, isObject, isSet, type RegoObject, type Value } from '../value/value.ts'
import { limitExceeded } from './builtin-error.ts'
import { boundItems, membersOf } from './operands.ts'
import { type BuiltinContext, defineBuiltin } from './signature.ts'
import { types as t } from './type-spec.ts'

type Nodes = readonly Value[] | SetValue

/** All pairs of path and value in the document, the document itself first. */
function walk(document: Value, context: BuiltinContext): readonly Value[] {
  const found: Value[] = []
  const visit = (path: readonly Value[], value: Value): void => {
    context.charge(1)
    context.spend(96 + 8 * path.length)
    if (found.length >= context.limits.maxItems)
      throw limitExceeded('the size of what is walked', context.limits.maxItems)
    found.push([path, value])
    if (isArray(value)) for (const [i, item] of value.entries()) visit([...path, i], item)
    else if (isSet(value)) for (const item of value.values()) visit([...path, item], item)
    else if (isObject(value)) for (const [key, item] of objectEntries(value)) visit([...path, key], item)
  }
  visit([], document)
  return found
}

/** The nodes next to one; a node without a list or set of neighbours has none. */
function neighboursOf(graph: RegoObject, node: Value): readonly Value[] | undefined {
  const edges = objectGet(graph, node)
  if (edges === undefined) return undefined
  return isArray(edges) || isSet(edges) ? membersOf(edges) : []
}

function reachable(graph: RegoObject, initial: Nodes, { charge }: BuiltinContext): SetValue {
  const reached = new SetValue()
  const queue: Value[] = [...membersOf(initial)]
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    charge(1)
    const neighbours = neighboursOf(graph, node)
    if (neighbours === undefined || !reached.add(node)) continue
    for (const neighbour of neighbours) if (!reached.has(neighbour)) queue.push(neighbour)
  }
  return reached
}

/**
 * The paths from the initial nodes to dead ends, to nodes outside of the graph (which are left out), or to a node that
 * was passed before. As in OPA a node counts as passed for all paths from the same first step on.
 */
function reachablePaths(graph: RegoObject, initial: Nodes, context: BuiltinContext): SetValue {
  const paths = new SetValue()
  const follow = (node: Value, before: readonly Value[], passed: SetValue): void => {
    boundItems(1 + before.length, 'graph.reachable_paths', context)
    context.spend(64 + 8 * before.length)
    const neighbours = neighboursOf(graph, node)
    if (neighbours === undefined) {
      paths.add(before)
      return
    }
    const path = [...before, node]
    if (neighbours.length === 0) paths.add(path)
    for (const neighbour of neighbours) {
      if (passed.has(neighbour)) {
        paths.add(path)
      } else {
        passed.add(node)
        follow(neighbour, path, passed)
      }
    }
  }
  for (const node of membersOf(initial)) {
    const neighbours = neighboursOf(graph, node)
    if (neighbours === undefined) continue
    if (neighbours.length === 0) paths.add([node])
    for (const neighbour of neighbours) {
      const passed = new SetValue()
      passed.add(node)
      follow(neighbour, [node], passed)
    }
  }
  return paths
}

const nodes = t.labelled('{array, set}', t.array(t.any), t.set(t.any))
const graphType = t.object(t.any, nodes)

export const graph = [
  defineBuiltin({
    name: 'walk',
    args: [t.any],
    result: t.tuple(t.array(t.any), t.any),
    relation: true,
    implementation: ([document]: readonly [Value], context) => walk(document, context),
  }),
  defineBuiltin({
    name: 'graph.reachable',
    args: [graphType, nodes],
    result: t.set(t.any),
    implementation: ([edges, initial]: readonly [RegoObject, Nodes], context) => reachable(edges, initial, context),
  }),
  defineBuiltin({
    name: 'graph.reachable_paths',
    args: [graphType, nodes],
    result: t.set(t.array(t.any)),
    implementation: ([edges, initial]: readonly [RegoObject, Nodes], context) =>
      reachablePaths(edges, initial, context),
  }),
]

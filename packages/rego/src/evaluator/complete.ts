import { RegoError } from '../error.ts'
import type { Value } from '../value/value.ts'
import { agree } from './comprehension.ts'
import { conflict, type Definition } from './definition.ts'
import { collect } from './flow.ts'
import { joinLacks, type Lacks, Unknown } from './lacks.ts'
import { isPlainScalar, same } from './pattern.ts'
import type { Run, Slot } from './run.ts'
import type { VirtualNode } from './virtual-node.ts'

type Args = readonly (Value | Unknown)[] | undefined

/** The value of a complete rule: of all its definitions that have one, which must agree. */
export const evaluateComplete = (run: Run, node: VirtualNode): Slot => evaluateDefinitions(run, node, undefined)

/** The result of a function. Arguments that are not known may be undefined, and then the call is. */
export function evaluateFunction(run: Run, node: VirtualNode, args: readonly (Value | Unknown)[]): Slot {
  const value = evaluateDefinitions(run, node, args)
  if (value === undefined || !run.lazy) return value
  const unknown = args.filter(arg => arg instanceof Unknown)
  if (unknown.every(arg => arg.defined)) return value
  const lacks = joinLacks(unknown.map(arg => arg.lacks))
  return new Unknown(value instanceof Unknown ? lacks.add(value.lacks) : lacks, false)
}

function evaluateDefinitions(run: Run, node: VirtualNode, args: Args): Slot {
  const value = run.lazy ? evaluateLazily(run, node, args) : evaluateKnown(run, node, args)
  return value === undefined ? node.default?.evaluate(run, args) : value
}

function evaluateKnown(run: Run, node: VirtualNode, args: Args): Slot {
  let result: Value | undefined
  for (const definition of node.candidates(run, args)) {
    const value = definition.evaluate(run, args)
    if (value === undefined) continue
    if (result === undefined) result = value
    else if (result !== value && !same(run, result, value)) throw conflict(definition.rule)
    if (definition.decides && !node.effectful) return result
  }
  return result
}

/**
 * A definition that is blocked keeps the rule open, unless it could only yield the value that there is already: otherwise
 * it could hide a conflict.
 */
function evaluateLazily(run: Run, node: VirtualNode, args: Args): Slot {
  let result: Value | undefined
  const open: { constant: Value | undefined; lacks: Lacks }[] = []
  for (const definition of node.candidates(run, args)) {
    const value = evaluateGuarded(run, definition, args, open.length > 0)
    const { lacked } = run
    if (lacked !== undefined) open.push({ constant: definition.constant, lacks: lacked })
    if (value === undefined) continue
    if (result === undefined) result = value
    else {
      const before = result
      let isEqual = true
      const lacks = collect(run, [], () => {
        isEqual = agree(run, before, value)
        return false
      })
      if (lacks !== undefined) open.push({ constant: undefined, lacks })
      else if (!isEqual) {
        if (open.length === 0) throw conflict(definition.rule)
        return new Unknown(joinLacks(open.map(part => part.lacks)), true)
      }
    }
    if (definition.decides && !node.effectful) break
  }
  const remaining =
    result === undefined || node.effectful
      ? open
      : open.filter(({ constant }) => constant === undefined || constant !== result)
  if (remaining.length === 0) return result
  const lacks = joinLacks(remaining.map(part => part.lacks))
  // What waits for an effect is not held as a part of something else, which could be decided without it.
  if (node.effectful) return new Unknown(lacks, false)
  const isDefined = result !== undefined || node.default !== undefined
  return new Unknown(lacks, isDefined, possibleValues(node, result, remaining))
}

/** What the rule could give, where all of it is constants. */
function possibleValues(
  { default: fallback }: VirtualNode,
  result: Value | undefined,
  open: readonly { readonly constant: Value | undefined }[],
): readonly Value[] | undefined {
  const values = open.map(({ constant }) => constant)
  if (result !== undefined) values.push(result)
  else if (fallback !== undefined) values.push(fallback.constant)
  return values.every(isPlainScalar) ? values : undefined
}

/** An error behind a blocked definition is blocked: had that one succeeded, this one might not have been tried. */
function evaluateGuarded(run: Run, definition: Definition, args: Args, behind: boolean): Value | undefined {
  if (!behind) return definition.evaluate(run, args)
  const { environment, base, pending, depth, collector } = run
  try {
    return definition.evaluate(run, args)
  } catch (error) {
    if (!(error instanceof RegoError) || error.code !== 'eval_conflict_error') throw error
    Object.assign(run, { environment, base, pending, depth, collector, lacked: undefined })
    return undefined
  }
}

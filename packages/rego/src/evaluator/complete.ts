import { RegoError } from '../error.ts'
import { equal } from '../value/compare.ts'
import type { Value } from '../value/value.ts'
import { agree } from './comprehension.ts'
import { conflict, type Definition } from './definition.ts'
import { collect } from './flow.ts'
import { joinLacks, Unknown } from './lacks.ts'
import type { Blocked, Run, Slot } from './run.ts'
import { isOpen } from './select.ts'
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
  if (value instanceof Unknown) return new Unknown(lacks.add(value.lacks), false, value.values)
  return new Unknown(lacks, false, [value])
}

function evaluateDefinitions(run: Run, node: VirtualNode, args: Args): Slot {
  const value = run.lazy ? evaluateLazily(run, node, args) : evaluateKnown(run, node, args)
  return value === undefined ? node.default?.evaluate(run, args) : value
}

function evaluateKnown(run: Run, node: VirtualNode, args: Args): Slot {
  let result: Value | undefined
  for (const definition of node.candidates(run, args)) {
    const value = definition.evaluate(run, args, result)
    if (value === undefined) continue
    result ??= value
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
  const open: Blocked[] = []
  for (const definition of node.candidates(run, args)) {
    const value = evaluateGuarded(run, definition, args, open.length > 0)
    const { lacked } = run
    if (lacked !== undefined) open.push(lacked)
    if (value === undefined) continue
    if (result === undefined) result = value
    else {
      const before = result
      let isEqual = true
      const lacks = collect(run, [], () => {
        isEqual = agree(run, before, value)
        return false
      })
      if (lacks !== undefined) open.push({ outcomes: undefined, lacks })
      else if (!isEqual) {
        if (open.length === 0) throw conflict(definition.rule)
        return new Unknown(joinLacks(open.map(part => part.lacks)), true)
      }
    }
    if (definition.decides && !node.effectful) break
  }
  const settled = result ?? node.default?.constant
  const remaining =
    settled === undefined || node.effectful ? open : open.filter(part => couldGiveOther(run, part, settled))
  if (remaining.length === 0) return result
  const lacks = joinLacks(remaining.map(part => part.lacks))
  // What waits for an effect is not held as a part of something else, which could be decided without it.
  if (node.effectful) return new Unknown(lacks, false)
  const isDefined = result !== undefined || node.default !== undefined
  return new Unknown(lacks, isDefined, possibleValues(run, node, result, remaining))
}

/** Whether a blocked definition could give another value than the one that there is without it. */
function couldGiveOther(run: Run, { outcomes }: Blocked, value: Value | Unknown): boolean {
  if (outcomes === undefined || value instanceof Unknown || isOpen(run, value)) return true
  return outcomes.some(outcome => !equal(outcome, value))
}

/** What the rule could give, where all of that is known. */
function possibleValues(
  run: Run,
  { default: fallback }: VirtualNode,
  result: Value | Unknown | undefined,
  open: readonly Blocked[],
): readonly Value[] | undefined {
  if (result === undefined && fallback !== undefined && fallback.constant === undefined) return undefined
  const settled = result ?? fallback?.constant
  if (settled instanceof Unknown || isOpen(run, settled)) return undefined
  const values: Value[] = settled === undefined ? [] : [settled]
  for (const { outcomes } of open) {
    if (outcomes === undefined) return undefined
    for (const outcome of outcomes) if (!values.some(known => equal(known, outcome))) values.push(outcome)
  }
  return values
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

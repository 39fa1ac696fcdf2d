import type { CompiledRule, CompiledTerm, Statement } from '../compiler/compiled.ts'
import { BigNumber } from '../value/number.ts'
import type { Value } from '../value/value.ts'
import { isPrint } from './demands.ts'
import { Unknown } from './lacks.ts'
import type { Run, Slot } from './run.ts'
import { select } from './select.ts'
import { constantOf } from './term.ts'

interface Indexed {
  readonly rule: CompiledRule
}

/** The definitions that could apply; those left out have an expression that is plainly false. */
export type RuleIndex<T> = (run: Run, args: readonly unknown[] | undefined) => readonly T[]

/** Below this many definitions trying each is cheaper than looking up. */
const minDefinitions = 4

/** What a definition needs of a place in the input, or of an argument. */
interface Demand {
  readonly place: string
  readonly read: (run: Run, args: readonly unknown[] | undefined) => unknown
  /** The scalar that it must equal; undefined where it must only be there. */
  readonly value: unknown
}

/** An index on the place about which most definitions say `place == constant`. */
export function linkIndex<T extends Indexed>(definitions: readonly T[]): RuleIndex<T> {
  if (definitions.length < minDefinitions) return () => definitions
  const demands = definitions.map(({ rule }) => demandsOf(rule))
  const place = mostDemanded(demands)
  if (place === undefined) return () => definitions
  const chosen = demands.map(all => all.find(demand => demand.place === place))
  const { read } = chosen.find(demand => demand !== undefined)!
  const free = definitions.filter((_, i) => chosen[i] === undefined)
  const byValue = new Map<unknown, T[]>()
  for (const demand of chosen) if (demand !== undefined) byValue.set(demand.value, [])
  for (const [i, definition] of definitions.entries()) {
    const demand = chosen[i]
    if (demand !== undefined) byValue.get(demand.value)!.push(definition)
    else for (const list of byValue.values()) list.push(definition)
  }
  return (run, args) => {
    const value = read(run, args)
    if (value instanceof Unknown) return definitions
    return byValue.get(value instanceof BigNumber ? value.key : value) ?? free
  }
}

function mostDemanded(demands: readonly (readonly Demand[])[]): string | undefined {
  const counts = new Map<string, number>()
  for (const all of demands) {
    for (const place of new Set(all.map(demand => demand.place))) counts.set(place, (counts.get(place) ?? 0) + 1)
  }
  const [best] = [...counts].sort(([, a], [, b]) => b - a)
  return best !== undefined && best[1] >= minDefinitions ? best[0] : undefined
}

/**
 * Only a rule without `else` can be left out: a false body would go on to it. Of several demands of one place OPA's index
 * keeps the last, and those that print it leaves alone: what their first expressions do must happen here too.
 */
function demandsOf(rule: CompiledRule): Demand[] {
  if (rule.branches.length !== 1) return []
  const byArgument = rule.args.flatMap((arg, i) => {
    const value = scalarOf(arg)
    return value === undefined ? [] : [argumentDemand(i, value)]
  })
  const { body } = rule.branches[0]!
  if (body.some(isPrint)) return byArgument
  const last = new Map(body.flatMap(statement => demandOf(statement, rule)).map(demand => [demand.place, demand]))
  return [...byArgument, ...last.values()].filter(({ value }) => value !== undefined)
}

function demandOf(statement: Statement, rule: CompiledRule): Demand[] {
  if (statement.negated || statement.with.length > 0) return []
  if (statement.kind === 'test') return demandFrom(statement.term, undefined, rule)
  if (statement.kind !== 'unify') return []
  const { left, right } = statement
  return [...demandFrom(left, right, rule), ...demandFrom(right, left, rule)]
}

function demandFrom(term: CompiledTerm, other: CompiledTerm | undefined, rule: CompiledRule): Demand[] {
  const value = other === undefined ? undefined : scalarOf(other)
  if (term.kind === 'local') {
    if (value === undefined) return []
    const position = rule.args.findIndex(arg => arg.kind === 'local' && arg.slot === term.slot)
    return position < 0 ? [] : [argumentDemand(position, value)]
  }
  if (term.kind !== 'ref' || term.base.kind !== 'input') return []
  const path = term.path.map(part => constantOf(part))
  if (path.some(key => typeof key !== 'string' && typeof key !== 'number')) return []
  return [{ place: JSON.stringify(path), read: run => readInput(run, path as Value[]), value }]
}

const argumentDemand = (position: number, value: unknown): Demand => ({
  place: `${position}`,
  read: (_run, args) => args?.[position],
  value,
})

function readInput(run: Run, path: readonly Value[]): Slot {
  let value: Slot = run.environment.input
  for (const key of path) {
    if (value === undefined) return undefined
    value = select(run, value, key) as Slot
  }
  return value
}

/** A scalar that a Map finds by value. */
function scalarOf(term: CompiledTerm): unknown {
  const value = constantOf(term)
  if (value === undefined || (typeof value === 'object' && value !== null && !(value instanceof BigNumber)))
    return undefined
  return value instanceof BigNumber ? value.key : value
}

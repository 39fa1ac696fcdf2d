import type { CompiledRule } from '../compiler/compiled.ts'
import { type Demand, demandsOf } from './demands.ts'
import type { Linked } from './linked.ts'

/**
 * The order in which OPA's index finds the definitions of a rule: those that demand nothing of the place that most
 * demand something of come first, then those that need it to be there, then those that need a value. The order shows
 * where an early definition ends the search, or where two definitions fail in different ways.
 */
export function orderDefinitions<T extends { readonly rule: CompiledRule }>(
  definitions: readonly T[],
  linked: Linked,
): readonly T[] {
  if (definitions.length < 2) return definitions
  const frequency = new Map<string, number>()
  const demands = definitions.map(({ rule }) => rule.branches.map(branch => demandsOf(branch.body, rule, linked)))
  for (const { place } of demands.flat(2)) frequency.set(place, (frequency.get(place) ?? 0) + 1)
  // places are in the order of their first mention, and sorting is stable
  const places = [...frequency].sort(([, a], [, b]) => b - a).map(([place]) => place)
  const keys = demands.map(branches => branches.map(all => orderKey(all, places)).reduce((a, b) => (a < b ? a : b)))
  return definitions
    .map((definition, i) => ({ definition, key: keys[i]! }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ definition }) => definition)
}

/** A digit for each place; nothing for a branch without demands, which comes before all others. */
function orderKey(demands: readonly Demand[], places: readonly string[]): string {
  if (demands.length === 0) return ''
  const last = new Map(demands.map(({ place, fits }) => [place, fits === undefined ? '1' : '2']))
  return places.map(place => last.get(place) ?? '0').join('')
}

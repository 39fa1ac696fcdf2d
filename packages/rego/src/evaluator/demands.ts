import type { CompiledBody, CompiledRef, CompiledRule, CompiledTerm, Statement } from '../compiler/compiled.ts'
import { equal } from '../value/compare.ts'
import { valueKey } from '../value/key.ts'
import { isArray, type Value } from '../value/value.ts'
import { watchDemand } from './events.ts'
import { block } from './flow.ts'
import { Unknown } from './lacks.ts'
import type { Linked } from './linked.ts'
import type { Step } from './run.ts'
import type { Scope } from './scope.ts'
import { constantOf, linkTerm } from './term.ts'

/** What a body demands of a place in the input, the base documents or the arguments: a constant, or just something. */
export interface Demand {
  readonly place: string
  /** Undefined for an argument. */
  readonly ref: CompiledRef | undefined
  /** Undefined where it must only be there. */
  readonly fits: ((value: Value) => boolean) | undefined
}

/** All demands of a body, in its order. */
export function demandsOf(body: CompiledBody, rule: CompiledRule, linked: Linked): readonly Demand[] {
  if (body.some(isPrint)) return []
  return body.flatMap(statement => demandOf(statement, linked) ?? argumentDemand(statement, rule) ?? [])
}

/** A constant that an argument must equal. */
function argumentDemand(statement: Statement, { args }: CompiledRule): Demand | undefined {
  if (statement.kind !== 'unify' || statement.negated || statement.with.length > 0) return undefined
  for (const [term, other] of [
    [statement.left, statement.right],
    [statement.right, statement.left],
  ] as const) {
    const position = args.findIndex(arg => arg.kind === 'local' && term.kind === 'local' && arg.slot === term.slot)
    const value = constantOf(other)
    if (position >= 0 && value !== undefined) {
      return { place: `args ${position}`, ref: undefined, fits: given => equal(given, value) }
    }
  }
  return undefined
}

/**
 * Looks, before a body runs, at the places that it needs further on: where one is not there, or has another value than
 * it must, the body is false whatever comes first. OPA's index leaves such definitions out, so errors that their first
 * expressions would make do not happen, and must not here. Demands before anything that can fail are met in their turn.
 */
export function linkDemands(body: CompiledBody, scope: Scope): Step[] {
  // OPA's index leaves definitions that print alone
  if (body.some(isPrint)) return []
  const demands = body.map(statement => demandOf(statement, scope.linked))
  const risk = demands.indexOf(undefined)
  if (risk < 0) return []
  const last = lastOf(demands)
  return demands.flatMap((demand, at) => {
    if (at < risk || demand === undefined || !last.has(demand)) return []
    return [watchDemand(body[at]!, demand.ref!, scope, linkDemand(demand, scope))]
  })
}

/** Of several demands of one place the index keeps the last. */
function lastOf(demands: readonly (Demand | undefined)[]): ReadonlySet<Demand> {
  return new Set(new Map(demands.flatMap(demand => (demand === undefined ? [] : [[demand.place, demand]]))).values())
}

export const isPrint = (statement: Statement): boolean =>
  statement.kind === 'call' && statement.callee.kind === 'builtin' && statement.callee.name === 'internal.print'

function linkDemand({ ref, fits }: Demand, scope: Scope): Step {
  const get = linkTerm(ref!, scope)
  return (run, frame) => {
    const found = get(run, frame)
    if (found === undefined) return false
    // what comes of the expressions before it waits for a place that is not known: it may turn out to be false
    if (found instanceof Unknown) return (fits === undefined && found.defined) || block(run, found.lacks)
    return fits === undefined || fits(found)
  }
}

function demandOf(statement: Statement, linked: Linked): Demand | undefined {
  if (statement.negated || statement.with.length > 0) return undefined
  if (statement.kind === 'test') return demandFor(statement.term, undefined, linked)
  if (statement.kind !== 'unify') return undefined
  return demandFor(statement.left, statement.right, linked) ?? demandFor(statement.right, statement.left, linked)
}

function demandFor(term: CompiledTerm, other: CompiledTerm | undefined, linked: Linked): Demand | undefined {
  if (term.kind !== 'ref' || !isStored(term, linked)) return undefined
  const place = placeOf(term)
  if (other === undefined || other.kind === 'local') return { place, ref: term, fits: undefined }
  if (other.kind === 'array') {
    if (!other.items.every(item => item.kind === 'local' || isScalarTerm(item))) return undefined
    const items = other.items.map(constantOf)
    return { place, ref: term, fits: value => isArray(value) && hasShape(value, items) }
  }
  if (!isScalarTerm(other)) return undefined
  const wanted = constantOf(other)!
  return { place, ref: term, fits: value => equal(value, wanted) }
}

const isScalarTerm = ({ kind }: CompiledTerm): boolean =>
  kind === 'null' || kind === 'boolean' || kind === 'number' || kind === 'string'

/** Whether the array has as many members, and those that are known here are equal. */
const hasShape = (value: readonly Value[], items: readonly (Value | undefined)[]): boolean =>
  value.length === items.length &&
  items.every((item, i) => item === undefined || (value[i] as unknown) instanceof Unknown || equal(value[i]!, item))

const placeOf = ({ base, path }: CompiledRef): string =>
  base.kind + path.map(key => valueKey(constantOf(key)!)).join('')

/** Whether the reference is a path of constants to the input, or to base documents where no rule lives. */
function isStored({ base, path }: CompiledRef, linked: Linked): boolean {
  const keys = path.map(constantOf)
  if (keys.includes(undefined) || base.kind === 'local') return false
  if (base.kind === 'input') return true
  let node = linked.root
  for (const key of keys as readonly Value[]) {
    const child = node.child(key)
    if (child === undefined) return node.kind === 'none'
    node = child
  }
  return false
}

import type { CompiledBody, CompiledRef, CompiledTerm, Statement } from '../compiler/compiled.ts'
import { equal } from '../value/compare.ts'
import type { Value } from '../value/value.ts'
import { Unknown } from './lacks.ts'
import type { Step } from './run.ts'
import type { Scope } from './scope.ts'
import { constantOf, linkTerm } from './term.ts'

/** What a body demands of a place in the input or the base documents: a constant, or just something. */
interface Demand {
  readonly ref: CompiledRef
  readonly value: Value | undefined
}

/**
 * Looks, before a body runs, at the places that it needs further on: where one is not there, or has another value than
 * it must, the body is false whatever comes first. OPA's index leaves such definitions out, so errors that their first
 * expressions would make do not happen, and must not here. Demands before anything that can fail are met in their turn.
 */
export function linkDemands(body: CompiledBody, scope: Scope): Step[] {
  // OPA's index leaves definitions that print alone
  if (body.some(isPrint)) return []
  const demands = body.map(statement => demandOf(statement, scope))
  const risk = demands.indexOf(undefined)
  if (risk < 0) return []
  return demands.slice(risk).flatMap(demand => (demand === undefined ? [] : [linkDemand(demand, scope)]))
}

const isPrint = (statement: Statement): boolean =>
  statement.kind === 'call' && statement.callee.kind === 'builtin' && statement.callee.name === 'internal.print'

function linkDemand({ ref, value }: Demand, scope: Scope): Step {
  const get = linkTerm(ref, scope)
  return (run, frame) => {
    const found = get(run, frame)
    if (found === undefined) return false
    return value === undefined || found instanceof Unknown || equal(found, value)
  }
}

function demandOf(statement: Statement, scope: Scope): Demand | undefined {
  if (statement.negated || statement.with.length > 0) return undefined
  if (statement.kind === 'test') return demandFor(statement.term, undefined, scope)
  if (statement.kind !== 'unify') return undefined
  return demandFor(statement.left, statement.right, scope) ?? demandFor(statement.right, statement.left, scope)
}

function demandFor(term: CompiledTerm, other: CompiledTerm | undefined, scope: Scope): Demand | undefined {
  if (term.kind !== 'ref' || !isStored(term, scope)) return undefined
  if (other === undefined || other.kind === 'local') return { ref: term, value: undefined }
  const value = constantOf(other)
  const isScalar = value !== undefined && (typeof value !== 'object' || value === null)
  return isScalar || other.kind === 'array' ? { ref: term, value: isScalar ? value : undefined } : undefined
}

/** Whether the reference is a path of constants to the input, or to base documents where no rule lives. */
function isStored({ base, path }: CompiledRef, { linked }: Scope): boolean {
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

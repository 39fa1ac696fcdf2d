import type { Location } from '../source-text.ts'
import { objectItems } from '../value/object.ts'
import { isArray, isNumber, isObject, isSet, typeName, type Value } from '../value/value.ts'
import { BuiltinError, operandError } from './builtin-error.ts'
import type { TypeSpec } from './type-spec.ts'

/** What a builtin may know besides its operands. */
export interface BuiltinContext {
  /** The query's time in nanoseconds since 1970: it stands still. */
  readonly time: bigint
  /** What random values are derived from. */
  readonly seed: string
  readonly limits: BuiltinLimits
  /** Takes steps from the query's budget; throws a RegoError (`eval_cancel_error`) when it or the deadline is spent. */
  charge(steps: number): void
  /** Takes bytes from the query's budget for what a builtin makes besides its result; throws when it is spent. */
  spend(bytes: number): void
  /** Throws where work that cannot be interrupted could last until after the deadline; 0 looks at the clock. */
  reserve(milliseconds: number): void
  /** Lives as long as the query: compiled patterns, parsed time zones. */
  readonly cache: Map<string, unknown>
  readonly location?: Location | undefined
}

export interface BuiltinLimits {
  /** UTF-16 units of a string that a builtin makes. */
  readonly maxStringLength: number
  /** Members of a collection that a builtin makes. */
  readonly maxItems: number
}

export type Implementation = (args: readonly Value[], context: BuiltinContext) => Value | undefined

/** One row of the builtin table. */
export interface BuiltinDefinition {
  readonly name: string
  readonly args: readonly TypeSpec[]
  readonly result: TypeSpec
  /** Absent: the evaluator does it itself, or the host does. */
  implementation?(args: readonly Value[], context: BuiltinContext): Value | undefined
  /** Any number of further operands of this type. */
  readonly variadic?: TypeSpec | undefined
  /** Refused by Rego v1. */
  readonly deprecated?: true
  /** The implementation returns an array of results, each one answer of the call (`walk`). */
  readonly relation?: true
  readonly nondeterministic?: true
  /** The call takes operands of any type: the types are for the static check only. */
  readonly unchecked?: true
  /** The result is part of an operand, not made anew. */
  readonly selects?: true
  /** The call is a statement, not a value (`print`). */
  readonly void?: true
  /** Operands that may be, or hold, fields that are not known yet: all, or these positions from 0. */
  readonly looksPastHoles?: true | readonly number[]
}

export interface Builtin extends BuiltinDefinition {
  /**
   * Checks the operands against the row and runs the implementation. Undefined is Rego's undefined. Throws BuiltinError
   * with OPA's text, and RegoError where a limit ends the evaluation.
   */
  readonly call: Implementation
}

type Check = (value: Value, position: number) => void

/** Makes a row callable: arity and operand types are checked here and nowhere else. */
export function defineBuiltin(row: BuiltinDefinition): Builtin {
  const { name, variadic } = row
  // a method in the row, so that implementations may name their operands' types: they are checked just before
  const implementation = row.implementation as Implementation | undefined
  const checks = row.args.map(spec => (row.unchecked ? undefined : compileCheck(spec)))
  const checkRest = variadic === undefined ? undefined : compileCheck(variadic)
  const arity = checks.length
  const call: Implementation = (args, context) => {
    try {
      if (args.length < arity || (args.length > arity && checkRest === undefined)) {
        throw new BuiltinError(`has arity ${arity}, got ${args.length} operands`, 'eval_type_error')
      }
      for (let i = 0; i < args.length; i++) (i < arity ? checks[i]! : checkRest!)?.(args[i]!, i + 1)
      if (implementation === undefined) throw new BuiltinError('not available here')
      return implementation(args, context)
    } catch (error) {
      if (!(error instanceof BuiltinError)) throw error
      throw new BuiltinError(`${name}: ${error.message}`, error.code)
    }
  }
  return { ...row, call }
}

/** A value names the type; a collection of a wrong member is told apart from a value of a wrong type. */
function compileCheck(spec: TypeSpec): Check | undefined {
  const alternatives = spec.kind === 'any' ? spec.of : [spec]
  if (alternatives.length === 0) return undefined
  const kinds = alternatives.map(({ kind }) => kind)
  const tests = alternatives.map(compileMembers)
  const label = 'label' in spec ? spec.label : undefined
  return (value, position) => {
    const index = kinds.indexOf(kindOf(value))
    if (index < 0) {
      const expected = label ?? (kinds.length === 1 ? kinds[0] : `one of {${kinds.join(', ')}}`)
      throw operandError(position, `must be ${expected} but got ${typeName(value)}`)
    }
    tests[index]?.(value, position)
  }
}

const kindOf = (value: Value): TypeSpec['kind'] => (typeof value === 'string' ? 'string' : typeName(value))

/** The kinds of member that OPA checks for all collections in the same words. Others are the implementation's to check. */
const MEMBER_KINDS: readonly TypeSpec['kind'][] = ['string', 'number', 'object']

/** The check of a collection's members, one level deep: what OPA looks at when it is called. */
function compileMembers(spec: TypeSpec): Check | undefined {
  if (spec.kind !== 'array' && spec.kind !== 'set') return undefined
  const member = spec.kind === 'set' ? spec.of : spec.rest
  if (member === undefined || !MEMBER_KINDS.includes(member.kind)) return undefined
  if (member.kind === 'object' && member.properties.length > 0) return undefined
  return (value, position) => {
    for (const item of isSet(value) ? value.items() : (value as readonly Value[])) {
      if (kindOf(item) === member.kind) continue
      const name = typeName(value)
      throw operandError(position, `must be ${name} of ${member.kind}s but got ${name} containing ${typeName(item)}`)
    }
  }
}

/** Whether the value is of the type, all the way down. */
export function conforms(value: Value, spec: TypeSpec): boolean {
  switch (spec.kind) {
    case 'any':
      return spec.of.length === 0 || spec.of.some(one => conforms(value, one))
    case 'number':
      return isNumber(value)
    case 'array':
      return (
        isArray(value) &&
        (spec.rest !== undefined || value.length === spec.items.length) &&
        spec.items.every((item, i) => i < value.length && conforms(value[i]!, item)) &&
        value.slice(spec.items.length).every(item => conforms(item, spec.rest!))
      )
    case 'set':
      return isSet(value) && value.items().every(item => conforms(item, spec.of))
    case 'object':
      return isObject(value) && objectConforms(value, spec)
    default:
      return typeName(value) === spec.kind
  }
}

function objectConforms(value: Parameters<typeof objectItems>[0], spec: TypeSpec & { kind: 'object' }): boolean {
  const left = new Map(spec.properties.map(({ key, value: type }) => [key, type]))
  for (const [key, item] of objectItems(value)) {
    const type = typeof key === 'string' ? left.get(key) : undefined
    if (type !== undefined) {
      left.delete(key as string)
      if (!conforms(item, type)) return false
    } else if (spec.rest === undefined || !conforms(key, spec.rest.key) || !conforms(item, spec.rest.value)) {
      return false
    }
  }
  return left.size === 0
}

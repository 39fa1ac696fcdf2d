import { BuiltinError } from '../builtins/builtin-error.ts'
import { type Builtin, defineBuiltin } from '../builtins/signature.ts'
import { type TypeSpec, types } from '../builtins/type-spec.ts'
import { RegoError } from '../error.ts'
import type { BuiltinDeclaration, HostCall, TypeName } from '../query.ts'
import { locationOf, type Span } from '../source-text.ts'
import { termText } from '../value/text.ts'
import type { Value } from '../value/value.ts'
import { attempt, lackingArguments } from './call.ts'
import { lacksCall, lacksFailed, Unknown } from './lacks.ts'
import type { Run, Slot } from './run.ts'
import { isOpen } from './select.ts'

const specs: Readonly<Record<TypeName, TypeSpec>> = {
  any: types.any,
  null: types.null,
  boolean: types.boolean,
  number: types.number,
  string: types.string,
  array: types.array(types.any),
  object: types.object(types.any, types.any),
  set: types.set(types.any),
}

/** The row of a declared function: its types are checked as those of any builtin. */
export function declaredBuiltin(name: string, declaration: BuiltinDeclaration): Builtin {
  return defineBuiltin({
    name,
    args: declaration.args.map(type => specs[type]),
    result: specs[declaration.result],
    implementation: () => true,
    ...(declaration.source === undefined ? {} : { looksPastHoles: [declaration.source] }),
  })
}

/** Calls a function of the embedding program, or finds the answer that the host gave to it. */
export function callHost(
  run: Run,
  row: Builtin,
  declaration: BuiltinDeclaration,
  args: readonly (Value | Unknown)[],
  span: Span,
): Slot {
  if (run.lazy) {
    const lacks = lackingArguments(run, args, row.looksPastHoles)
    if (lacks !== undefined) return new Unknown(lacks, false)
  }
  if (attempt(run, span, () => row.call(args as readonly Value[], run.context)) === undefined) return undefined
  const call = describe(run, row.name, declaration, args as readonly Value[], span)
  const value = declaration.implementation === undefined ? answered(run, call) : implement(run, declaration, call, span)
  if (value !== undefined && declaration.effect && !(value instanceof Unknown)) {
    const { name, location, source } = call
    run.effects.push({ name, args: call.args, source, value, location })
  }
  return value
}

function describe(
  run: Run,
  name: string,
  declaration: BuiltinDeclaration,
  args: readonly Value[],
  span: Span,
): HostCall {
  const position = declaration.source
  const named = position === undefined ? undefined : args[position]
  const source = named === undefined ? undefined : run.sourcePath(named)
  const hidden = source !== undefined || isOpen(run, named)
  const plain = args.map((arg, i) => (i === position && hidden ? null : arg))
  const id = `${name} ${source === undefined ? '-' : JSON.stringify(source)} ${termText(plain)}`
  return { id, name, args: plain, source, location: locationOf(span) }
}

function implement(run: Run, { implementation }: BuiltinDeclaration, call: HostCall, span: Span): Value | undefined {
  const { source, location } = call
  const { time } = run.context
  return attempt(run, span, () => {
    try {
      return implementation!(call.args, { time, location, source })
    } catch (error) {
      if (error instanceof RegoError || error instanceof BuiltinError) throw error
      throw new BuiltinError(error instanceof Error ? error.message : String(error))
    }
  })
}

function answered(run: Run, call: HostCall): Slot {
  const answer = run.answers.get(call.id)
  if (answer === undefined) return new Unknown(lacksCall(call), false)
  if ('value' in answer) return answer.value
  return 'undefined' in answer ? undefined : new Unknown(lacksFailed(call), false)
}

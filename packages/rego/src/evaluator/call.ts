import { BuiltinError } from '../builtins/builtin-error.ts'
import type { Builtin } from '../builtins/signature.ts'
import type { CallStatement, CompiledTerm } from '../compiler/compiled.ts'
import { RegoError } from '../error.ts'
import { locationOf, type Span } from '../source-text.ts'
import { ObjectValue } from '../value/object.ts'
import { SetValue } from '../value/set.ts'
import type { Value } from '../value/value.ts'
import type { LinkedStatement } from './body.ts'
import { assume, block, proceed } from './flow.ts'
import { openLacks } from './lacking.ts'
import { joinLacks, type Lacks, Unknown } from './lacks.ts'
import { linkPrint, linkTemplate } from './output.ts'
import { linkPattern } from './pattern.ts'
import type { Consumer, Frame, Getter, Next, Run, Slot } from './run.ts'
import type { Scope } from './scope.ts'
import { isOpen } from './select.ts'
import { accept, holds } from './statement.ts'
import { linkTerm } from './term.ts'

/** A call with a result that is unified, or that must hold; a relation (`walk`) has many. */
export function linkCall(statement: CallStatement, scope: Scope): LinkedStatement {
  const { callee } = statement
  if (callee.kind === 'builtin' && callee.name === 'internal.print') return { step: linkPrint(statement, scope) }
  if (callee.kind === 'builtin' && scope.linked.builtin(callee.name).relation) return linkRelation(statement, scope)
  const isTemplate = callee.kind === 'builtin' && callee.name === 'internal.template_string'
  const get = isTemplate ? linkTemplate(statement, scope) : linkInvocation(statement, scope)
  return { step: linkResult(get, statement.result, scope) }
}

function linkResult(get: Getter, result: CompiledTerm | undefined, scope: Scope): Next {
  if (result === undefined) {
    return (run, frame) => {
      const value = get(run, frame)
      return value !== undefined && value !== false && holds(run, frame, value)
    }
  }
  if (result.kind === 'local' && !scope.bound.has(result.slot)) {
    const { slot } = result
    scope.bound.add(slot)
    return (run, frame) => {
      const value = assume(run, get(run, frame))
      if (value === undefined) return false
      frame[slot] = value
      return !(value instanceof Unknown) || value.defined || block(run, value.lacks)
    }
  }
  const match = linkPattern(result, scope)
  return (run, frame) => {
    const value = get(run, frame)
    return value !== undefined && match(run, frame, value)
  }
}

function linkInvocation(statement: CallStatement, scope: Scope): Getter {
  const args = statement.args.map(arg => linkOperand(arg, scope))
  const invoke = scope.linked.invokerOf(statement.callee)
  const [first, second] = args
  if (args.length === 1) {
    return (run, frame) => {
      const a = first!(run, frame)
      return a === undefined ? undefined : invoke(run, [a])
    }
  }
  if (args.length === 2) {
    return (run, frame) => {
      const a = first!(run, frame)
      if (a === undefined) return undefined
      const b = second!(run, frame)
      return b === undefined ? undefined : invoke(run, [a, b])
    }
  }
  return (run, frame) => {
    const values = evaluateAll(run, frame, args)
    return values === undefined ? undefined : invoke(run, values)
  }
}

/** Only a rule can be unknown and yet known to be one thing if any. */
function linkOperand(term: CompiledTerm, scope: Scope): Getter {
  const get = linkTerm(term, scope)
  return term.kind === 'ref' && term.base.kind === 'data' ? (run, frame) => assume(run, get(run, frame)) : get
}

function evaluateAll(run: Run, frame: Frame, getters: readonly Getter[]): (Value | Unknown)[] | undefined {
  const values: (Value | Unknown)[] = []
  for (const get of getters) {
    const value = get(run, frame)
    if (value === undefined) return undefined
    values.push(value)
  }
  return values
}

function linkRelation(statement: CallStatement, scope: Scope): LinkedStatement {
  const get = linkInvocation(statement, scope)
  const match: Consumer = statement.result === undefined ? holds : linkPattern(statement.result, scope)
  return {
    branch: next => {
      const consume = accept(match, next)
      return (run, frame) => {
        const mark = run.pending
        const results = get(run, frame)
        if (results === undefined) return false
        if (results instanceof Unknown) return consume(run, frame, results)
        return proceed(run, frame, mark, () => {
          for (const result of results as readonly Value[]) {
            run.tick()
            if (consume(run, frame, result)) return true
          }
          return false
        })
      }
    },
  }
}

/** Calls a builtin: it never sees anything unknown but where its row says so. An error makes the call undefined. */
export function callBuiltin(run: Run, builtin: Builtin, args: readonly (Value | Unknown)[], span: Span): Slot {
  if (run.lazy) {
    const lacks = lackingArguments(run, args, builtin.looksPastHoles)
    if (lacks !== undefined) return new Unknown(lacks, false)
  }
  const cost = costOf(args as readonly Value[])
  if (cost === 0) run.pulse()
  else run.charge(cost)
  try {
    const value = builtin.call(args as readonly Value[], run.context)
    if (typeof value === 'string' || (typeof value === 'object' && builtin.selects !== true)) run.spend(bytesOf(value))
    return value
  } catch (error) {
    return recordFailure(run, span, error)
  }
}

/** Characters, or members of a collection, that one step pays for. */
const partsPerStep = 64

/** The steps that go over the operands take. */
function costOf(args: readonly Value[]): number {
  let parts = 0
  for (const arg of args) {
    if (typeof arg === 'string' || Array.isArray(arg)) parts += arg.length
    else if (arg instanceof SetValue || arg instanceof ObjectValue) parts += arg.size
  }
  return Math.floor(parts / partsPerStep)
}

/** What a new value takes up, its members apart, by a rough count. */
function bytesOf(value: Value): number {
  if (typeof value === 'string') return 24 + value.length
  if (Array.isArray(value)) return 48 + 8 * value.length
  return value instanceof SetValue || value instanceof ObjectValue ? value.weight : 64
}

export function attempt(run: Run, span: Span, call: () => Value | undefined): Value | undefined {
  try {
    return call()
  } catch (error) {
    return recordFailure(run, span, error)
  }
}

/** The failure of a builtin makes its call undefined. Throws what is none. */
function recordFailure(run: Run, span: Span, error: unknown): undefined {
  if (!(error instanceof BuiltinError)) throw error
  if (!run.doubtful && run.errors.length === 0) {
    run.errors.push(new RegoError({ code: error.code, message: error.message, location: locationOf(span) }))
  }
}

/** What must be known before a function can look at its arguments. */
export function lackingArguments(
  run: Run,
  args: readonly (Value | Unknown)[],
  looksPast: true | readonly number[] | undefined,
): Lacks | undefined {
  const lacks: Lacks[] = []
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    if (arg instanceof Unknown) lacks.push(arg.lacks)
    else if (isOpen(run, arg) && looksPast !== true && !looksPast?.includes(i)) lacks.push(openLacks(arg, run)!)
  }
  return lacks.length === 0 ? undefined : joinLacks(lacks)
}

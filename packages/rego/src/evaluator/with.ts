import type { CompiledWith, Scalar } from '../compiler/compiled.ts'
import type { Value } from '../value/value.ts'
import type { LinkedStatement } from './body.ts'
import { patch } from './document.ts'
import type { Environment } from './environment.ts'
import { watchScene } from './events.ts'
import { block, guarded } from './flow.ts'
import { Unknown } from './lacks.ts'
import type { Frame, Next, Run } from './run.ts'
import { newSlot, type Scope } from './scope.ts'
import { linkTerm, scalarValue } from './term.ts'

/** Makes the next environment out of the last one; undefined where the value is undefined. */
type Change = (run: Run, frame: Frame, last: Environment) => Environment | undefined

/** The expression under other documents or functions; what comes after it sees the ones from before. */
export function linkWith(modifiers: readonly CompiledWith[], scope: Scope, linked: LinkedStatement): LinkedStatement {
  const changes = modifiers.map(modifier => linkChange(modifier, scope))
  const change = (run: Run, frame: Frame): Environment | undefined => {
    let environment: Environment | undefined = run.environment
    for (const next of changes) {
      environment = next(run, frame, environment)
      if (environment === undefined) return undefined
    }
    return environment
  }
  const told = scope.linked.events ? watchScene(modifiers, scope) : undefined
  if (linked.step !== undefined) return { step: under(change, linked.step, told) }
  const outside = newSlot(scope)
  return {
    branch: next => {
      const inner = linked.branch((run, frame) => {
        const within = run.environment
        run.environment = frame[outside] as Environment
        const stop = next(run, frame)
        run.environment = within
        return stop
      })
      const body = under(change, inner, told)
      return (run, frame) => {
        frame[outside] = run.environment
        return body(run, frame)
      }
    },
  }
}

/** A value that is not known may be undefined, so the expression is blocked by it, whatever it gives. */
function under(
  change: (run: Run, frame: Frame) => Environment | undefined,
  body: Next,
  told: ((run: Run, frame: Frame) => void) | undefined,
): Next {
  return (run, frame) => {
    const { environment, pending } = run
    const changed = change(run, frame)
    if (changed === undefined) return false
    run.environment = changed
    const result = run.pending === pending ? body(run, frame) : guarded(run, frame, body)
    told?.(run, frame)
    run.environment = environment
    return result
  }
}

function linkChange({ target, value }: CompiledWith, scope: Scope): Change {
  if (value.kind === 'callee') {
    const key = scope.linked.calleeKey(target as Parameters<typeof scope.linked.calleeKey>[0])
    const invoke = scope.linked.originalOf(value.callee)
    return (_run, _frame, last) => last.withMock(key, { invoke })
  }
  const get = linkTerm(value.term, scope)
  const apply = linkReplacement(target, scope)
  return (run, frame, last) => {
    const replacement = get(run, frame)
    if (replacement === undefined) return undefined
    if (replacement instanceof Unknown && !replacement.defined) block(run, replacement.lacks)
    return apply(run, last, replacement)
  }
}

type Apply = (run: Run, last: Environment, value: Value | Unknown) => Environment

function linkReplacement(target: CompiledWith['target'], scope: Scope): Apply {
  switch (target.kind) {
    case 'input': {
      const path = values(target.path)
      return (run, last, value) => last.withInput(patch(run, last.input, path, value))
    }
    case 'data': {
      const path = values(target.path)
      const shadowed = scope.linked.nodesUnder(path)
      return (run, last, value) => last.withData(patch(run, last.data, path, value) as Value, shadowed)
    }
    default: {
      const key = scope.linked.calleeKey(target)
      return (_run, last, value) => last.withMock(key, { value })
    }
  }
}

const values = (path: readonly Scalar[]): Value[] => path.map(scalarValue)

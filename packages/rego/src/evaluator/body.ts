import type { CompiledBody } from '../compiler/compiled.ts'
import { sequence } from './flow.ts'
import type { Next, Step } from './run.ts'
import type { Scope } from './scope.ts'
import { linkStatement } from './statement.ts'

/** An expression that has one solution at most is a step; one that enumerates is linked to what comes after it. */
export type LinkedStatement =
  | { readonly step: Step; readonly branch?: never }
  | { readonly branch: (next: Next) => Next; readonly step?: never }

/** Links the expressions of a body one after the other; `end` makes what happens when all of them hold. */
export function linkBody(body: CompiledBody, scope: Scope, end: (scope: Scope) => Next): Next {
  const statements = body.map(statement => linkStatement(statement, scope, body))
  let next = end(scope)
  let steps: Step[] = []
  for (const { step, branch } of statements.toReversed()) {
    if (step !== undefined) steps.unshift(step)
    else {
      next = branch(sequence(steps, next))
      steps = []
    }
  }
  return sequence(steps, next)
}

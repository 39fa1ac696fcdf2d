import type { EvaluationRequest, PrintedLine } from './engine.ts'
import type { Answer } from './resolver.ts'
import { type Run, timeoutError } from './run.ts'
import type { SourceTree } from './source-tree.ts'

/**
 * What a policy is asked in a round: what is known by now, within the time that the run has left. Throws `timeout` where it
 * has none: no timer fires while policies are evaluated one after the other.
 */
export function requestFor(
  run: Run,
  known: {
    tree: Pick<SourceTree, 'input' | 'unknown'>
    answers: ReadonlyMap<string, Answer>
    print: (line: PrintedLine) => void
  },
): EvaluationRequest {
  const remainingMs = run.remainingMs()
  if (remainingMs === 0) throw timeoutError(run.limits)
  return {
    input: known.tree.input,
    unknown: known.tree.unknown,
    answers: known.answers,
    time: run.time,
    seed: run.seed,
    limits: {
      maxSteps: run.limits.maxEvaluationSteps,
      timeoutMs: Math.min(run.limits.evaluationTimeoutMs, remainingMs),
    },
    print: known.print,
  }
}

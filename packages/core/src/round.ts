import type { Evaluation, EvaluationRequest, Policy, PrintedLine } from './engine.ts'
import { lackingOf } from './gather.ts'
import { describeLacking, type Trail } from './report.ts'
import { requestFor } from './request.ts'
import type { Answer } from './resolver.ts'
import type { Run } from './run.ts'
import type { SourceTree } from './source-tree.ts'
import { redactIdentifier } from './url.ts'

/** One turn of the loop as it happened. */
export interface Round {
  readonly policy: string
  readonly number: number
  readonly request: EvaluationRequest
  readonly evaluation: Evaluation
}

interface RoundOptions {
  readonly tree: SourceTree
  readonly answers: ReadonlyMap<string, Answer>
  readonly run: Run
  readonly trail: Trail
  readonly prints: PrintedLine[]
  readonly onRound: ((round: Round) => void) | undefined
}

/** Asks the policy once, with what is known by now. */
export async function playRound(
  policy: Policy,
  number: number,
  { tree, answers, run, trail, prints, onRound }: RoundOptions,
): Promise<Evaluation> {
  const started = performance.now()
  const request = requestFor(run, { tree, answers, print: line => prints.push(line) })
  const evaluation = await policy.evaluate(request)
  trail.rounds.push({
    policy: policy.name,
    identifier: redactIdentifier(tree.root.source.identifier),
    verdict: verdictOf(evaluation),
    missing: describeLacking(lackingOf(evaluation)),
    durationMs: performance.now() - started,
  })
  onRound?.({ policy: policy.name, number, request, evaluation })
  return evaluation
}

function verdictOf(evaluation: Evaluation): 'allow' | 'deny' | undefined {
  if (evaluation.kind === 'missing') return undefined
  return evaluation.verdict.allow ? 'allow' : 'deny'
}

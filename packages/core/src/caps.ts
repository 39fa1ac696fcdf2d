import type { Policy, PrintedLine } from './engine.ts'
import { CoreError } from './error.ts'
import { loadJSON } from './gather.ts'
import type { EnvInput } from './input.ts'
import { isZeroResult } from './policy-decision.ts'
import { describeLacking } from './report.ts'
import { requestFor } from './request.ts'
import type { Answer } from './resolver.ts'
import type { Run } from './run.ts'

/** What a policy says before any source of a build is decided. */
export interface RequestedCaps {
  /** Capabilities asked of the builder: `{ 'exec.proxy': true }`. */
  readonly caps: Readonly<Record<string, boolean>>
  /** False where the policy yields no decision without a source: docker buildx does not build with it. */
  readonly isDefined: boolean
}

/**
 * Asks a policy what it wants of the builder, as docker buildx does before a build: its input is the build alone, with
 * `env.capsRequest`. Throws `invalid_decision`, `caps_unavailable` where the answer hangs on a source, and what the policy throws.
 */
export async function requestCaps(
  policy: Policy,
  { run, env = {}, print = () => {} }: { run: Run; env?: Partial<EnvInput>; print?: (line: PrintedLine) => void },
): Promise<RequestedCaps> {
  const tree = { input: { env: { ...env, depth: 0, capsRequest: true } }, unknown: [] }
  const answers = new Map<string, Answer>()
  try {
    for (let round = 1; round <= run.limits.maxRounds; round++) {
      const evaluation = await policy.evaluate(requestFor(run, { tree, answers, print }))
      if (evaluation.kind === 'verdict') return { caps: evaluation.verdict.caps, isDefined: true }
      const open = evaluation.calls.filter(({ id, name }) => name === 'load_json' && !answers.has(id))
      if (open.length === 0 || evaluation.paths.length > 0) {
        const lacking = describeLacking(evaluation).join(', ')
        throw new CoreError(
          'caps_unavailable',
          `policy caps request of ${policy.name} cannot resolve source metadata: ${lacking}`,
        )
      }
      for (const { id, args } of open) {
        answers.set(id, await loadJSON(args, policy.files ?? { read: async () => undefined }, policy))
      }
    }
  } catch (error) {
    if (isZeroResult(error)) return { caps: {}, isDefined: false }
    throw error
  }
  throw new CoreError('rounds_exhausted', `policy ${policy.name} asked for files in too many rounds`)
}

import type { Evaluated, Evaluator } from './evaluate.ts'
import type { Run } from './run.ts'
import { createWaitingRoom } from './waiting-room.ts'

/**
 * The evaluator, asked once for equal sources of a run: policies are pure and the run is one snapshot, so that each would be
 * decided like the other. Without a run of their own they have nothing in common, and who watches the rounds sees all of them.
 */
export function decideOnce(evaluate: Evaluator['evaluate']): Evaluator['evaluate'] {
  const runs = new WeakMap<Run, Map<string, Promise<Evaluated>>>()
  const untilAborted = createWaitingRoom()

  return (wanted, given = {}) => {
    const { signal, run, onRound, platform, env } = given
    if (run === undefined || onRound !== undefined) return evaluate(wanted, given)
    const decided = runs.get(run) ?? new Map<string, Promise<Evaluated>>()
    runs.set(run, decided)
    const key = JSON.stringify([wanted, platform, env])
    const evaluated = decided.get(key) ?? evaluate(wanted, { platform, env, run })
    decided.set(key, evaluated)
    return signal === undefined ? evaluated : untilAborted(evaluated, signal)
  }
}

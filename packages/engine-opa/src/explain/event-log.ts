import type { EvaluationEvent } from '@source-policy/rego'
import { MAX_EXPLAINED_CHARS, MAX_EXPLAINED_EVENTS } from '../limits.ts'

/** What is told of one evaluation, as far as there is room for it. */
export interface EventLog {
  readonly events: readonly EvaluationEvent[]
  add(event: EvaluationEvent): void
}

/** A log that a policy cannot fill: what comes after its limits is left out. */
export function createEventLog(): EventLog {
  const events: EvaluationEvent[] = []
  let chars = 0
  return {
    events,
    add(event) {
      if (events.length >= MAX_EXPLAINED_EVENTS || chars > MAX_EXPLAINED_CHARS) return
      for (const { name, value } of [...event.variables, ...event.inputs]) chars += name.length + value.length
      events.push(event)
    },
  }
}

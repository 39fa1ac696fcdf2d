import { MAX_EXPANSION_CHARS_PER_BUILD, MAX_PATTERN_STEPS_PER_BUILD } from '../limits.ts'
import { ExpansionError } from './expansion-error.ts'

/** What all expansions of a build may cost together: short lines can ask for a lot, and there can be many of them. */
export interface Budget {
  /** Characters that a variable stands for. Throws ExpansionError. */
  spendChars(chars: number): void
  /** Steps of matching a pattern. Throws ExpansionError. */
  spendSteps(steps: number): void
}

export function createBudget(): Budget {
  let spentChars = 0
  let spentSteps = 0
  return {
    spendChars(chars) {
      spentChars += chars
      if (spentChars <= MAX_EXPANSION_CHARS_PER_BUILD) return
      throw new ExpansionError(`variables stand for more than ${MAX_EXPANSION_CHARS_PER_BUILD} characters`, 'limit')
    },
    spendSteps(steps) {
      spentSteps += steps
      if (spentSteps <= MAX_PATTERN_STEPS_PER_BUILD) return
      throw new ExpansionError(`matching patterns takes more than ${MAX_PATTERN_STEPS_PER_BUILD} steps`, 'limit')
    },
  }
}

import { RegoError } from '../error.ts'
import { maxComparedValues, maxTextLength } from '../limits.ts'

/** Values share parts: one that is small in memory can be endless once it is written out or compared part by part. */
const endless = (what: string, limit: number): RegoError =>
  new RegoError({ code: 'eval_cancel_error', message: `${what} exceeds the limit of ${limit}` })

/** The text, unless it is longer than the text of one value may be. */
export function boundText(text: string, limit: number = maxTextLength): string {
  if (text.length > limit) throw endless('the length of the text of a value', limit)
  return text
}

/** How many parts of values a comparison may still look at. */
export interface ComparisonBudget {
  left: number
}

export const comparisonBudget = (): ComparisonBudget => ({ left: maxComparedValues })

export function spend(budget: ComparisonBudget): void {
  if (--budget.left < 0) throw endless('the number of compared values', maxComparedValues)
}

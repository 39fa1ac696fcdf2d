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

/** Puts a text together piece by piece, up to a length. */
export class BoundedText {
  readonly #limit: number
  readonly #chunks: string[] = []
  #chunk = ''
  #length = 0

  constructor(limit: number = maxTextLength) {
    this.#limit = limit
  }

  add(piece: string): void {
    this.#chunk += piece
    if (this.#chunk.length > 4096) this.#flush()
  }

  #flush(): void {
    this.#length += this.#chunk.length
    if (this.#length > this.#limit) throw endless('the length of the text of a value', this.#limit)
    this.#chunks.push(this.#chunk)
    this.#chunk = ''
  }

  get text(): string {
    this.#flush()
    return this.#chunks.join('')
  }
}

/** How many parts of values a comparison may still look at. */
export interface ComparisonBudget {
  left: number
  readonly limit: number
}

export const comparisonBudget = (limit = maxComparedValues): ComparisonBudget => ({ left: limit, limit })

export function spend(budget: ComparisonBudget): void {
  if (--budget.left < 0) throw endless('the number of compared values', budget.limit)
}

/** The steps that the comparisons made with the budget were worth. */
export const stepsOf = ({ left, limit }: ComparisonBudget): number => (limit - left) >> 4

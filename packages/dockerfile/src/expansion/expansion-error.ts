/** Why a word cannot be expanded. */
export class ExpansionError extends Error {
  readonly reason: 'syntax' | 'limit'

  constructor(message: string, reason: 'syntax' | 'limit' = 'syntax') {
    super(message)
    this.reason = reason
  }
}

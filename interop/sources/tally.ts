/** What was compared so far. */
export interface Tally {
  /** One comparison: passed where nothing is wrong. */
  compare(what: string, problems: readonly string[]): void
  /** Left out, with the reason. */
  skip(what: string, reason: string): void
  /** Comparisons made so far. */
  readonly count: number
  /** Tells the closing figures. Returns whether nothing failed. */
  close(): boolean
}

export function createTally(): Tally {
  let passed = 0
  let failed = 0
  let skipped = 0
  return {
    compare(what, problems) {
      if (problems.length === 0) passed++
      else failed++
      for (const problem of problems) console.error(`${what}: ${problem}`)
    },
    skip(what, reason) {
      skipped++
      console.log(`skipped ${what}: ${reason}`)
    },
    get count() {
      return passed + failed
    },
    close() {
      console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
      return failed === 0 && passed > 0
    },
  }
}

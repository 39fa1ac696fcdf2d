import { limitExceeded } from './builtin-error.ts'
import type { BuiltinContext } from './signature.ts'

/** A context for tests: a time that stands still, and a budget of steps. */
export function testContext({ steps = 1_000_000 } = {}): BuiltinContext {
  let left = steps
  return {
    time: 1_714_979_289_123_456_789n,
    seed: 'test',
    limits: { maxStringLength: 1_000_000, maxItems: 100_000 },
    charge(amount) {
      left -= amount
      if (left < 0) throw limitExceeded('the number of steps', steps)
    },
    spend() {},
    reserve() {},
    cache: new Map(),
  }
}

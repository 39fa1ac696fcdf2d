import { expect, it } from 'vitest'
import { type Decision, EXIT_CODES, overallOutcome } from './decision.ts'

const source = { kind: 'image', identifier: 'docker-image://a', attrs: {} }
const decisions: Record<string, Decision> = {
  allow: { kind: 'allow', source },
  convert: { kind: 'convert', source, from: source },
  deny: { kind: 'deny', source, policy: 'p', messages: [] },
  undecided: { kind: 'undecided', identifier: 'a', needs: [], errors: [] },
  broken: { kind: 'broken', identifier: 'a', error: { code: 'no_policy', message: '' } },
}

it.each([
  [[], 0],
  [['allow', 'convert'], 0],
  [['allow', 'undecided'], 3],
  [['undecided', 'deny', 'allow'], 1],
  [['deny', 'broken', 'undecided'], 2],
])('over many sources the gravest outcome counts: %j exits %i', (kinds, code) => {
  expect(EXIT_CODES[overallOutcome(kinds.map(kind => decisions[kind]!))]).toBe(code)
})

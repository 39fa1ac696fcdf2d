import { describe, expect, test } from 'vitest'
import { undeliveredOf } from './builtins-of.ts'
import { type Case, hasCorpus, loadCases } from './corpus.ts'
import knownIssues from './known-issues.json' with { type: 'json' }
import { faultOf } from './run-case.ts'

/** `file:note`; either part may be a start, as in `strings/` or `strings/:any_prefix`. */
const filter = process.env.REGO_CASES

const names = ({ file, note }: Case, wanted: string): boolean => {
  const [wantedFile = '', wantedNote = ''] = wanted.split(/:(.*)/s)
  return file.startsWith(wantedFile) && (note === wantedNote || note.startsWith(wantedNote))
}

const cases = hasCorpus ? loadCases().filter(one => filter === undefined || names(one, filter)) : []
const reasonFor = (one: Case) =>
  (knownIssues as { filter: string; reason: string }[]).find(issue => names(one, issue.filter))

describe.skipIf(!hasCorpus)("OPA's own cases", () => {
  for (const one of cases) {
    const lacking = undeliveredOf(one)
    const known = reasonFor(one)
    const title = `${one.id} ${one.note}`
    if (known !== undefined) {
      test.fails(`${title} (known: ${known.reason})`, () => expect(faultOf(one)).toBeUndefined())
    } else if (lacking.length === 0) {
      test(title, () => expect(faultOf(one)).toBeUndefined())
    } else {
      // where an undelivered builtin is only mocked, or fails in any case, the case holds all the same
      test(`${title} (names ${lacking.join(', ')})`, ({ skip }) => {
        const fault = attempt(one)
        if (fault !== undefined) skip(fault)
      })
    }
  }
})

function attempt(one: Case): string | undefined {
  try {
    return faultOf(one)
  } catch (error) {
    return String(error)
  }
}

import type { PolicyTestResult, TestFailure } from '@source-policy/engine-opa/policy-tests'
import { type ExplanationOptions, ruleLines } from './explanation-lines.ts'
import { printable, printableJSON } from './printable.ts'
import { redactStrings } from './secrets.ts'
import { type PolicyTestReport, percent, testName, testVerdict } from './test-report.ts'

/** A line for each test as docker buildx has it, what is known of each failure beneath it, and a summary. */
export function renderTestText(report: PolicyTestReport, options: ExplanationOptions): string {
  const { tests, coverage, coverageThreshold } = report
  const show = (text: string) => printable(options.redact(text))
  const lines: string[] = []
  for (const test of tests) {
    lines.push(show(`${testName(test, tests)}: ${testVerdict(test)}`))
    for (const { file, row, message } of test.prints) lines.push(`  ${show(`${file}:${row}: ${message}`)}`)
    for (const note of test.notes) lines.push(`  ${show(`note: ${note}`)}`)
    if (test.failure !== undefined) lines.push(...failureLines(test, test.failure, options))
  }
  const failed = tests.filter(({ passed }) => !passed).length
  lines.push('', `${tests.length - failed} passed, ${failed} failed`)
  if (coverage !== undefined) {
    for (const { file, expressions, lines: rows, uncoveredLines } of coverage.files) {
      const missed = uncoveredLines.length > 0 ? `; not covered: ${ranges(uncoveredLines)}` : ''
      lines.push(show(`${file}: ${percent(expressions)} of expressions, ${percent(rows)} of lines${missed}`))
    }
    const total = `${percent(coverage.expressions)} of expressions, ${percent(coverage.lines)} of lines`
    lines.push(`coverage: ${total}${coverageThreshold === undefined ? '' : `, wanted ${coverageThreshold}%`}`)
  }
  return `${lines.join('\n')}\n`
}

/** The expression that failed with what it named, then input and decision as docker buildx shows them. */
export function failureLines(test: PolicyTestResult, failure: TestFailure, options: ExplanationOptions): string[] {
  const show = (text: string) => printable(options.redact(text))
  const { bodies, error, needs, input, decision, missingInput } = failure
  const lines = ruleLines([{ name: '', bodies }], options).slice(1)
  if (lines.length === 0) lines.push(`  ${show(test.place)}`)
  if (error !== undefined) lines.push(`  ${show(error.message)}`)
  if (needs.length > 0) lines.push(`  ${show(`not recorded: ${needs.join(', ')}`)}`)
  lines.push(...documentLines('input', input, options), ...documentLines('decision', decision, options))
  if (missingInput.length > 0) lines.push(`missing_input: ${show(missingInput.join(', '))}`)
  return lines
}

function documentLines(name: string, document: unknown, { redact }: ExplanationOptions): string[] {
  if (document === undefined) return [`${name}: <nil>`]
  return [`${name}:`, ...printableJSON(redactStrings(document, redact)).split('\n')]
}

/** `3-5,9`. */
function ranges(rows: readonly number[]): string {
  const found: { first: number; last: number }[] = []
  for (const row of rows) {
    const last = found.at(-1)
    if (last !== undefined && row === last.last + 1) last.last = row
    else found.push({ first: row, last: row })
  }
  return found.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(',')
}

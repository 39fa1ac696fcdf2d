import type { Coverage, PolicyTestResult } from '@source-policy/engine-opa/policy-tests'
import { percentage } from '@source-policy/engine-opa/policy-tests'

/** All that the command found out about tests. */
export interface PolicyTestReport {
  readonly tests: readonly PolicyTestResult[]
  readonly coverage?: Coverage
  readonly coverageThreshold?: number
  /** All tests pass, and enough is covered. */
  readonly passed: boolean
  readonly durationMs: number
}

/** Version of the document; raised where a member changes its meaning or goes. */
export const TEST_REPORT_VERSION = 1

/** The report as one JSON document; its schema is that of `source-policy schema test`. */
export function testReportDocument({ tests, coverage, coverageThreshold, passed, durationMs }: PolicyTestReport) {
  return {
    version: TEST_REPORT_VERSION,
    passed,
    tests: tests.map(test => ({ ...test, durationMs: Math.round(test.durationMs) })),
    ...(coverage && { coverage }),
    ...(coverageThreshold !== undefined && { coverageThreshold }),
    durationMs: Math.round(durationMs),
  }
}

/** `test_x`, or with its package where several tests have the name. */
export function testName({ name, package: within }: PolicyTestResult, all: readonly PolicyTestResult[]): string {
  return all.filter(other => other.name === name).length > 1 ? `${within}.${name}` : name
}

/** `PASS (allow=true)`, `FAIL (allow=false, deny_msg=a; b)`: as docker buildx says it. */
export function testVerdict({ passed, decisions }: PolicyTestResult): string {
  const allowed = [...new Set(decisions.map(({ allow }) => (allow === undefined ? 'n/a' : String(allow))))]
  const messages = [...new Set(decisions.flatMap(decision => decision.messages))]
  const said = messages.length > 0 ? `, deny_msg=${messages.join('; ')}` : ''
  return `${passed ? 'PASS' : 'FAIL'} (allow=${allowed.join('/') || 'n/a'}${said})`
}

/** `87.5%`, rounded down: what is short of a threshold does not look as if it were not. */
export function percent(share: Parameters<typeof percentage>[0]): string {
  return `${(Math.floor(percentage(share) * 10) / 10).toFixed(1)}%`
}

import type { PolicyTestResult } from '@source-policy/engine-opa/policy-tests'
import type { ExplanationOptions } from './explanation-lines.ts'
import { printable } from './printable.ts'
import { failureLines } from './render-test-text.ts'
import { type PolicyTestReport, testName, testVerdict } from './test-report.ts'

/**
 * The report as JUnit XML: a suite for each file. Foreign text is made printable first, so that no character is left that
 * XML does not allow.
 *
 * @see https://www.w3.org/TR/2008/REC-xml-20081126/#charsets
 */
export function renderJUnit({ tests, durationMs }: PolicyTestReport, options: ExplanationOptions): string {
  const attribute = (text: string) => escapeXML(printable(options.redact(text)))
  const byFile = new Map<string, PolicyTestResult[]>()
  for (const test of tests) {
    const [file = ''] = test.place.split(/:\d+:\d+$/)
    byFile.set(file, [...(byFile.get(file) ?? []), test])
  }
  const suites = Array.from(byFile, ([file, own]) => {
    const cases = own.map(test => {
      const [, row = ''] = /:(\d+):\d+$/.exec(test.place) ?? []
      const head = `classname="${attribute(test.package)}" name="${attribute(testName(test, tests))}" file="${attribute(file)}" line="${row}" time="${seconds(test.durationMs)}"`
      if (test.failure === undefined) return `    <testcase ${head}/>`
      const text = failureLines(test, test.failure, options).map(escapeXML).join('\n')
      return `    <testcase ${head}>\n      <failure message="${attribute(testVerdict(test))}">${text}</failure>\n    </testcase>`
    })
    return [`  <testsuite name="${attribute(file)}" ${counts(own)}>`, ...cases, '  </testsuite>'].join('\n')
  })
  const head = `<testsuites name="source-policy" ${counts(tests)} time="${seconds(durationMs)}">`
  return `${['<?xml version="1.0" encoding="UTF-8"?>', head, ...suites, '</testsuites>'].join('\n')}\n`
}

function counts(tests: readonly PolicyTestResult[]): string {
  return `tests="${tests.length}" failures="${tests.filter(({ passed }) => !passed).length}" errors="0"`
}

const seconds = (durationMs: number): string => (durationMs / 1_000).toFixed(3)

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** Surrogates and non-characters cannot stand in XML; all else that cannot was made printable. */
function escapeXML(text: string): string {
  return text.replace(/[&<>"']/g, found => entities[found] ?? '').replace(/[\ufffe\uffff]/g, '\ufffd')
}

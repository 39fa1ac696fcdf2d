import type { LintFinding, LintRule } from '@source-policy/engine-opa/lint'
import { printable } from './printable.ts'

/** All that the command found out about policies. */
export interface LintReport {
  readonly policies: number
  readonly findings: readonly LintFinding[]
  /** The line of a finding, as it stands in its file. */
  readonly lineOf: (finding: LintFinding) => string | undefined
}

/** Version of the document; raised where a member changes its meaning or goes. */
export const LINT_REPORT_VERSION = 1

/** The report as one JSON document; its schema is that of `source-policy schema lint`. */
export function lintReportDocument({ policies, findings }: LintReport) {
  return { version: LINT_REPORT_VERSION, policies, findings }
}

/** Characters of a line before and behind the caret. */
const MAX_LINE_CHARS = 120

/** Each finding with its line and a caret, and a summary. */
export function renderLintText({ policies, findings, lineOf }: LintReport, redact: (text: string) => string): string {
  const lines = findings.flatMap(finding => {
    const { rule, message, file, row, col } = finding
    return [printable(redact(`${file}:${row}:${col}: ${rule}: ${message}`)), ...excerpt(lineOf(finding), col, redact)]
  })
  const files = `${policies} ${policies === 1 ? 'policy' : 'policies'}`
  const count = `${findings.length} ${findings.length === 1 ? 'problem' : 'problems'}`
  return `${[...lines, ...(lines.length > 0 ? [''] : []), `${count} in ${files}`].join('\n')}\n`
}

function excerpt(line: string | undefined, col: number, redact: (text: string) => string): string[] {
  if (line === undefined) return []
  const points = [...line]
  const from = Math.max(0, col - MAX_LINE_CHARS)
  const before = points.slice(from, col - 1).map(point => (point === '\t' ? '  ' : point))
  const behind = points.slice(col - 1, col - 1 + MAX_LINE_CHARS).join('')
  // the caret stands under the character also where one before it is shown as an escape
  const shown = printable(redact(before.join('')))
  return [`    ${shown}${printable(redact(behind))}`.trimEnd(), `    ${' '.repeat(shown.length)}^`]
}

/** The mistakes that are looked for. */
export function renderRules(rules: readonly LintRule[]): string {
  return rules
    .map(({ id, title, why, example }) => {
      const code = (text: string) => text.split('\n').map(line => `      ${line.replaceAll('\t', '    ')}`.trimEnd())
      return [
        `${id}: ${title}`,
        `  ${why}`,
        '  wrong:',
        ...code(example.wrong),
        '  right:',
        ...code(example.right),
        '',
      ].join('\n')
    })
    .join('\n')
}

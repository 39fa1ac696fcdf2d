import { locationOf, type Module } from '@source-policy/rego/syntax'
import type { LintFinding } from './lint-policy.ts'

/** `# lint:ignore tag-alone the registry has no digests`: on the line before, or behind the code. */
const pattern = /^\s*lint:ignore(?:\s+([a-z-]+))?\s*(.*)$/

interface Suppression {
  readonly file: string
  readonly row: number
  readonly col: number
  readonly rule: string
  readonly reason: string
}

/** Findings without those that a comment suppresses; a comment without a reason is a finding, and suppresses nothing. */
export function suppress(
  findings: readonly LintFinding[],
  modules: readonly Module[],
  ids: ReadonlySet<string>,
): LintFinding[] {
  const all = modules.flatMap(suppressionsIn)
  const isMeant = ({ rule, file, row }: LintFinding) =>
    all.some(other => {
      const isNear = other.file === file && (other.row === row || other.row + 1 === row)
      return isNear && other.rule === rule && other.reason !== ''
    })
  const wrong = all.flatMap(({ file, row, col, rule, reason }): LintFinding[] => {
    const message = !ids.has(rule)
      ? `lint:ignore ${rule}: there is no such rule`
      : reason === ''
        ? `lint:ignore ${rule}: say why, behind the rule`
        : undefined
    return message === undefined ? [] : [{ rule: 'suppression', message, file, row, col }]
  })
  return [...findings.filter(finding => !isMeant(finding)), ...wrong]
}

function suppressionsIn({ comments }: Module): Suppression[] {
  return comments.flatMap(({ text, span }) => {
    const [, rule = '', reason = ''] = pattern.exec(text) ?? []
    if (!/^\s*lint:ignore/.test(text)) return []
    return [{ ...locationOf(span), rule, reason: reason.trim() }]
  })
}

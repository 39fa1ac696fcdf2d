import { type Decision, formatPlatform, outcomeOf } from '@source-policy/core'
import type { Place } from '@source-policy/dockerfile'
import { createColors } from 'picocolors'
import type { CheckedSource, CheckResult, UndeterminedSource } from './check-result.ts'
import { outcomeOfResult } from './check-result.ts'
import { explanationLines, metadataText } from './explanation-lines.ts'
import { overruledText } from './overruled-text.ts'
import { printable, printableLines } from './printable.ts'
import { shortDigest, sourceName } from './source-name.ts'

export interface TextOptions {
  readonly color: boolean
  /** The excerpt of its source where a policy's own error says where it is; undefined for other errors. */
  readonly excerpt: (thrown: unknown) => string | undefined
  /** Takes secrets out of foreign text. */
  readonly redact: (text: string) => string
}

/** One line of the table, and what stands beneath it. All text is foreign until it is printed. */
interface Row {
  readonly verdict: Verdict
  readonly name: string
  readonly place: string
  readonly remark: string
  readonly beneath: readonly string[]
}

type Verdict = 'allow' | 'warn' | 'waived' | 'deny' | 'undecided' | 'broken'

/** Columns are as wide as their widest cell, up to this; longer names push their line only. */
const MAX_COLUMN_CHARS = 72

/** Targets of a bake file that are named under a source which they must not use. */
const MAX_SHOWN_TARGETS = 5

/** What a person reads: header, table, the policy's words under each denial, summary. */
export function renderText(result: CheckResult, options: TextOptions): string {
  const colors = createColors(options.color)
  const paint: Readonly<Record<Verdict, (text: string) => string>> = {
    allow: colors.green,
    warn: colors.yellow,
    waived: colors.yellow,
    deny: colors.red,
    undecided: colors.yellow,
    broken: colors.magenta,
  }
  const showPlatforms = result.platforms.length > 1
  const show = (text: string) => printable(options.redact(text))
  const rows = [
    ...inOrderOfPlaces(result.sources).map(source =>
      sourceRow(source, { ...options, showPlatforms, policies: result.policies }),
    ),
    ...result.undetermined.map(undeterminedRow),
  ].map(row => ({ ...row, name: show(row.name), place: show(row.place), remark: show(row.remark) }))

  const widthOf = (cells: readonly string[]) => Math.max(0, ...cells.map(({ length }) => length).filter(fitsColumn))
  const verdictWidth = widthOf(rows.map(({ verdict }) => verdict))
  const nameWidth = widthOf(rows.map(({ name }) => name))
  const placeWidth = widthOf(rows.map(({ place }) => place))

  const lines = [show(header(result)), '']
  for (const { verdict, name, place, remark, beneath } of rows) {
    const cells = [name.padEnd(nameWidth), place.padEnd(placeWidth), remark]
    lines.push(`  ${paint[verdict](verdict.padEnd(verdictWidth))}  ${cells.join('  ')}`.trimEnd())
    const indent = ' '.repeat(verdictWidth + 4)
    for (const text of beneath)
      lines.push(...printableLines(options.redact(text)).map(line => `${indent}${line}`.trimEnd()))
  }
  if (rows.length > 0) lines.push('')
  lines.push(summary(result, colors))
  return `${lines.join('\n')}\n`
}

function fitsColumn(length: number): boolean {
  return length <= MAX_COLUMN_CHARS
}

function header({ policies, subject, platforms, sources }: CheckResult): string {
  const by = policies.length === 0 ? 'no policy' : policies.join(', ')
  return `${by}: ${count(sources.length)} of ${subject} for ${platforms.map(formatPlatform).join(', ')}`
}

function summary(result: CheckResult, colors: ReturnType<typeof createColors>): string {
  const { sources, undetermined, usage, durationMs } = result
  const outcome = outcomeOfResult(result)
  const total = sources.length + undetermined.length
  const alike = sources.filter(({ decision }) => outcomeOf(decision) === outcome).length
  const counted = outcome === 'undecided' ? alike + undetermined.length : alike
  const cost = `${usage.requests} ${usage.requests === 1 ? 'request' : 'requests'}, ${(durationMs / 1_000).toFixed(1)} s`
  const what = outcome === 'allowed' ? count(total) : `${counted} of ${count(total)}`
  const paint = { allowed: colors.green, denied: colors.red, undecided: colors.yellow, broken: colors.magenta }[outcome]
  return `${paint(outcome)}: ${what} (${cost})`
}

function count(sources: number): string {
  return `${sources} ${sources === 1 ? 'source' : 'sources'}`
}

/** In the order of the file; what no line names comes last. */
function inOrderOfPlaces(sources: readonly CheckedSource[]): CheckedSource[] {
  return [...sources.filter(({ places }) => places.length > 0), ...sources.filter(({ places }) => places.length === 0)]
}

type RowOptions = TextOptions & { readonly showPlatforms: boolean; readonly policies: readonly string[] }

function sourceRow(checked: CheckedSource, options: RowOptions): Row {
  const { source, places, decision, report, digest } = checked
  const platform = options.showPlatforms && source.platform ? ` (${formatPlatform(source.platform)})` : ''
  const [remark = '', ...beneath] = remarks(decision, digest)
  const byPolicy = 'policy' in decision && options.policies.length > 1 ? [`policy ${decision.policy}`] : []
  const rules = decision.kind === 'deny' ? (decision.rules ?? []).map(rule => `rule ${metadataText(rule)}`) : []
  beneath.push(
    ...rules,
    ...report.overruled.flatMap(overruledText),
    ...report.warned.map(({ message }) => `warning: ${message}`),
  )
  const byTarget = outcomeOf(decision) === 'allowed' ? [] : describeTargets(checked.targets ?? [])
  const explained = decision.kind === 'deny' || decision.kind === 'undecided' ? (checked.explanations ?? []) : []
  beneath.push(...explanationLines(explained, { full: false, redact: options.redact }))
  const excerpt = decision.kind === 'broken' ? options.excerpt(checked.thrown) : undefined
  return {
    verdict: verdictOf(checked),
    name: `${sourceName(source)}${platform}`,
    place: formatPlaces(places),
    ...(excerpt === undefined
      ? { remark, beneath: [...beneath, ...byPolicy, ...byTarget] }
      : { remark: '', beneath: [excerpt, ...byTarget] }),
  }
}

/** An allow that a policy is against is told as what it is. */
function verdictOf({ decision, report }: CheckedSource): Verdict {
  if (decision.kind !== 'allow' && decision.kind !== 'convert') return decision.kind
  if (report.overruled.some(({ by }) => by !== 'warn mode')) return 'waived'
  return report.overruled.length + report.warned.length > 0 ? 'warn' : 'allow'
}

function describeTargets(targets: readonly string[]): string[] {
  if (targets.length === 0) return []
  const shown = targets.slice(0, MAX_SHOWN_TARGETS).join(', ')
  const more = targets.length - MAX_SHOWN_TARGETS
  return [`${targets.length === 1 ? 'target' : 'targets'} ${shown}${more > 0 ? ` and ${more} more` : ''}`]
}

/** What is said of a decision: the first stands in the table. */
function remarks(decision: Decision, digest: string | undefined): string[] {
  switch (decision.kind) {
    case 'allow':
      return digest === undefined ? [] : [shortDigest(digest)]
    case 'convert':
      return [`pinned to ${shortDigest(digest ?? decision.source.identifier.split('@').at(-1) ?? '')}`]
    case 'deny':
      return decision.messages.length > 0 ? [...decision.messages] : [`denied by ${decision.policy}`]
    case 'undecided': {
      const needs = decision.needs.length > 0 ? [`needs ${decision.needs.join(', ')}`] : []
      return [...decision.errors.map(describeError), ...needs]
    }
    case 'broken':
      return [describeError(decision.error)]
  }
}

function undeterminedRow({ text, place, error }: UndeterminedSource): Row {
  return { verdict: 'undecided', name: text, place: formatPlaces([place]), remark: error.message, beneath: [] }
}

function describeError({ code, message }: { readonly code: string; readonly message: string }): string {
  return code === 'internal_error' ? `internal error: ${message}` : message
}

/** `Dockerfile:1`, and the other lines of the same file after it: `Dockerfile:1,7`. */
function formatPlaces(places: readonly Place[]): string {
  const lines = new Map<string, Set<number>>()
  for (const { file, line } of places) lines.set(file, (lines.get(file) ?? new Set()).add(line))
  return Array.from(lines, ([file, numbers]) => `${file}:${[...numbers].join(',')}`).join(' ')
}

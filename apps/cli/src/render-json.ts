import {
  type CodedError,
  type Decision,
  EXIT_CODES,
  formatPlatform,
  type Outcome,
  type Report,
  redactIdentifier,
} from '@source-policy/core'
import type { Place } from '@source-policy/dockerfile'
import { type CheckedSource, type CheckResult, outcomeOfResult } from './check-result.ts'
import { redactStrings } from './secrets.ts'

/** Version of the document; raised where a member changes its meaning or goes. */
export const REPORT_VERSION = 1

/** The report as one JSON document; its schema is `reportSchema`. No member is foreign to it, no secret in it. */
export function reportDocument(result: CheckResult): Record<string, unknown> {
  const outcome = outcomeOfResult(result)
  const { requests, bytes, hosts } = result.usage
  return {
    ...head(outcome),
    subject: result.subject,
    platforms: result.platforms.map(formatPlatform),
    policies: result.policies,
    sources: result.sources.map(sourceDocument),
    undetermined: result.undetermined.map(({ text, place, error }) => {
      return { text, place: placeDocument(place), error: errorDocument(error) }
    }),
    notices: result.notices,
    usage: { requests, bytes, hosts, durationMs: Math.round(result.durationMs) },
  }
}

/** Members whose values are words of ours, or made of checked parts: whoever chooses a secret must not change them. */
const ownWords: ReadonlySet<string> = new Set([
  'outcome',
  'kind',
  'verdict',
  'state',
  'basis',
  'roles',
  'code',
  'digest',
  'platform',
  'platforms',
])

/** The document whose foreign texts went through `redact`. */
export function redactReport(document: Record<string, unknown>, redact: (text: string) => string): unknown {
  return redactStrings(document, redact, ownWords)
}

/** The document where nothing could be decided at all. */
export function failureDocument(error: CodedError): Record<string, unknown> {
  return { ...head('broken'), error: errorDocument(error), sources: [] }
}

function head(outcome: Outcome) {
  return { version: REPORT_VERSION, outcome, exitCode: EXIT_CODES[outcome] }
}

function sourceDocument(checked: CheckedSource) {
  const { source, places, roles, decision, report, digest, servedFrom = [], targets = [] } = checked
  return {
    identifier: redactIdentifier(source.identifier),
    kind: source.kind,
    ...(source.platform && { platform: formatPlatform(source.platform) }),
    ...(digest !== undefined && { digest }),
    ...(servedFrom.length > 0 && { servedFrom }),
    places: places.map(placeDocument),
    ...(targets.length > 0 && { targets }),
    roles,
    decision: decisionDocument(decision),
    report: reportOf(report),
    ...(checked.explanations && { explanations: checked.explanations }),
  }
}

function decisionDocument(decision: Decision): Record<string, unknown> {
  const { kind } = decision
  const policy = 'policy' in decision && decision.policy !== undefined ? { policy: decision.policy } : {}
  switch (kind) {
    case 'allow':
      return { kind }
    case 'convert':
      return { kind, to: redactIdentifier(decision.source.identifier) }
    case 'deny':
      return { kind, ...policy, messages: decision.messages, ...(decision.rules && { rules: decision.rules }) }
    case 'undecided':
      return { kind, ...policy, needs: decision.needs, errors: decision.errors.map(errorDocument) }
    case 'broken':
      return { kind, ...policy, error: errorDocument(decision.error) }
  }
}

function reportOf({ rounds, facts, basis, prints, warnings, overruled, warned, durationMs }: Report) {
  return {
    ...(basis && { basis }),
    rounds: rounds.map(round => ({
      ...round,
      durationMs: Math.round(round.durationMs),
    })),
    facts: facts.map(fact => ({ ...fact, ...(fact.error && { error: errorDocument(fact.error) }) })),
    prints,
    warnings,
    overruled,
    warned,
    durationMs: Math.round(durationMs),
  }
}

/** Errors may carry more than what is meant for readers. */
function errorDocument({ code, message }: CodedError): CodedError {
  return { code, message }
}

function placeDocument({ file, line, column }: Place): Place {
  return { file, line, column }
}

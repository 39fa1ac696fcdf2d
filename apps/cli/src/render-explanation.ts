import type { Decision, Source } from '@source-policy/core'
import type { Decided } from './decide.ts'
import { type ExplanationOptions, explanationLines } from './explanation-lines.ts'
import { printable } from './printable.ts'
import { sourceName } from './source-name.ts'

/** What was decided of a source, and why: each rule of the decision, and what was fetched for which expression. */
export function renderExplanation(
  source: Source,
  { decision, explanations = [] }: Pick<Decided, 'decision' | 'explanations'>,
  options: ExplanationOptions,
): string {
  const show = (text: string) => printable(options.redact(text))
  const said = remarks(decision).map(remark => `  ${show(remark)}`)
  const lines = [
    show(`${sourceName(source)}: ${headline(decision)}`),
    ...said,
    '',
    ...explanationLines(explanations, options),
  ]
  return `${lines.join('\n').trimEnd()}\n`
}

const outcomes: Readonly<Record<Decision['kind'], string>> = {
  allow: 'allowed',
  convert: 'allowed',
  deny: 'denied',
  undecided: 'undecided',
  broken: 'broken',
}

function headline(decision: Decision): string {
  const by = 'policy' in decision && decision.policy !== undefined ? ` by ${decision.policy}` : ''
  return `${outcomes[decision.kind]}${by}`
}

function remarks(decision: Decision): readonly string[] {
  switch (decision.kind) {
    case 'allow':
      return []
    case 'convert':
      return [`pinned: ${sourceName(decision.source)}`]
    case 'deny':
      return decision.messages
    case 'undecided':
      return [...decision.errors.map(({ message }) => message), ...decision.needs.map(need => `needs ${need}`)]
    case 'broken':
      return [decision.error.message]
  }
}

import type { PolicyFile, PolicyFiles } from '@source-policy/core'
import { jsonSchema } from '@source-policy/core/schema'
import { locationOf, parseModule, type Span } from '@source-policy/rego/syntax'
import { loadModules } from '../modules.ts'
import { type OpaEngineOptions, opaEngine } from '../opa-engine.ts'
import type { LintRule } from './rule.ts'
import { LINT_RULES } from './rules.ts'
import { subjectOf } from './subject.ts'
import { suppress } from './suppressions.ts'

export interface LintOptions extends OpaEngineOptions {
  /** The files of the policy, evaluated together. */
  readonly files: readonly PolicyFile[]
  /** What imports are relative to. */
  readonly root: PolicyFiles
  /** Whether the files are to give a decision, rather than to help others. Default: yes. */
  readonly isEntry?: boolean
  /** Default: `LINT_RULES`. */
  readonly rules?: readonly LintRule[]
}

export interface LintFinding {
  /** The id of the rule; `suppression` for a comment that suppresses wrongly. */
  readonly rule: string
  readonly message: string
  readonly file: string
  /** From 1. */
  readonly row: number
  /** From 1, in code points. */
  readonly col: number
}

/**
 * The mistakes in a policy and what it imports, by file and place, without those that a comment
 * `# lint:ignore <rule> <reason>` suppresses. Throws what loading a policy throws.
 */
export async function lintPolicy(options: LintOptions): Promise<LintFinding[]> {
  const { files, root, isEntry = true, rules = LINT_RULES, ...engine } = options
  const set = { name: files.map(({ path }) => path).join(', '), files, root, origin: 'context' as const }
  const policy = await opaEngine(engine).load(set)
  const texts = await loadModules(set)
  const modules = Object.entries(texts).map(([file, text]) => parseModule(file, text))
  const subject = subjectOf(modules, texts, { policy, isEntry, inputSchema: jsonSchema('input') })
  const own = new Set(modules.map(({ source }) => source.file))
  const findings: LintFinding[] = []
  for (const rule of rules) {
    for (const { span, message } of await rule.find(subject)) {
      if (own.has(span.source.file)) findings.push(findingAt(rule.id, message, span))
    }
  }
  const ids = new Set(LINT_RULES.map(({ id }) => id))
  return unique(suppress(findings, modules, ids)).sort(
    (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.row - b.row || a.col - b.col,
  )
}

function findingAt(rule: string, message: string, span: Span): LintFinding {
  return { rule, message, ...locationOf(span) }
}

function unique(findings: readonly LintFinding[]): LintFinding[] {
  return [...new Map(findings.map(finding => [JSON.stringify(finding), finding])).values()]
}

export { type LintFinding, type LintOptions, lintPolicy } from './lint-policy.ts'
export type { Found, LintRule } from './rule.ts'
export { LINT_RULES } from './rules.ts'
export type { InputRef, LintBody, Part, Subject } from './subject.ts'

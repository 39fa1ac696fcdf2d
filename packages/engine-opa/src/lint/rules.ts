import { functionSubjectRule } from './call-rules.ts'
import {
  decisionMemberRule,
  decisionTypeRule,
  denyMessageRule,
  noDecisionRule,
  noDefaultAllowRule,
  noLocalRule,
} from './decision-rules.ts'
import { absentComparedRule, repoNameRule, unknownFieldRule } from './field-rules.ts'
import type { LintRule } from './rule.ts'
import { canonicalAloneRule, negatedWithheldRule, tagAloneRule } from './trust-rules.ts'

/** The mistakes that are looked for. */
export const LINT_RULES: readonly LintRule[] = [
  unknownFieldRule,
  repoNameRule,
  absentComparedRule,
  functionSubjectRule,
  noDecisionRule,
  noDefaultAllowRule,
  noLocalRule,
  decisionTypeRule,
  decisionMemberRule,
  denyMessageRule,
  tagAloneRule,
  canonicalAloneRule,
  negatedWithheldRule,
]

import type { RegoError } from '../error.ts'
import { isKeyword } from '../lexer/token.ts'
import type { SourceText } from '../source-text.ts'
import type { Written } from './rule.ts'
import { parseError } from './state.ts'

/** What v1 asks of a definition: `if` before a body, `contains` for partial sets, a body or a value. */
export function checkV1(source: SourceText, written: Written): readonly RegoError[] {
  const { rule, hasIf, hasContains, generatedBody, generatedValue } = written
  const { reference, args, key, value } = rule.head
  const what = args === undefined ? 'rule' : 'function'
  const errors: RegoError[] = []
  const report = (reason: string): void => void errors.push(parseError(source, rule.span, reason))
  const name = reference.head.kind === 'var' ? reference.head.name : ''
  if (reference.path.length === 0 && isKeyword(name)) report(`${name} keyword cannot be used for rule name`)
  if (generatedBody && generatedValue && value !== undefined) {
    report(`${what} must have value assignment and/or body declaration`)
  }
  if (!generatedBody && !hasIf && !rule.default) report(`\`if\` keyword is required before ${what} body`)
  if (key !== undefined && !hasContains) report('`contains` keyword is required for partial set rules')
  return errors
}

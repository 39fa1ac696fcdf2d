import type { Expr, StringTerm, TemplateString } from '../ast.ts'
import { parseLiteral } from './expression.ts'
import { at, fail, failAt, here, literal, type Parser, scan, scanTemplate, spanOf } from './state.ts'
import { unescapeString } from './term.ts'

// template = '$"' { character | "{" literal "}" } '"' | "$`" { character | "{" literal "}" } "`"
export function parseTemplate(p: Parser, raw: boolean): TemplateString {
  if (p.version === 'v0') fail(p, 'template strings are not supported by current capabilities')
  const first = p.start
  const parts: (StringTerm | Expr)[] = []
  for (;;) {
    const text = parsePart(p, raw)
    if (text.value !== '') parts.push(text)
    if (at(p, 'template-string-end') || at(p, 'raw-template-string-end')) break
    scan(p)
    parts.push(parseTemplateExpression(p))
    if (!at(p, '}')) fail(p, 'expected } to end template string expression')
    scanTemplate(p, raw)
  }
  return { kind: 'template', span: spanOf(p, first, p.end), parts, multiline: raw }
}

/** The text between the delimiters of the current token: `$"`, `}` or the backquote before it, `"`, `{` or backquote after. */
function parsePart(p: Parser, raw: boolean): StringTerm {
  const text = literal(p)
  const inner = text.replace(/^\$?./s, '').slice(0, -1)
  if (raw) return { kind: 'string', span: here(p), value: inner.replaceAll('\\{', '{'), raw }
  const value = unescapeString(inner.replace(/\\(.)/gs, (sequence, char: string) => (char === '{' ? '{' : sequence)))
  if (value === undefined) fail(p, `illegal template-string part: ${text}`)
  return { kind: 'string', span: here(p), value, raw }
}

function parseTemplateExpression(p: Parser): Expr {
  const expr = parseLiteral(p)
  const refused = refusal(expr)
  if (refused !== undefined) failAt(p, expr.span, `unexpected ${refused} in template-string expression`)
  return expr
}

function refusal(expr: Expr): string | undefined {
  if (expr.negated) return "negation ('not')"
  if (expr.kind === 'every' || expr.kind === 'some') return `'${expr.kind}'`
  if (expr.kind !== 'call' || expr.operator.path.length > 0 || expr.operator.head.kind !== 'var') return undefined
  const { name } = expr.operator.head
  if (name === 'eq') return "unification ('=')"
  return name === 'assign' ? "assignment (':=')" : undefined
}

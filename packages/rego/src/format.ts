import type { Body, Expr, ObjectEntry, RefTerm, Rule, StringTerm, Term } from './ast.ts'
import { coreKeywords, futureKeywords } from './lexer/token.ts'

/** A term as OPA's messages show it: operators as calls, wildcards as `_`, members of sets and keys of objects in order. */
export function formatTerm(term: Term): string {
  switch (term.kind) {
    case 'null':
      return 'null'
    case 'boolean':
      return String(term.value)
    case 'number':
      return term.text
    case 'string':
      return quote(term.value)
    case 'var':
      return formatVar(term.name)
    case 'ref':
      return formatRef(term)
    case 'array':
      return `[${term.items.map(formatTerm).join(', ')}]`
    case 'set':
      return term.items.length === 0 ? 'set()' : `{${[...new Set(term.items.map(formatTerm))].sort().join(', ')}}`
    case 'object':
      return `{${term.entries.map(formatEntry).sort().join(', ')}}`
    case 'array-comprehension':
      return `[${formatTerm(term.term)} | ${formatBody(term.body)}]`
    case 'set-comprehension':
      return `{${formatTerm(term.term)} | ${formatBody(term.body)}}`
    case 'object-comprehension':
      return `{${formatEntry(term)} | ${formatBody(term.body)}}`
    case 'call':
      return formatCall(term)
    case 'template':
      return `$"${term.parts.map(formatPart).join('')}"`
  }
}

function formatEntry({ key, value }: ObjectEntry): string {
  return `${formatTerm(key)}: ${formatTerm(value)}`
}

function formatCall({ operator, args }: { readonly operator: RefTerm; readonly args: readonly Term[] }): string {
  return `${formatTerm(operator)}(${args.map(formatTerm).join(', ')})`
}

function formatPart(part: StringTerm | Expr): string {
  return part.kind === 'string' ? quote(part.value).slice(1, -1).replaceAll('{', '\\{') : `{${formatExpr(part)}}`
}

export function formatVar(name: string): string {
  return name.startsWith('$') ? '_' : name
}

const keywords: ReadonlySet<string> = new Set([...coreKeywords, ...futureKeywords])
const nameLike = /^[A-Za-z_][A-Za-z0-9_]*$/

/** The name of a builtin when the ref could be one: without brackets, also where a part is a keyword. */
export function dottedName(ref: RefTerm): string | undefined {
  if (ref.head.kind !== 'var') return undefined
  let name = ref.head.name
  for (const part of ref.path) {
    if (part.kind !== 'string') return undefined
    name += `.${part.value}`
  }
  return name
}

export function formatRef(ref: RefTerm): string {
  const head = ref.head.kind === 'string' ? ref.head.value : formatTerm(ref.head)
  return head + ref.path.map(formatSelector).join('')
}

function formatSelector(part: Term): string {
  if (part.kind !== 'string') return `[${formatTerm(part)}]`
  if (nameLike.test(part.value) && !keywords.has(part.value)) return `.${part.value}`
  return /[\\\p{Cc}]/u.test(part.value) ? `[${quote(part.value)}]` : `["${part.value}"]`
}

function formatBody(body: Body): string {
  return body.map(formatExpr).join('; ')
}

export function formatExpr(expr: Expr): string {
  const modifiers = expr.with.map(({ target, value }) => ` with ${formatTerm(target)} as ${formatTerm(value)}`).join('')
  return `${expr.negated ? 'not ' : ''}${formatPlain(expr)}${modifiers}`
}

function formatPlain(expr: Expr): string {
  switch (expr.kind) {
    case 'term':
      return formatTerm(expr.term)
    case 'call': {
      const [left, right] = expr.args
      if (left !== undefined && right !== undefined && expr.args.length === 2 && dottedName(expr.operator) === 'eq') {
        return `${formatTerm(left)} = ${formatTerm(right)}`
      }
      return formatCall(expr)
    }
    case 'some':
      return formatSome(expr.symbols)
    case 'every': {
      const key = expr.key === undefined ? '' : `${formatTerm(expr.key)}, `
      return `every ${key}${formatTerm(expr.value)} in ${formatTerm(expr.domain)} { ${formatBody(expr.body)} }`
    }
  }
}

function formatSome(symbols: readonly Term[]): string {
  const [first] = symbols
  if (first?.kind !== 'call') return `some ${symbols.map(formatTerm).join(', ')}`
  const members = first.args.map(formatTerm)
  return `some ${members.slice(0, -1).join(', ')} in ${members.at(-1) ?? ''}`
}

/** The head of a rule: `p`, `p contains x`, `f(x) := y`, `p[x] := y`. */
export function formatHead({ head }: Rule): string {
  const args = head.args === undefined ? '' : `(${head.args.map(formatTerm).join(', ')})`
  const member = head.key === undefined ? '' : ` contains ${formatTerm(head.key)}`
  const value = head.value === undefined ? '' : ` ${head.assign ? ':=' : '='} ${formatTerm(head.value)}`
  return `${formatRef(head.reference)}${args}${member}${value}`
}

const shortEscapes: { readonly [char: string]: string } = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
}

/** Go's %q: printable characters as they are, `\x07`, `\u00ad`, `\U000e0001` for the others. */
export function quote(text: string): string {
  return `"${text.replace(/["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, escapeChar)}"`
}

function escapeChar(char: string): string {
  const short = shortEscapes[char]
  if (short !== undefined) return short
  const point = char.codePointAt(0)!
  const hex = point.toString(16)
  if (point < 0x80) return `\\x${hex.padStart(2, '0')}`
  return point < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}

import type { Body, Expr, Import, Module, Package, RefTerm, Rule, Term } from '../ast.ts'
import { joinErrors, type RegoError } from '../error.ts'
import { formatTerm } from '../format.ts'
import { futureKeywords, isKeyword, type Keyword } from '../lexer/token.ts'
import { maxErrors } from '../limits.ts'
import { type SourceText, sourceText } from '../source-text.ts'
import { parseLiteral } from './expression.ts'
import { ruleOfBody } from './expression-rule.ts'
import { type ParsedRule, parseRules, type Written } from './rule.ts'
import {
  at,
  expect,
  fail,
  failAt,
  keywordsOfV1,
  mark,
  type ParseOptions,
  type Parser,
  parseError,
  parsing,
  reset,
  scan,
  scanTight,
  spanOf,
  startParser,
  unexpected,
} from './state.ts'
import { parseTerm } from './term.ts'
import { checkV1 } from './v1.ts'

export type Statement = Package | Import | ParsedRule | { readonly kind: 'body'; readonly body: Body }

/**
 * The syntax tree of one file. Throws a RegoError `rego_parse_error` at the first place that cannot be understood, or with
 * all definitions that v1 does not allow.
 */
export function parseModule(file: string, text: string, options: ParseOptions = {}): Module {
  return parsing(() => {
    const source = sourceText(file, text)
    const p = startParser(source, options)
    const statements: Statement[] = []
    while (!at(p, 'eof')) statements.push(...parseStatements(p))
    return moduleOf(p, source, statements)
  })
}

/** The expressions of a query. Throws a RegoError `rego_parse_error`. */
export function parseQuery(text: string, options: ParseOptions & { readonly file?: string } = {}): Body {
  return parsing(() => {
    const p = startParser(sourceText(options.file ?? '', text), options)
    if (at(p, 'eof')) fail(p, 'found empty body')
    const body: Expr[] = []
    while (!at(p, 'eof')) body.push(...parseStatementBody(p))
    return body
  })
}

// module = package { import | rule }
function parseStatements(p: Parser): readonly Statement[] {
  const before = mark(p)
  const clause = parsePackage(p) ?? parseImport(p)
  if (clause !== undefined) return [clause]
  reset(p, before)
  const rules = parseRules(p)
  if (rules !== undefined) return rules
  reset(p, before)
  return [{ kind: 'body', body: parseStatementBody(p) }]
}

/** One expression, or several on a line with `;` between them. */
function parseStatementBody(p: Parser): Body {
  const body = [parseLiteral(p)]
  while (at(p, ';')) {
    scan(p)
    body.push(parseLiteral(p))
  }
  return body
}

/** Past the keyword of a clause; undefined when it is the first name of a ref: `package.x := 1`. */
function startClause(p: Parser, keyword: 'package' | 'import'): boolean {
  if (p.token !== keyword) return false
  scanTight(p)
  if (at(p, '.') || at(p, '[')) return false
  if (at(p, 'whitespace')) scan(p)
  if (isKeyword(p.token)) p.token = 'identifier'
  if (!at(p, 'identifier')) unexpected(p)
  return true
}

// package = "package" var { "." name | "[" string "]" }
function parsePackage(p: Parser): Package | undefined {
  const start = p.start
  if (!startClause(p, 'package')) return undefined
  const term = parseTerm(p)
  const span = spanOf(p, start, p.lastEnd)
  if (term.kind === 'var') return { kind: 'package', span, path: dataRef(p, term, []) }
  if (term.kind !== 'ref') unexpected(p)
  if (term.head.kind !== 'var') failAt(p, term.head.span, `unexpected ${term.head.kind} token: expecting var`)
  requireStrings(p, term.path)
  return { kind: 'package', span, path: dataRef(p, term.head, term.path) }
}

function dataRef(p: Parser, first: Term & { kind: 'var' }, rest: readonly Term[]): RefTerm {
  const { span, name } = first
  const value = name.startsWith('$') ? '_' : name
  return {
    kind: 'ref',
    span: spanOf(p, span.start, rest.at(-1)?.span.end ?? span.end),
    head: { kind: 'var', span, name: 'data' },
    path: [{ kind: 'string', span, value, raw: false }, ...rest],
  }
}

function requireStrings(p: Parser, path: readonly Term[]): void {
  for (const part of path) {
    if (part.kind !== 'string') failAt(p, part.span, `unexpected ${part.kind} token: expecting string`)
  }
}

const importRoots = new Set(['data', 'future', 'input', 'rego'])

// import = "import" var { "." name | "[" string "]" } [ "as" var ]
function parseImport(p: Parser): Import | undefined {
  const start = p.start
  if (!startClause(p, 'import')) return undefined
  const path = parseImportPath(p)
  const root = path.head.kind === 'var' ? path.head.name : ''
  if (!importRoots.has(root)) {
    const roots = '{data, future, input, rego}'
    const got = `unexpected import path, must begin with one of: ${roots}, got: ${formatTerm(path.head)}`
    failAt(p, path.span, `${got} (hint: if this is unexpected, try updating OPA)`)
  }
  let alias: string | undefined
  if (at(p, 'as')) {
    scan(p)
    expect(p, 'identifier', 'expected var')
    const term = parseTerm(p)
    if (term.kind !== 'var') unexpected(p, 'expected var')
    alias = term.name
  } else checkLastPart(p, path, root)
  const found: Import = { kind: 'import', span: spanOf(p, start, p.lastEnd), path, alias }
  if (root === 'rego') importRego(p, found)
  if (root === 'future') importFuture(p, found)
  return found
}

function parseImportPath(p: Parser): RefTerm {
  const term = parseTerm(p)
  if (term.kind === 'var') return { kind: 'ref', span: term.span, head: term, path: [] }
  if (term.kind !== 'ref') fail(p, 'expected path')
  requireStrings(p, term.path)
  return term
}

function checkLastPart(p: Parser, path: RefTerm, root: string): void {
  if (root === 'future') return
  const last = path.path.at(-1) ?? path.head
  const name = last.kind === 'string' ? last.value : last.kind === 'var' ? last.name : ''
  if (isKeyword(name)) failAt(p, last.span, `unexpected import path, must not end with a keyword, got: ${name}`)
}

function importRego(p: Parser, { path, alias }: Import): void {
  const [version] = path.path
  if (path.path.length !== 1 || version?.kind !== 'string' || version.value !== 'v1') {
    failAt(p, path.span, `invalid import \`${formatTerm(path)}\`, must be \`rego.v1\``)
  }
  if (p.version === 'v1') return
  if (alias !== undefined) failAt(p, path.span, '`rego` imports cannot be aliased')
  p.keywords = keywordsOfV1
}

function importFuture(p: Parser, { path, alias }: Import): void {
  const [first, second] = path.path
  if (first?.kind !== 'string' || first.value !== 'keywords') {
    failAt(p, path.span, 'invalid import, must be `future.keywords`')
  }
  if (alias !== undefined) failAt(p, path.span, '`future` imports cannot be aliased')
  const word = second?.kind === 'string' ? second.value : undefined
  const imported = futureKeywords.filter(keyword => second === undefined || keyword === word)
  if (imported.length === 0) failAt(p, path.span, `unexpected keyword, must be one of [${futureKeywords.join(' ')}]`)
  const all: readonly Keyword[] = imported.includes('every') ? [...imported, 'in'] : imported
  p.keywords = new Map([...p.keywords, ...all.map(keyword => [keyword, keyword] as const)])
}

function moduleOf(p: Parser, source: SourceText, statements: readonly Statement[]): Module {
  const whole = spanOf(p, 0, source.text.length)
  const [first] = statements
  if (first === undefined) throw parseError(source, whole, 'empty module')
  const errors: RegoError[] = []
  const report = (at: { readonly span: Rule['span'] }, reason: string): void =>
    void errors.push(parseError(source, at.span, reason))
  const imports: Import[] = []
  const written: Written[] = []
  const rules: Rule[] = []
  if (!('kind' in first) || first.kind !== 'package') report(statementNode(first), 'package expected')
  for (const [i, statement] of statements.entries()) {
    if (!('kind' in statement)) {
      rules.push(statement.rule)
      written.push(...statement.definitions)
    } else if (statement.kind === 'import') {
      imports.push(statement)
    } else if (statement.kind === 'package') {
      if (i > 0) report(statement, 'unexpected package')
    } else if (i > 0) {
      const found = ruleOfBody(statement.body, name => p.options.isBuiltin?.(name) ?? false)
      if ('reason' in found) report(statement.body[0]!, found.reason)
      else {
        rules.push(found.rule)
        written.push(found)
      }
    }
  }
  const v1 = p.version === 'v1' || imports.some(({ path }) => formatTerm(path) === 'rego.v1')
  if (v1) for (const definition of written) errors.push(...checkV1(source, definition))
  throwAll(errors)
  const comments = [...p.comments.values()]
  const clause = first as Package
  return { kind: 'module', span: whole, source, package: clause, imports, rules, comments, v1 }
}

function statementNode(statement: Statement): { readonly span: Rule['span'] } {
  if (!('kind' in statement)) return statement.rule
  return statement.kind === 'body' ? statement.body[0]! : statement
}

function throwAll(errors: readonly RegoError[]): void {
  if (errors.length > 0) throw joinErrors(errors.slice(0, maxErrors))
}

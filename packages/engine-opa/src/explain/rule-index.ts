import type { RuleMetadata } from '@source-policy/core'
import {
  branchesOf,
  type Expr,
  locationOf,
  type Module,
  parseModule,
  type Rule,
  type Span,
  type Term,
  textOf,
  walkExprTerms,
  walkTerms,
} from '@source-policy/rego/syntax'
import { refPath } from '../ref-path.ts'
import { metadataOf } from './metadata.ts'

/** One definition of a rule, or an `else` of it, as the text has it. */
export interface IndexedBody {
  /** From `data`: `data.docker.allow`. */
  readonly rule: string
  readonly place: string
  /** Its first line. */
  readonly text: string
  readonly isDefault: boolean
  readonly metadata: RuleMetadata | undefined
  readonly expressions: readonly IndexedExpression[]
  /** Rules that its value names. */
  readonly valueRules: readonly string[]
}

export interface IndexedExpression {
  readonly place: string
  readonly span: Span
  readonly text: string
  readonly negated: boolean
  /** Rules that it names. */
  readonly rules: readonly string[]
  /** Variables that it names. */
  readonly variables: ReadonlySet<string>
}

/** The rules of a policy by name, and their bodies by place. */
export interface RuleIndex {
  readonly bodies: readonly IndexedBody[]
  readonly byRule: ReadonlyMap<string, readonly IndexedBody[]>
  readonly byPlace: ReadonlyMap<string, IndexedBody>
}

/** `file:row:col` of where something begins. */
export function placeOf(span: Span): string {
  const { file, row, col } = locationOf(span)
  return `${file}:${row}:${col}`
}

/** Reads the rules of modules that have compiled already. */
export function indexRules(modules: Readonly<Record<string, string>>): RuleIndex {
  const parsed = Object.entries(modules).map(([file, text]) => parseModule(file, text))
  const names = new Set(parsed.flatMap(module => module.rules.map(rule => ruleName(module, rule))))
  const bodies = parsed.flatMap(module => {
    const resolve = resolverOf(module, names)
    const metadata = metadataOf(module)
    return module.rules.flatMap(rule =>
      branchesOf(rule).map(branch => indexBody(module, rule, branch, metadata.get(rule), resolve)),
    )
  })
  const byRule = new Map<string, IndexedBody[]>()
  for (const body of bodies) byRule.set(body.rule, [...(byRule.get(body.rule) ?? []), body])
  return { bodies, byRule, byPlace: new Map(bodies.map(body => [body.place, body])) }
}

function indexBody(
  module: Module,
  rule: Rule,
  branch: Rule,
  metadata: RuleMetadata | undefined,
  resolve: Resolve,
): IndexedBody {
  const { key, value } = branch.head
  return {
    rule: ruleName(module, rule),
    place: placeOf(branch.span),
    text: firstLine(textOf(branch.span)),
    isDefault: rule.default,
    metadata,
    expressions: branch.body.filter(expr => !expr.generated).map(expr => indexExpression(expr, resolve)),
    valueRules: unique([key, value].flatMap(term => (term === undefined ? [] : rulesIn(term, resolve)))),
  }
}

function indexExpression(expr: Expr, resolve: Resolve): IndexedExpression {
  const rules: string[] = []
  const variables = new Set<string>()
  walkExprTerms(expr, term => note(term, resolve, rules, variables))
  return {
    place: placeOf(expr.span),
    span: expr.span,
    text: textOf(expr.span),
    negated: expr.negated,
    rules: unique(rules),
    variables,
  }
}

function note(term: Term, resolve: Resolve, rules: string[], variables: Set<string>): void {
  if (term.kind === 'var') variables.add(term.name)
  const path = term.kind === 'var' ? [term.name] : term.kind === 'ref' ? refPath(term) : []
  const rule = resolve(path)
  if (rule !== undefined) rules.push(rule)
}

function rulesIn(term: Term, resolve: Resolve): string[] {
  const rules: string[] = []
  walkTerms(term, part => note(part, resolve, rules, new Set()))
  return rules
}

const unique = (names: readonly string[]): string[] => [...new Set(names)]

const firstLine = (text: string): string => text.split('\n', 1)[0]?.trimEnd() ?? ''

/** `data.docker.allow`: the ground beginning of the name of a rule. */
export function ruleName(module: Module, { head }: Rule): string {
  return [...refPath(module.package.path), ...refPath(head.reference)].join('.')
}

/** The rule that a path of names leads to, seen from a module; undefined where it is none. */
type Resolve = (path: readonly string[]) => string | undefined

function resolverOf(module: Module, names: ReadonlySet<string>): Resolve {
  const own = refPath(module.package.path).join('.')
  const imported = new Map(
    module.imports.map(({ path, alias }) => {
      const parts = refPath(path)
      return [alias ?? parts.at(-1) ?? '', parts.join('.')]
    }),
  )
  return ([first = '', ...rest]) => {
    const start = first === 'data' ? 'data' : (imported.get(first) ?? `${own}.${first}`)
    let name = start
    for (const part of ['', ...rest]) {
      name = part === '' ? name : `${name}.${part}`
      if (names.has(name)) return name
    }
    return undefined
  }
}

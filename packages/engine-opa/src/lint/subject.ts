import type { Policy } from '@source-policy/core'
import {
  type Body,
  branchesOf,
  dottedName,
  type Expr,
  type Module,
  type Rule,
  type Span,
  type Term,
  walkExprTerms,
  walkRuleTerms,
} from '@source-policy/rego/syntax'
import { indexRules, type RuleIndex, ruleName } from '../explain/rule-index.ts'

/** What lint rules look at: the text of a policy, its rules, and the policy itself to ask it. */
export interface Subject {
  readonly modules: readonly Module[]
  readonly bodies: readonly LintBody[]
  readonly index: RuleIndex
  /** The policy, loaded. */
  readonly policy: Policy
  /** Whether it is to give a decision: a file of helpers need not. */
  readonly isEntry: boolean
  /** JSON Schema of the input. */
  readonly inputSchema: Readonly<Record<string, unknown>>
}

/** One definition of a rule. */
export interface LintBody {
  readonly module: Module
  /** `data.docker.allow`. */
  readonly name: string
  readonly rule: Rule
  /** The branch itself where it is an `else`. */
  readonly branch: Rule
  /** `x := input.image`: what locals stand for. */
  readonly aliases: ReadonlyMap<string, readonly Part[]>
  readonly inputs: readonly InputRef[]
}

/** A place of the input that is named somewhere: constants, and undefined for what is only known at run time. */
export interface InputRef {
  readonly path: readonly Part[]
  readonly span: Span
}

export type Part = string | number | undefined

export function subjectOf(
  modules: readonly Module[],
  texts: Readonly<Record<string, string>>,
  rest: Pick<Subject, 'policy' | 'isEntry' | 'inputSchema'>,
): Subject {
  const bodies = modules.flatMap(module =>
    module.rules.flatMap(rule =>
      branchesOf(rule).map((branch): LintBody => {
        const aliases = aliasesOf(branch.body)
        const inputs: InputRef[] = []
        walkRuleTerms(branch, term => {
          const path = inputPath(term, aliases)
          if (path === undefined) return true
          inputs.push({ path, span: term.span })
          // what stands inside its brackets is a term of its own
          return term.kind === 'ref' ? term.path.some(part => part.kind === 'ref') : true
        })
        return { module, name: ruleName(module, rule), rule, branch, aliases, inputs }
      }),
    ),
  )
  return { modules, bodies, index: indexRules(texts), ...rest }
}

/** `input.a.b` as a path, also by way of a local; undefined for any other term. */
export function inputPath(term: Term, aliases: ReadonlyMap<string, readonly Part[]>): readonly Part[] | undefined {
  if (term.kind === 'var') return aliases.get(term.name)
  if (term.kind !== 'ref' || term.head.kind !== 'var') return undefined
  const base = term.head.name === 'input' ? [] : aliases.get(term.head.name)
  return base && [...base, ...term.path.map(partOf)]
}

function partOf(term: Term): Part {
  if (term.kind === 'string') return term.value
  return term.kind === 'number' ? Number(term.text) : undefined
}

function aliasesOf(body: Body): ReadonlyMap<string, readonly Part[]> {
  const aliases = new Map<string, readonly Part[]>()
  for (const expr of body) {
    if (expr.kind !== 'call' || expr.negated || !['assign', 'eq'].includes(dottedName(expr.operator) ?? '')) continue
    const [left, right] = expr.args
    const path = right && inputPath(right, aliases)
    if (left?.kind === 'var' && path !== undefined) aliases.set(left.name, path)
  }
  return aliases
}

/** `input.image.repo`. */
export function fieldName(path: readonly Part[]): string {
  return ['input', ...path].reduce<string>((text, part, at) => {
    if (at === 0) return String(part)
    if (typeof part === 'string' && /^[A-Za-z_]\w*$/.test(part)) return `${text}.${part}`
    return part === undefined ? `${text}[_]` : `${text}[${JSON.stringify(part)}]`
  }, '')
}

export interface Comparison {
  readonly operator: 'equal' | 'neq' | 'startswith' | 'endswith'
  readonly path: readonly Part[]
  readonly field: Term
  readonly other: Term
  /** The field is inside `count(...)`. */
  readonly counted: boolean
}

/** A field of the input beside a term: `input.image.repo == "a"`, `count(input.x) == 0`, `startswith(input.y, "b")`. */
export function comparisonOf(expr: Expr, aliases: ReadonlyMap<string, readonly Part[]>): Comparison | undefined {
  if (expr.kind !== 'call') return undefined
  const operator = operators[dottedName(expr.operator) ?? '']
  const [left, right] = expr.args
  if (operator === undefined || left === undefined || right === undefined) return undefined
  for (const [field, other] of [
    [left, right],
    [right, left],
  ] as const) {
    const counted = field.kind === 'call' && dottedName(field.operator) === 'count' ? field.args[0] : undefined
    const path = inputPath(counted ?? field, aliases)
    if (path !== undefined && inputPath(other, aliases) === undefined) {
      return { operator, path, field, other, counted: counted !== undefined }
    }
  }
  return undefined
}

const operators: Readonly<Record<string, Comparison['operator']>> = {
  equal: 'equal',
  eq: 'equal',
  neq: 'neq',
  startswith: 'startswith',
  endswith: 'endswith',
}

/** A body on which `allow` hangs, and whether its success helps to allow or to deny. */
export interface HangingBody {
  readonly body: LintBody
  readonly helps: 'allow' | 'deny'
}

/**
 * The bodies on which `allow` (else the decision) hangs, however far away. What stands behind a negation, or is counted to be none,
 * helps to deny; behind two of these it helps to allow again. With `root`, what that body of `allow` hangs on.
 */
export function hangingBodies(subject: Subject, root?: LintBody): HangingBody[] {
  const { bodies, index } = subject
  const start = index.byRule.has('data.docker.allow') ? 'data.docker.allow' : 'data.docker.decision'
  const seen = new Set<string>()
  const found: HangingBody[] = []
  const visit = (name: string, helps: HangingBody['helps']) => {
    if (seen.has(`${helps} ${name}`)) return
    seen.add(`${helps} ${name}`)
    for (const body of bodies) if (body.name === name && !body.rule.default) visitBody(body, helps)
    for (const { valueRules, isDefault } of index.byRule.get(name) ?? []) {
      if (!isDefault) for (const rule of valueRules) if (!isMessage(rule)) visit(rule, helps)
    }
  }
  const visitBody = (body: LintBody, helps: HangingBody['helps']) => {
    found.push({ body, helps })
    for (const expr of body.branch.body) {
      for (const rule of rulesNamed(expr, subject)) visit(rule, isEmptiness(expr) ? opposite[helps] : helps)
    }
  }
  if (root === undefined) visit(start, 'allow')
  else visitBody(root, 'allow')
  return found
}

const opposite = { allow: 'deny', deny: 'allow' } as const

/** Named in the decision beside `allow`, but nothing hangs on it. */
const isMessage = (rule: string): boolean => rule === 'data.docker.deny_msg' || rule === 'data.docker.warn_msg'

/** `not ...`, or `count(...) == 0`: holds where something is not there. */
export function isEmptiness(expr: Expr): boolean {
  if (expr.negated) return true
  if (expr.kind !== 'call' || !['equal', 'eq'].includes(dottedName(expr.operator) ?? '')) return false
  const isZero = (term: Term | undefined) => term?.kind === 'number' && Number(term.text) === 0
  const isCount = (term: Term | undefined) => term?.kind === 'call' && dottedName(term.operator) === 'count'
  const [left, right] = expr.args
  return (isCount(left) && isZero(right)) || (isZero(left) && isCount(right))
}

/** All places of the input that an expression reaches, by way of the rules that it names as well. */
export function reachedInputs(expr: Expr, body: LintBody, subject: Subject): InputRef[] {
  const found: InputRef[] = []
  walkExprTerms(expr, term => {
    const path = inputPath(term, body.aliases)
    if (path !== undefined) found.push({ path, span: term.span })
  })
  const seen = new Set<string>()
  const pending = rulesNamed(expr, subject)
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (seen.has(name)) continue
    seen.add(name)
    for (const other of subject.bodies) if (other.name === name) found.push(...other.inputs)
    for (const { expressions, valueRules } of subject.index.byRule.get(name) ?? []) {
      pending.push(...valueRules, ...expressions.flatMap(({ rules }) => rules))
    }
  }
  return found
}

function rulesNamed(expr: Expr, { index }: Subject): string[] {
  const { source, start } = expr.span
  for (const { expressions } of index.bodies) {
    const own = expressions.find(({ span }) => span.source.file === source.file && span.start === start)
    if (own !== undefined) return [...own.rules]
  }
  return []
}

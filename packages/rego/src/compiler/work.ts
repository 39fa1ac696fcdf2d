import type { Annotations, Body, CallExpr, Expr, Module, RefTerm, Rule, StringTerm, Term } from '../ast.ts'
import type { TypeSpec } from '../builtins/type-spec.ts'
import { RegoError, type RegoErrorCode } from '../error.ts'
import { maxErrors } from '../limits.ts'
import { lineOf, locationOf, type Span } from '../source-text.ts'
import { branchesOf, walkBodyTerms, walkRuleTerms } from '../walk.ts'

/** What the compiler has to know of a builtin. */
export interface Signature {
  readonly name: string
  readonly args: readonly TypeSpec[]
  readonly result: TypeSpec
  readonly variadic?: TypeSpec | undefined
  readonly deprecated?: true
  readonly relation?: true
  readonly nondeterministic?: true
  readonly void?: true
  /** Declared by the embedding program and answered from outside. */
  readonly host?: true
}

/** One definition, or an `else` branch of one, on its way through the stages: the fields are rewritten, the terms never. */
export interface Definition {
  readonly module: WorkModule
  readonly origin: Rule
  readonly span: Span
  readonly headSpan: Span
  readonly default: boolean
  readonly else: Definition | undefined
  /** What was written in it, so that stages without work for it can pass it by. */
  readonly features: Features
  reference: RefTerm
  args: readonly Term[] | undefined
  key: Term | undefined
  value: Term | undefined
  body: Body
}

/** A construct that some stage rewrites or refuses. */
export type Feature =
  | 'comprehension'
  | 'every'
  | 'template'
  | 'with'
  | 'equal'
  | 'print'
  | 'metadata'
  | 'assign'
  | 'deprecated'

/** Several features at once, a bit each. */
export type Features = number

const bits: { readonly [feature in Feature]: Features } = {
  comprehension: 1,
  every: 2,
  template: 4,
  with: 8,
  equal: 16,
  print: 32,
  metadata: 64,
  assign: 128,
  deprecated: 256,
}

/** Looks at every definition once, so that most stages need not look at most of them. */
interface Survey {
  /** By the first part of the name of what is called. */
  readonly featuresOfName: ReadonlyMap<string, Features>
  /** User code may have names like those that the compiler makes. */
  readonly taken: Set<string>
}

function startSurvey(builtins: ReadonlyMap<string, Signature>): Survey {
  const featuresOfName = new Map<string, Features>([
    ['equal', bits.equal],
    ['print', bits.print],
    ['rego', bits.metadata],
    ['assign', bits.assign],
  ])
  for (const { name, deprecated } of builtins.values()) {
    if (deprecated) featuresOfName.set(name.split('.')[0]!, bits.deprecated)
  }
  return { featuresOfName, taken: new Set() }
}

function featuresOf({ featuresOfName, taken }: Survey, rule: Rule): Features {
  let features = 0
  walkRuleTerms(
    rule,
    term => {
      switch (term.kind) {
        case 'var': {
          const named = featuresOfName.get(term.name)
          if (named !== undefined) features |= named
          else if (isGenerated(term.name)) taken.add(term.name)
          break
        }
        case 'ref':
          if (namesVoidInternal(term)) features |= bits.print
          break
        case 'template':
          features |= bits.template
          break
        case 'array-comprehension':
        case 'set-comprehension':
        case 'object-comprehension':
          features |= bits.comprehension
          break
        default:
      }
    },
    expr => {
      if (expr.kind === 'every') features |= bits.every
      if (expr.with.length > 0) features |= bits.with
    },
  )
  return features
}

/** `internal.print` and `internal.test_case` give no value, as `print`. */
function namesVoidInternal({ head, path: [first] }: RefTerm): boolean {
  if (head.kind !== 'var' || head.name !== 'internal' || first?.kind !== 'string') return false
  return first.value === 'print' || first.value === 'test_case'
}

const closures: Features = bits.comprehension | bits.every | bits.template | bits.print

/** Whether comprehensions or `every` can be in it, also those that stages make of print and templates. */
export function mayHaveClosures({ features }: Definition): boolean {
  return (features & closures) !== 0
}

export interface WorkModule {
  readonly module: Module
  /** From below `data`. */
  readonly path: readonly StringTerm[]
  readonly rules: readonly Definition[]
  /** Read where a rule asks for them. */
  annotations: readonly Annotations[]
}

/** What the stages share. */
export interface Work {
  readonly modules: readonly WorkModule[]
  /** Those of all modules, each with its `else` branches after it. */
  readonly definitions: readonly Definition[]
  readonly builtins: ReadonlyMap<string, Signature>
  readonly strict: boolean
  readonly errors: RegoError[]
  /** The types of the rules are known: a query is compiled. */
  readonly typed?: true
  /** By the name that the compiler gave to a local: the user's name. */
  readonly names: Map<string, string>
  /** A name that is nowhere in the program. */
  fresh(): string
}

export function startWork(
  modules: readonly Module[],
  builtins: ReadonlyMap<string, Signature>,
  strict: boolean,
  query: Body = [],
): Work {
  const sorted = modules.toSorted((a, b) => (a.source.file < b.source.file ? -1 : 1))
  const survey = startSurvey(builtins)
  const { taken } = survey
  let next = 0
  const started = sorted.map(module => startModule(survey, module))
  walkBodyTerms(query, term => {
    if (term.kind === 'var' && isGenerated(term.name)) taken.add(term.name)
  })
  return {
    modules: started,
    definitions: started.flatMap(({ rules }) => rules.flatMap(rule => [...chainOf(rule)])),
    builtins,
    strict,
    errors: [],
    names: new Map(),
    fresh() {
      for (;;) {
        const name = `${generatedPrefix}${next++}__`
        if (!taken.has(name)) return name
      }
    },
  }
}

function startModule(survey: Survey, module: Module): WorkModule {
  const rules: Definition[] = []
  const work: WorkModule = {
    module,
    path: module.package.path.path as readonly StringTerm[],
    rules,
    annotations: [],
  }
  for (const rule of module.rules) rules.push(startDefinition(survey, work, rule))
  return work
}

function startDefinition(survey: Survey, module: WorkModule, rule: Rule): Definition {
  let next: Definition | undefined
  for (const branch of branchesOf(rule).toReversed()) {
    const { span, head, body } = branch
    const { reference, args, key, value } = head
    next = {
      module,
      origin: branch,
      span,
      headSpan: head.span,
      default: branch.default,
      else: next,
      features: featuresOf(survey, branch),
      reference,
      args,
      key,
      value,
      body,
    }
  }
  return next!
}

const generatedPrefix = '__local'

/** A local that the compiler made; OPA goes by the name too. */
export function isGenerated(name: string): boolean {
  return name.startsWith(generatedPrefix)
}

/** Each definition and each of its `else` branches; with `feature` only those in which it stands. */
export function definitionsOf({ definitions }: Work, feature?: Feature): readonly Definition[] {
  return feature === undefined ? definitions : definitions.filter(({ features }) => (features & bits[feature]) !== 0)
}

export function* chainOf(rule: Definition): Generator<Definition> {
  for (let branch: Definition | undefined = rule; branch !== undefined; branch = branch.else) yield branch
}

export function compileError(code: RegoErrorCode, span: Span, reason: string, details?: readonly string[]): RegoError {
  const location = locationOf(span)
  return new RegoError({ code, message: reason, location, line: lineOf(span.source, location.row), details })
}

export function report(work: Work, code: RegoErrorCode, span: Span, reason: string, details?: readonly string[]): void {
  // those that will not be told need not be made: to find a place in a long line takes time
  const last = work.errors[maxErrors]
  work.errors.push(last ?? compileError(code, span, reason, details))
}

export function varTerm(name: string, span: Span): Term & { kind: 'var' } {
  return { kind: 'var', span, name }
}

export function stringTerm(value: string, span: Span): StringTerm {
  return { kind: 'string', span, value, raw: false }
}

/** `data.<package>.<reference>`: what the definition is called by everyone. */
export function fullReference({ module, reference }: Definition): RefTerm {
  const { span, head, path } = reference
  const name = head.kind === 'var' ? head.name : ''
  return {
    kind: 'ref',
    span,
    head: varTerm('data', span),
    path: [...module.path, stringTerm(name, head.span), ...path],
  }
}

/** An expression `left = right` that the compiler makes; `like` gives it the `with`s to run under. */
export function equation(left: Term, right: Term, like?: Expr): CallExpr {
  const { span } = right
  const operator: RefTerm = { kind: 'ref', span, head: varTerm('eq', span), path: [] }
  return {
    kind: 'call',
    span,
    operator,
    args: [left, right],
    negated: false,
    with: like?.with ?? [],
    generated: true,
    from: like === undefined ? span : originOf(like),
  }
}

/** Where the user wrote what the expression comes from. */
export function originOf(expr: Expr): Span {
  return expr.from ?? expr.span
}

/** Adds expressions to a body; the `true` of an empty one makes room. */
export function appendToBody(body: Body, exprs: readonly Expr[]): Body {
  if (exprs.length === 0) return body
  const [only] = body
  const empty = body.length === 1 && only?.kind === 'term' && only.term.kind === 'boolean' && only.term.value
  return empty ? exprs : [...body, ...exprs]
}

export function isEquation(expr: Expr): boolean {
  return isCallOf(expr, 'eq')
}

export function isCallOf(expr: Expr, name: string): boolean {
  return (
    expr.kind === 'call' &&
    expr.operator.path.length === 0 &&
    expr.operator.head.kind === 'var' &&
    expr.operator.head.name === name
  )
}

export function isScalar(term: Term): boolean {
  return term.kind === 'null' || term.kind === 'boolean' || term.kind === 'number' || term.kind === 'string'
}

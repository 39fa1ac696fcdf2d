import type { SourceText, Span } from './source-text.ts'
import type { Value } from './value/value.ts'

/**
 * The syntax tree of Rego. Every node has a `kind` and a `span`; nothing is resolved yet: `input.x` is a ref whose head
 * is the variable `input`, an infix operator is a call of the builtin that it stands for (`a + b` calls `plus`, `a := b`
 * calls `assign`, `a = b` calls `eq`, `a in b` calls `internal.member_2`).
 */
export interface Module {
  readonly kind: 'module'
  readonly span: Span
  readonly source: SourceText
  readonly package: Package
  readonly imports: readonly Import[]
  readonly rules: readonly Rule[]
  readonly comments: readonly Comment[]
  /** Held to the rules of v1: always, but for a v0 module that does not import `rego.v1`. */
  readonly v1: boolean
}

/** `package a.b` has the path `data.a.b`. */
export interface Package {
  readonly kind: 'package'
  readonly span: Span
  readonly path: RefTerm
}

/** `import data.a.b as c`; `import rego.v1` and `import future.keywords...` are here too. */
export interface Import {
  readonly kind: 'import'
  readonly span: Span
  readonly path: RefTerm
  readonly alias: string | undefined
}

/** A comment, `text` without its `#`. */
export interface Comment {
  readonly kind: 'comment'
  readonly span: Span
  readonly text: string
}

/** A `# METADATA` block: its YAML as plain data, and what it stands above. */
export interface Annotations {
  readonly kind: 'annotations'
  readonly span: Span
  readonly scope: 'package' | 'subpackages' | 'document' | 'rule'
  readonly entrypoint: boolean
  /** The whole block but for `scope` and `entrypoint`, keys as written. */
  readonly fields: { readonly [key: string]: Value }
  readonly target: Package | Rule | undefined
}

/** One definition of a rule. A rule with several bodies (`p { } { }`, v0 only) is several of these. */
export interface Rule {
  readonly kind: 'rule'
  readonly span: Span
  readonly default: boolean
  readonly head: Head
  /** A rule without a body has the single expression `true`, marked `generated`. */
  readonly body: Body
  readonly else: Rule | undefined
}

/**
 * The head of a rule: `reference` names it (`a.b[c].d`, its head a variable), without key of `contains`, arguments and value.
 *
 * - complete: `p := 1`, `p`, `a.b.c := 1`; partial object: `p[k] := v` (the last part is not ground)
 * - partial set: `p contains k` (`key` is set)
 * - function: `f(x) := y` (`args` is set)
 */
export interface Head {
  readonly kind: 'head'
  readonly span: Span
  readonly reference: RefTerm
  readonly args: readonly Term[] | undefined
  readonly key: Term | undefined
  /** `true`, marked `generated`, where none is written and the head is no partial set. */
  readonly value: Term | undefined
  /** Written with `:=` rather than `=`. */
  readonly assign: boolean
}

export type Body = readonly Expr[]

export type Expr = TermExpr | CallExpr | SomeExpr | EveryExpr

interface ExprBase {
  readonly span: Span
  /** `not` stands before it. */
  readonly negated: boolean
  readonly with: readonly With[]
  /** Made by the parser or the compiler, not written. */
  readonly generated: boolean
  /** Made by the compiler out of a part of the expression there. */
  readonly from?: Span
}

/** A term that must be defined and not false. */
export interface TermExpr extends ExprBase {
  readonly kind: 'term'
  readonly term: Term
}

/** A call at the top of an expression, operators and `:=` among them; after compilation the last argument may be the result. */
export interface CallExpr extends ExprBase {
  readonly kind: 'call'
  readonly operator: RefTerm
  readonly args: readonly Term[]
}

/** `some x, y`, or `some k, v in xs`: then `symbols` is the one call of `internal.member_2` or `internal.member_3`. */
export interface SomeExpr extends ExprBase {
  readonly kind: 'some'
  readonly symbols: readonly Term[]
}

/** `every k, v in domain { body }`. */
export interface EveryExpr extends ExprBase {
  readonly kind: 'every'
  readonly key: Term | undefined
  readonly value: Term
  readonly domain: Term
  readonly body: Body
}

/** `with target as value`. */
export interface With {
  readonly kind: 'with'
  readonly span: Span
  readonly target: Term
  readonly value: Term
}

export type Term =
  | ScalarTerm
  | VarTerm
  | RefTerm
  | ArrayTerm
  | ObjectTerm
  | SetTerm
  | ArrayComprehension
  | SetComprehension
  | ObjectComprehension
  | CallTerm
  | TemplateString

export type ScalarTerm = NullTerm | BooleanTerm | NumberTerm | StringTerm

export interface NullTerm {
  readonly kind: 'null'
  readonly span: Span
}

export interface BooleanTerm {
  readonly kind: 'boolean'
  readonly span: Span
  readonly value: boolean
}

/** The digits as written: a number may have more than a double can hold. */
export interface NumberTerm {
  readonly kind: 'number'
  readonly span: Span
  readonly text: string
}

/** The value after escapes; `raw` for a string between backquotes. */
export interface StringTerm {
  readonly kind: 'string'
  readonly span: Span
  readonly value: string
  readonly raw: boolean
}

/** A variable. `_` is given a name of its own at every place: `$0`, `$1`, ... */
export interface VarTerm {
  readonly kind: 'var'
  readonly span: Span
  readonly name: string
}

/** `head.a["b"][c]`: the head is a variable, or for indirect references a call, literal or comprehension. */
export interface RefTerm {
  readonly kind: 'ref'
  readonly span: Span
  readonly head: Term
  readonly path: readonly Term[]
}

export interface ArrayTerm {
  readonly kind: 'array'
  readonly span: Span
  readonly items: readonly Term[]
}

export interface ObjectEntry {
  readonly key: Term
  readonly value: Term
}

export interface ObjectTerm {
  readonly kind: 'object'
  readonly span: Span
  readonly entries: readonly ObjectEntry[]
}

/** `{a, b}`, or `set()`. */
export interface SetTerm {
  readonly kind: 'set'
  readonly span: Span
  readonly items: readonly Term[]
}

export interface ArrayComprehension {
  readonly kind: 'array-comprehension'
  readonly span: Span
  readonly term: Term
  readonly body: Body
}

export interface SetComprehension {
  readonly kind: 'set-comprehension'
  readonly span: Span
  readonly term: Term
  readonly body: Body
}

export interface ObjectComprehension {
  readonly kind: 'object-comprehension'
  readonly span: Span
  readonly key: Term
  readonly value: Term
  readonly body: Body
}

/** A call inside a term. */
export interface CallTerm {
  readonly kind: 'call'
  readonly span: Span
  readonly operator: RefTerm
  readonly args: readonly Term[]
}

/** `$"a {b}"`: text stands as strings, what is between braces as expressions. */
export interface TemplateString {
  readonly kind: 'template'
  readonly span: Span
  readonly parts: readonly (StringTerm | Expr)[]
  readonly multiline: boolean
}

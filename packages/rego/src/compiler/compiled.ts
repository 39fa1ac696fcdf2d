import type { Span } from '../source-text.ts'

/**
 * What compile() gives the evaluator. Semantics are already made plain:
 *
 * - imports and names are resolved: a name is `input`, `data...`, a local, a builtin or a function;
 * - every local of a rule has a slot of its own, also those inside comprehensions and `every` (nothing shadows);
 * - bodies are in an order in which each statement finds bound what it needs. What is not bound yet is bound by it:
 *   locals in a `=` (both sides are patterns) or in a ref's path (these enumerate); see `Statement.binds`;
 * - calls and refs inside other terms are pulled out into statements of their own that bind a generated local, as in
 *   OPA, since that is observable: in `not f(input.x)` an undefined `input.x` makes the body undefined, not the `not` true;
 * - `==` is `unify` as `=` and `:=` are; `some x in xs` is `x = xs[_]`; `x in xs` elsewhere calls `internal.member_2`.
 */
export interface Program {
  /** The virtual documents, by data path. */
  readonly tree: RuleNode
  readonly query: CompiledQuery | undefined
}

/** A scalar known when compiling; numbers as their text. */
export type Scalar =
  | { readonly kind: 'null' }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'string'; readonly value: string }

/** A place below `data` that has rules at it or below it. A rule stands at the ground beginning of its name. */
export interface RuleNode {
  /** From `data` to here; `data` itself has `[]`. Mostly strings, but `p[1] := 2` stands below `p` at the number 1. */
  readonly path: readonly Scalar[]
  /** By `scalarKey`: strings and numbers are kept apart, 1 and 1.0 are one. */
  readonly children: ReadonlyMap<string, RuleNode>
  /** Definitions at exactly this place, in source order, the default apart. */
  readonly rules: readonly CompiledRule[]
  readonly default: CompiledRule | undefined
  /** The kind that all `rules` here share; 'none' when there are none. A node of kind 'object' or 'none' may have children with rules. */
  readonly kind: RuleKind | 'none'
}

/**
 * - complete: one value at `path`
 * - set: `path` (and `keys`, for `p[x].q contains y`) names a set, `member` is in it
 * - object: `path` and at least one of `keys` not ground: `p[k] := v`, `p[x].q[y] := v`
 * - function: called with `args`
 */
export type RuleKind = 'complete' | 'set' | 'object' | 'function'

/** A rule whose kind and names are known. All else is worked out when it is first read: most rules of a large program never are. */
export interface CompiledRule {
  readonly kind: RuleKind
  /** The ground beginning of its name, from `data`. */
  readonly path: readonly Scalar[]
  /** The rest of the name from the first part that is not ground, evaluated under the body's bindings. Empty for complete rules and functions. */
  readonly keys: readonly CompiledTerm[]
  /** Kind 'set' only: what the body adds. */
  readonly member: CompiledTerm | undefined
  /** Kind 'function' only: patterns, unified with the arguments before the body runs. Their locals are bound by that. Shared by all `branches`. */
  readonly args: readonly CompiledTerm[]
  /** `default p := 1`, `default f(_) := 1`. */
  readonly default: boolean
  /** The body and value, then those of each `else` in order: the first whose body succeeds gives the value. */
  readonly branches: readonly Branch[]
  /** By slot, all branches and closures of the rule. */
  readonly locals: readonly Local[]
  /** The host functions that it can reach, itself and through all that it names. `with` is not followed: it hides nothing. */
  readonly hosts: ReadonlySet<string>
  /** The whole definition, `else` included. */
  readonly span: Span
  readonly headSpan: Span
  /** The name as written, from the package: `data.docker.deny_msg`. */
  readonly name: string
}

export interface Branch {
  readonly body: CompiledBody
  /** The value of complete rules, functions and objects; undefined for sets. */
  readonly value: CompiledTerm | undefined
  readonly span: Span
  /** The value is the same scalar in every branch of every rule at this place, so that a second success could not conflict. */
  readonly earlyExit: boolean
}

export interface Local {
  readonly slot: number
  /** The user's name, undefined for what the compiler made and for `_`. */
  readonly name: string | undefined
  readonly span: Span
}

export type CompiledBody = readonly Statement[]

export type Statement = TestStatement | UnifyStatement | CallStatement | EveryStatement

interface StatementBase {
  /** The expression as the user wrote it: for generated statements that of the expression that they were taken from. */
  readonly span: Span
  /** Made by the compiler out of a part of the expression at `span`. */
  readonly generated: boolean
  /** Which expression of the written body it belongs to, counted from 0. */
  readonly index: number
  readonly negated: boolean
  readonly with: readonly CompiledWith[]
  /** The slots that this statement binds, given the order of the body; empty where negated. A local in the statement that is not here is bound before it, or inside one of its closures. */
  readonly binds: readonly number[]
}

/** Succeeds for each value of `term` that is not false. */
export interface TestStatement extends StatementBase {
  readonly kind: 'test'
  readonly term: CompiledTerm
}

export interface UnifyStatement extends StatementBase {
  readonly kind: 'unify'
  readonly left: CompiledTerm
  readonly right: CompiledTerm
}

/** Calls; then either the result is unified with `result`, or, when there is none, must be defined and not false. */
export interface CallStatement extends StatementBase {
  readonly kind: 'call'
  readonly callee: Callee
  readonly args: readonly CompiledTerm[]
  readonly result: CompiledTerm | undefined
}

/** True if the body succeeds for every member of the domain; undefined where the domain is. `domain` is a local or a ground term. */
export interface EveryStatement extends StatementBase {
  readonly kind: 'every'
  readonly key: CompiledTerm | undefined
  readonly value: CompiledTerm
  readonly domain: CompiledTerm
  readonly body: CompiledBody
  /** Slots that belong to the closure: unbound each time that it is entered. */
  readonly own: readonly number[]
}

/**
 * - builtin: of the table, `internal.print` and `internal.template_string` among them. Their one array argument holds for
 *   each operand a set comprehension (empty set: undefined; several members: several outputs) or a ground term.
 * - host: declared by the options
 * - function: rules of kind function at `path`
 */
export type Callee =
  | { readonly kind: 'builtin'; readonly name: string; readonly span: Span }
  | { readonly kind: 'host'; readonly name: string; readonly span: Span }
  | { readonly kind: 'function'; readonly path: readonly Scalar[]; readonly span: Span }

/** Evaluated before the statement and outside of it; several apply from left to right. */
export interface CompiledWith {
  readonly target: WithTarget
  readonly value: WithValue
  readonly span: Span
}

export type WithTarget =
  | { readonly kind: 'input'; readonly path: readonly Scalar[] }
  | { readonly kind: 'data'; readonly path: readonly Scalar[] }
  | Callee

/** A function in place of a function, or a term: for a function target the term is the result of every call. */
export type WithValue =
  | { readonly kind: 'callee'; readonly callee: Callee }
  | { readonly kind: 'term'; readonly term: CompiledTerm }

export type CompiledTerm =
  | ConstantTerm
  | LocalTerm
  | CompiledRef
  | CompiledItems
  | CompiledObject
  | CollectClosure
  | ObjectClosure

export type ConstantTerm = Scalar & { readonly span: Span }

export interface LocalTerm {
  readonly kind: 'local'
  readonly span: Span
  readonly slot: number
}

/**
 * `base.path[0].path[1]...`, `base` alone for the whole document. A part of the path is ground, or a term of locals: those in
 * `binds` of the statement enumerate. There are no calls, refs or comprehensions inside a path.
 */
export interface CompiledRef {
  readonly kind: 'ref'
  readonly span: Span
  readonly base: { readonly kind: 'input' } | { readonly kind: 'data' } | LocalTerm
  readonly path: readonly CompiledTerm[]
}

export interface CompiledItems {
  readonly kind: 'array' | 'set'
  readonly span: Span
  readonly items: readonly CompiledTerm[]
  /** No locals, refs or comprehensions inside: one value for ever. */
  readonly ground: boolean
}

export interface CompiledObject {
  readonly kind: 'object'
  readonly span: Span
  readonly entries: readonly { readonly key: CompiledTerm; readonly value: CompiledTerm }[]
  readonly ground: boolean
}

interface ClosureBase {
  readonly span: Span
  readonly body: CompiledBody
  /** Slots that belong to the closure: unbound each time that it is entered. */
  readonly own: readonly number[]
  /** Slots of the outside that the closure reads: with the documents it names, all that its value depends on. */
  readonly captures: readonly number[]
}

export interface CollectClosure extends ClosureBase {
  readonly kind: 'array-comprehension' | 'set-comprehension'
  readonly term: CompiledTerm
}

export interface ObjectClosure extends ClosureBase {
  readonly kind: 'object-comprehension'
  readonly key: CompiledTerm
  readonly value: CompiledTerm
}

export interface CompiledQuery {
  readonly body: CompiledBody
  readonly locals: readonly Local[]
  /** What a result binds: the user's variables, wildcards left out, in order of first mention. */
  readonly outputs: readonly { readonly name: string; readonly slot: number }[]
  /** The host functions that it can reach. */
  readonly hosts: ReadonlySet<string>
  readonly span: Span
}

import type { RegoError } from './error.ts'
import type { Location } from './source-text.ts'
import type { Value } from './value/value.ts'

/** A place in the input, from its root: `['image', 'labels']`, `['materials', 0, 'git', 'tag']`. */
export type Path = readonly (string | number)[]

/** What a declared function takes or gives. */
export type TypeName = 'any' | 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object' | 'set'

/** What an implementation of the embedding program is told. */
export interface ImplementationContext {
  /** Nanoseconds since 1970, the same for the whole evaluation. */
  readonly time: bigint
  /** Where the call stands in the policy. */
  readonly location: Location | undefined
  /** The input path that the `source` argument names; undefined where it is no part of the input. */
  readonly source: Path | undefined
}

/**
 * A function that the embedding program adds to the language.
 *
 * With `implementation` it is called in place: a pure, quick function of its arguments; undefined makes the call undefined,
 * what it throws is a builtin error. Without, it is a *host function*: its calls come back as `calls` of a blocked outcome, and
 * the next evaluation is given their answers.
 */
export interface BuiltinDeclaration {
  readonly args: readonly TypeName[]
  readonly result: TypeName
  /**
   * The argument that names a part of the input rather than giving a value: it may have unknown fields inside (but not be
   * one), is known to the host by its path, and is left out of `args` (null stands there).
   */
  readonly source?: number
  /**
   * Calls do something besides giving a value: every call whose result is defined is reported in `effects`, and a rule that
   * can reach one is never decided early. Default false.
   */
  readonly effect?: boolean
  readonly implementation?: (args: readonly Value[], context: ImplementationContext) => Value | undefined
}

/** What `prepare` takes. */
export interface PrepareOptions {
  /** Texts by file name. */
  readonly modules: Readonly<Record<string, string>>
  /** A Rego query, such as `data.example.allow = x`. */
  readonly query: string
  /** The base documents below `data`: plain JSON or a value of this package. Default: none. */
  readonly data?: Value
  /** The language that the modules are written in. Default 'v1'. */
  readonly regoVersion?: 'v1' | 'v0'
  /** An error of a builtin ends in `error` of the results instead of making the call undefined. Default false. */
  readonly strictBuiltinErrors?: boolean
  /** The builtins that may be called, by name. Default: all. */
  readonly capabilities?: { readonly builtins: readonly string[] }
  /** Functions of the embedding program, by name. */
  readonly builtins?: Readonly<Record<string, BuiltinDeclaration>>
}

/**
 * The answer to a host call: a value, that the call is undefined, or that it could not be answered. With `error` the call
 * stays blocked and is not asked for again: it is listed in `failed` where the outcome hangs on it.
 */
export type Answer = { readonly value: Value } | { readonly undefined: true } | { readonly error: unknown }

/** What one evaluation may use. */
export interface EvaluationLimits {
  /** Steps: a rule or function entered, a member visited, what builtins charge. Default `maxSteps`. */
  readonly steps?: number
  /** Milliseconds by the clock. Default `maxMilliseconds`. */
  readonly timeoutMs?: number
  /**
   * Bytes of all values that the evaluation makes, those that it drops again included, by a rough count that is rather
   * too high. Default `maxEvaluationBytes`.
   */
  readonly bytes?: number
  /** Rules, functions and closures inside each other. Default `maxEvaluationDepth`. */
  readonly depth?: number
  /** Members of all arrays, objects and sets of the results together. Default `maxResultSize`. */
  readonly resultSize?: number
}

/** What `evaluate` takes. */
export interface EvaluateOptions {
  /** Plain JSON or a value of this package, read in place and never changed. Left out: `input` is undefined. */
  readonly input?: Value
  /**
   * The places of the input that are not known yet; `[]` is all of it. What `input` has at such a place is not looked at.
   * A place that could not be found out stays here: nothing is ever decided by its absence.
   */
  readonly unknown?: readonly Path[]
  /** Answers to earlier calls, by `HostCall.id`. */
  readonly answers?: ReadonlyMap<string, Answer>
  /** Nanoseconds since 1970 for `time.now_ns`. Default: now. */
  readonly time?: bigint
  /** For `rand.intn` and `uuid.rfc4122`: the same seed gives the same values. Default: random. */
  readonly seed?: string
  readonly limits?: EvaluationLimits
  /** Receives what `print` prints. Default: `print` does nothing. */
  readonly print?: (message: string, location: Location) => void
  /** Receives what happens inside. Costs nothing when left out. */
  readonly events?: (event: EvaluationEvent) => void
  /** Ends the evaluation with `eval_cancel_error` as soon as it is aborted. */
  readonly signal?: AbortSignal
}

/** A call of a host function that needs an answer. */
export interface HostCall {
  /** Stable over evaluations: function, source path, and the other arguments by value. */
  readonly id: string
  readonly name: string
  /** The arguments; null in place of the `source` argument. */
  readonly args: readonly Value[]
  /** The input path that the `source` argument names; undefined where it is no part of the input. */
  readonly source: Path | undefined
  readonly location: Location
}

/** A call of a function with `effect`. */
export interface Effect {
  readonly name: string
  readonly args: readonly Value[]
  readonly source: Path | undefined
  readonly value: Value
  readonly location: Location
}

/** What is needed to know more. */
export interface Lacking {
  /** Unknown places of the input, each one of `unknown` as given. */
  readonly paths: readonly Path[]
  /** Host calls without an answer. */
  readonly calls: readonly HostCall[]
  /** Host calls whose answer was an error: nobody need be asked again. */
  readonly failed: readonly HostCall[]
}

/** One way in which the query holds: its variables, and the value of each of its expressions. */
export interface Result {
  readonly bindings: Readonly<Record<string, Value>>
  readonly expressions: readonly { readonly text: string; readonly value: Value }[]
}

/** Everything that decides is known. */
export interface Results {
  readonly kind: 'results'
  /** Empty: the query is undefined. */
  readonly results: readonly Result[]
  /** Strict builtin errors only: the first one. */
  readonly error?: RegoError
  /** Errors of builtins, whose calls are undefined; absent where there are none. */
  readonly builtinErrors?: readonly RegoError[]
  /** In the order in which they happened. Only those of the last evaluation count. */
  readonly effects: readonly Effect[]
}

/**
 * The outcome hangs on what is not known. `results` has the results found all the same: in their values a member that is
 * not known yet is an opaque object, to be recognised by `lacking(value)`. So with the query `data.docker.decision = x`
 * and a decision that is an object, `x.allow` can be read where `lacking(x.allow)` is undefined, although `x.deny_msg` is
 * lacking; a member that is lacking may also turn out not to be there. There may be more results than these.
 */
export interface Blocked extends Lacking {
  readonly kind: 'blocked'
  /** As in `Results`. */
  readonly builtinErrors?: readonly RegoError[]
  readonly results: readonly Result[]
  readonly effects: readonly Effect[]
}

export type Outcome = Results | Blocked

/** A compiled query. It holds no state of its evaluations: use it as often as needed. */
export interface Query {
  /**
   * Evaluates the query. Errors of evaluation are thrown as RegoError, with the results so far.
   *
   * @throws RegoError `eval_conflict_error`, `eval_cancel_error` (a limit or the signal).
   */
  evaluate(options?: EvaluateOptions): Outcome
}

/** A value on its way to an event: text only, unknown parts as `<unknown>`, cut after about 1,000 characters. */
export interface ShownVariable {
  readonly name: string
  readonly value: string
}

/**
 * - rule: a definition is tried (`span` that of the branch)
 * - result: it gave a value
 * - expression: an expression holds (each time)
 * - fail: an expression does not hold, under these values of the user's variables
 * - blocked: an expression needs what is not known
 * - with: an expression was tried under `with` (`text` all of its modifiers)
 *
 * All definitions are tried, those included that an index would leave out. A body that is false by an expression further on
 * tells of that one only.
 */
export interface EvaluationEvent {
  readonly kind: 'rule' | 'result' | 'expression' | 'fail' | 'blocked' | 'with'
  /** The rule's name: `data.docker.allow`; empty for the query. */
  readonly rule: string
  readonly location: Location
  /** The text of the rule's head or of the expression. */
  readonly text: string
  readonly variables: readonly ShownVariable[]
  /** Of `fail` and `blocked`: the places of the input that the expression names, `undefined` where nothing is. */
  readonly inputs: readonly ShownVariable[]
  /** Of `blocked`: what the expression needs. */
  readonly lacking?: Lacking
  /** Of `with`: the documents as the expression saw them. To be looked at before the callback returns. */
  readonly scene?: Scene
}

/** The documents under a `with`. */
export interface Scene {
  readonly input: Value | undefined
  /** The document below `data` at a path: `['docker', 'decision']`. Undefined also where not all of it is known. */
  document(path: readonly string[]): Value | undefined
}

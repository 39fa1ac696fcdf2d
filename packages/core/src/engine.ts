import type { Explanation, RuleMetadata } from './explanation.ts'
import type { Input } from './input.ts'
import type { Path } from './path.ts'
import type { Origin, PolicyFiles, PolicySet } from './policy-set.ts'
import type { Answer } from './resolver.ts'

/** Loads policies of one language. */
export interface Engine {
  readonly name: string
  /** Extensions of its files: `['.rego']`. */
  readonly extensions: readonly string[]
  /** The policy of a set. Throws a coded error with its place where the set does not load. */
  load(set: PolicySet): Promise<Policy>
}

/** Decides from an input, without I/O. */
export interface Policy {
  readonly name: string
  /** Default: `operator`. */
  readonly origin?: Origin
  /**
   * In `warn` mode a denial is told and does not count; what is broken or undecided still does. Only the operator may choose it.
   * Default: `enforce`.
   */
  readonly mode?: 'enforce' | 'warn'
  /** The files that its host calls may read; default: none. */
  readonly files?: PolicyFiles
  /** False where no decision can depend on `input.env`: equal sources of different builds are decided alike. Default: true. */
  readonly seesBuild?: boolean
  /** How it wants JSON that `load_json` reads; default: the strict decoder of this package. */
  readonly parseJSON?: (text: string) => unknown
  /** A promise only where an isolate needs one. Throws a coded error where the policy yields no verdict. */
  evaluate(request: EvaluationRequest): Evaluation | Promise<Evaluation>
  /** Why the same evaluation comes out as it does, for people. Absent where the language cannot tell. */
  explain?(request: EvaluationRequest): Explanation
}

export interface EvaluationRequest {
  /** What is known; never changed after it was handed out. */
  readonly input: Input
  /** Holes of the input: reading one, or anything beneath it, makes the evaluation `missing`. */
  readonly unknown: readonly Path[]
  /** Answers to host calls by their id. A call that is unavailable stays missing. */
  readonly answers: ReadonlyMap<string, Answer>
  /** Nanoseconds since the epoch. */
  readonly time: bigint
  readonly seed: number
  readonly limits: { readonly maxSteps: number; readonly timeoutMs: number }
  /** Called for each line that the policy prints. */
  readonly print?: (line: PrintedLine) => void
}

export interface PrintedLine {
  readonly file: string
  readonly row: number
  readonly message: string
}

/** A call of a host function that a policy waits for. */
export interface HostCall {
  /** Equal for equal calls: (function, the input path that it names, the other arguments by value). */
  readonly id: string
  readonly name: string
  readonly args: readonly unknown[]
  /** The field of the input that the call names (`['git', 'commit']`); absent where it names none. */
  readonly path?: Path
  /** `file:row:col` of the call. */
  readonly location?: string
}

/** What an evaluation lacks. */
export interface Lacking {
  readonly paths: readonly Path[]
  readonly calls: readonly HostCall[]
}

/** A digest that a policy wants an image to have. */
export interface Pin {
  /** The field by which the policy named the image: `['image']`. */
  readonly path: Path
  readonly digest: string
}

export interface Verdict {
  readonly allow: boolean
  /** Why not, in the policy's words. */
  readonly messages: readonly string[]
  readonly pins: readonly Pin[]
  /** What the policy warns of, in its words; it never denies by that. */
  readonly warnMessages?: readonly string[]
  /** What its author says of the rules behind a denial. */
  readonly rules?: readonly RuleMetadata[]
  /** Capabilities asked for: `{ 'exec.proxy': true }`. */
  readonly caps: Readonly<Record<string, boolean>>
  /** What the policy's author should know: a host function that failed and was treated as undefined. */
  readonly warnings: readonly string[]
  /** What messages still lack; the verdict stands without them. */
  readonly lacking?: Lacking
}

/** A verdict, or exactly what it lacks. */
export type Evaluation =
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  | ({ readonly kind: 'missing' } & Lacking)

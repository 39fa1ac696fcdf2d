import type { BuiltinContext } from '../builtins/signature.ts'
import { RegoError } from '../error.ts'
import {
  maxEvaluationBytes,
  maxEvaluationDepth,
  maxEvaluationMilliseconds,
  maxEvaluationSteps,
  maxItems,
  maxStringLength,
} from '../limits.ts'
import type { Answer, Effect, EvaluateOptions, Path } from '../query.ts'
import type { Value } from '../value/value.ts'
import { findPath } from './document.ts'
import type { Environment } from './environment.ts'
import { type Lacks, Unknown } from './lacks.ts'
import type { OpenValues } from './open-values.ts'

/** What an expression gives: a value, Rego's undefined, or something that is not known. */
export type Slot = Value | Unknown | undefined

/** The locals of one rule, its closures included, and scratch places behind them. */
export type Frame = unknown[]

export type Getter = (run: Run, frame: Frame) => Slot

/** The rest of a body. True: no more solutions are wanted. */
export type Next = (run: Run, frame: Frame) => boolean

/** An expression with at most one solution: whether it holds, or may hold (then it has called `block`). */
export type Step = (run: Run, frame: Frame) => boolean

/** Takes a value found by enumeration. True: no more are wanted. */
export type Consumer = (run: Run, frame: Frame, value: Value | Unknown) => boolean

/** Whether a value fits a pattern, or may fit (then it has called `block`); binds the pattern's locals. */
export type Matcher = (run: Run, frame: Frame, value: Value | Unknown) => boolean

/** Gathers what the bodies evaluated under it lack. */
export interface Collector {
  lacks: Lacks | undefined
  /** What their blocked ends would give, each value once; undefined where not all of that is known. */
  outcomes: readonly Value[] | undefined
}

/** What the blocked parts of a definition lack, and what they could give. */
export interface Blocked {
  readonly lacks: Lacks
  readonly outcomes: readonly Value[] | undefined
}

export const noOutcomes: readonly Value[] = []

/** Steps between two looks at the clock. */
const fuelPerCheck = 4096

export interface RunOptions {
  readonly environment: Environment
  readonly lazy: boolean
  readonly open: OpenValues
  readonly options: EvaluateOptions
  /** What builtins keep from one evaluation of the query to the next, such as compiled patterns. */
  readonly cache: Map<string, unknown>
}

const noAnswers: ReadonlyMap<string, Answer> = new Map()

/** The state of one evaluation. */
export class Run {
  environment: Environment
  /** Whether anything can be unknown; where not, nothing ever blocks. */
  readonly lazy: boolean
  /** Arrays and objects that have something unknown inside. */
  readonly open: OpenValues
  /** What the blocked expressions on the way here lack, innermost body last. */
  readonly stack: Lacks[] = []
  /** How much of `stack` is in use. */
  pending = 0
  /** Where the present body begins in `stack`. */
  base = 0
  collector: Collector = { lacks: undefined, outcomes: noOutcomes }
  /** What the definition evaluated last lacks. */
  lacked: Blocked | undefined = undefined
  /** Something has blocked: an error from here on may be one that full evaluation does not meet. */
  doubtful = false
  depth: number
  /** The first error of a builtin, if there was any. */
  readonly errors: RegoError[] = []
  readonly effects: Effect[] = []
  readonly options: EvaluateOptions
  readonly answers: ReadonlyMap<string, Answer>
  readonly #root: Slot
  readonly #cache: Map<string, unknown>
  readonly #maxSteps: number
  readonly #maxBytes: number
  readonly #timeoutMs: number
  readonly #deadline: number
  #steps: number
  #fuel: number
  #bytes: number
  #pulses = 0
  #context: BuiltinContext | undefined
  #paths: Map<object, Path | undefined> | undefined

  constructor({ environment, lazy, open, options, cache }: RunOptions) {
    const { limits } = options
    this.options = options
    this.environment = environment
    this.lazy = lazy
    this.open = open
    this.#cache = cache
    this.answers = options.answers ?? noAnswers
    this.depth = limits?.depth ?? maxEvaluationDepth
    this.#root = environment.input
    this.#maxSteps = limits?.steps ?? maxEvaluationSteps
    this.#maxBytes = limits?.bytes ?? maxEvaluationBytes
    this.#bytes = this.#maxBytes
    this.#timeoutMs = limits?.timeoutMs ?? maxEvaluationMilliseconds
    this.#deadline = performance.now() + this.#timeoutMs
    this.#fuel = Math.min(fuelPerCheck, this.#maxSteps)
    this.#steps = this.#maxSteps - this.#fuel
  }

  /** What builtins are told, made when the first is called. */
  get context(): BuiltinContext {
    this.#context ??= {
      time: this.options.time ?? BigInt(Date.now()) * 1_000_000n,
      seed: this.options.seed ?? String(Math.random()),
      limits: { maxStringLength, maxItems },
      charge: steps => this.charge(steps),
      spend: bytes => this.spend(bytes),
      reserve: milliseconds => this.reserve(milliseconds),
      cache: this.#cache,
    }
    return this.#context
  }

  /** The path by which the host knows a part of the input. */
  sourcePath(value: Value | Unknown | undefined): Path | undefined {
    if (typeof value !== 'object' || value === null || value instanceof Unknown) return undefined
    this.#paths ??= new Map()
    if (!this.#paths.has(value)) this.#paths.set(value, findPath(this.#root, value))
    return this.#paths.get(value)
  }

  /** Counts one step. */
  tick(): void {
    if (--this.#fuel < 0) this.#refuel(1)
  }

  /** Counts many steps at once, before the work is done. */
  charge(steps: number): void {
    this.#fuel -= steps
    if (this.#fuel < 0) this.#refuel(-this.#fuel)
  }

  #refuel(owed: number): void {
    if (owed > this.#steps) throw canceled(`more than ${this.#maxSteps} steps`)
    if (performance.now() > this.#deadline) throw canceled(`longer than ${this.#timeoutMs} ms`)
    if (this.options.signal?.aborted) throw canceled('aborted')
    this.#steps -= owed
    this.#fuel = Math.min(fuelPerCheck, this.#steps)
    this.#steps -= this.#fuel
  }

  /** Counts what a value takes up, by a rough count; to make a large one takes time as well. */
  spend(bytes: number): void {
    this.#bytes -= bytes
    if (this.#bytes < 0) throw canceled(`more than ${this.#maxBytes} bytes of values`)
    if (bytes > 4096) this.charge(bytes >> 6)
  }

  /** Refuses a string that is too long, and counts the steps that making it takes. */
  makeString(length: number): void {
    if (length > maxStringLength) throw canceled(`a string of more than ${maxStringLength} characters`)
    this.charge(length >> 6)
  }

  /** Counts what a collection under construction has grown by. */
  grow(size: number, bytes: number): void {
    if (size > maxItems) throw canceled(`a collection of more than ${maxItems} members`)
    this.spend(bytes)
  }

  /** Looks at the clock now and then: before work that is short, if not free. */
  pulse(): void {
    if ((++this.#pulses & 15) === 0) this.look()
  }

  /** Looks at the clock: before work of which nobody can tell how much it is. */
  look(): void {
    this.reserve(0)
  }

  /** Refuses work that cannot be interrupted where it could take longer than there is time. */
  reserve(milliseconds: number): void {
    if (performance.now() + milliseconds > this.#deadline) throw canceled(`longer than ${this.#timeoutMs} ms`)
  }

  /** Goes one level deeper; `leave` comes back. After an error the depth is that of who catches it. */
  enter(): void {
    if (--this.depth < 0) throw canceled(`deeper than ${this.options.limits?.depth ?? maxEvaluationDepth} rules`)
  }

  leave(): void {
    this.depth++
  }
}

export const canceled = (reason: string): RegoError =>
  new RegoError({ code: 'eval_cancel_error', message: `caller cancelled query execution: ${reason}` })

import type { Branch, CompiledRule } from '../compiler/compiled.ts'
import { RegoError } from '../error.ts'
import { firstLineOf, locationOf } from '../source-text.ts'
import type { Value } from '../value/value.ts'
import { linkBody } from './body.ts'
import { agree, known } from './comprehension.ts'
import { linkDemands } from './demands.ts'
import { watchEnd, watchRule } from './events.ts'
import { blockedEnd, gather, isBlocked, recordOutcome, sequence } from './flow.ts'
import { Unknown } from './lacks.ts'
import type { Linked } from './linked.ts'
import { linkPattern } from './pattern.ts'
import type { Frame, Getter, Next, Run, Step } from './run.ts'
import { type Layout, newFrame, newLayout, type Scope } from './scope.ts'
import { isOpen } from './select.ts'
import { constantOf, linkTerm } from './term.ts'

/** One definition of a rule, linked when it is first evaluated. */
export class Definition {
  readonly rule: CompiledRule
  /** The value, where all its branches have the same constant one: then no blocked part of it could yield another. */
  readonly constant: Value | undefined
  /** A success ends the search: no other definition of the rule could yield another value. */
  readonly decides: boolean
  readonly layout: Layout
  readonly linked: Linked
  readonly #effectful: boolean
  readonly #outcomes: readonly Value[] | undefined
  #branches: readonly Next[] | undefined
  /** Where a function's arguments go, one slot each, unless they are patterns. */
  #slots: readonly number[] = []
  /** Where all of them are kept. */
  #given = 0
  /** Where a branch leaves its value. */
  #result = 0
  /** Where the value of another definition is, if there is one already. */
  #earlier = 0

  constructor(rule: CompiledRule, linked: Linked) {
    this.rule = rule
    this.linked = linked
    this.#effectful = linked.isEffectful(rule)
    this.constant = sharedConstant(rule.branches)
    this.#outcomes = this.constant === undefined ? undefined : [this.constant]
    this.decides = rule.branches.every(branch => branch.earlyExit)
    this.layout = newLayout(rule.locals)
  }

  /** A scope for a body of the rule. */
  scope(): Scope {
    const { linked, layout, rule } = this
    const { ordered } = linked
    return { linked, layout, ordered, bound: new Set(), effectful: this.#effectful, rule: rule.name }
  }

  #link(): readonly Next[] {
    this.#result = this.layout.size++
    this.#given = this.layout.size++
    this.#earlier = this.layout.size++
    return this.rule.branches.map(branch => {
      const scope = this.scope()
      const match = this.#linkArguments(scope)
      const body = sequence(
        [...match, ...linkDemands(branch.body, scope)],
        linkBody(branch.body, scope, own => watchEnd(branch.span, own, this.#end(branch, own))),
      )
      return this.linked.events ? watchRule(branch.span, scope, body) : body
    })
  }

  /** Arguments that are different locals are put in their slots; others are patterns, matched before the body. */
  #linkArguments(scope: Scope): Step[] {
    const { args } = this.rule
    const slots = args.flatMap(arg => (arg.kind === 'local' ? [arg.slot] : []))
    if (slots.length === args.length && new Set(slots).size === slots.length) {
      for (const slot of slots) scope.bound.add(slot)
      this.#slots = slots
      return []
    }
    const matchers = args.map(arg => linkPattern(arg, scope))
    const given = this.#given
    return [
      (run, frame) => {
        const values = frame[given] as readonly (Value | Unknown)[]
        for (let i = 0; i < matchers.length; i++) if (!matchers[i]!(run, frame, values[i]!)) return false
        return true
      },
    ]
  }

  #end(branch: Branch, scope: Scope): Next {
    const { rule } = this
    const get = branch.value === undefined ? () => true : linkTerm(branch.value, scope)
    const result = this.#result
    const earlier = this.#earlier
    const isFinal = branch.value !== undefined && constantOf(branch.value) !== undefined && !this.#effectful
    return (run, frame) => {
      if (isBlocked(run)) return this.#effectful ? blockedEnd(run) : endBlocked(run, frame, get)
      const value = known(run, get(run, frame), true)
      if (value === undefined) return false
      const before = frame[result] as Value | undefined
      const other = before ?? (frame[earlier] as Value | undefined)
      if (other !== undefined && !agree(run, other, value)) throw conflict(rule)
      if (before === undefined) frame[result] = value
      return isFinal
    }
  }

  /**
   * The value of the first branch that succeeds; `run.lacked` says what is missing where a branch is not fully known.
   * `else` waits for a blocked branch. The first solution that differs from an `earlier` value is a conflict.
   */
  evaluate(run: Run, args: readonly (Value | Unknown)[] | undefined, earlier?: Value): Value | undefined {
    this.#branches ??= this.#link()
    const frame = newFrame(this.layout)
    frame[this.#earlier] = earlier
    if (args !== undefined) {
      frame[this.#given] = args
      for (let i = 0; i < this.#slots.length; i++) frame[this.#slots[i]!] = args[i]
    }
    run.lacked = undefined
    return run.lazy ? this.#evaluateLazily(run, frame, this.#branches) : this.#evaluateKnown(run, frame, this.#branches)
  }

  #evaluateKnown(run: Run, frame: Frame, branches: readonly Next[]): Value | undefined {
    for (const branch of branches) {
      branch(run, frame)
      const value = frame[this.#result] as Value | undefined
      if (value !== undefined) return value
    }
    return undefined
  }

  #evaluateLazily(run: Run, frame: Frame, branches: readonly Next[]): Value | undefined {
    for (const branch of branches) {
      const { lacks, outcomes } = gather(run, frame, branch)
      const value = frame[this.#result] as Value | undefined
      if (value === undefined && lacks === undefined) continue
      // a branch that may yet fail says nothing of what those after it give
      const isLast = value !== undefined || branch === branches.at(-1)
      run.lacked = lacks && { lacks, outcomes: this.#outcomes ?? (isLast ? outcomes : undefined) }
      return value
    }
    run.lacked = undefined
    return undefined
  }
}

/** The end of a body in which something is blocked: a value that is undefined makes it false all the same. */
function endBlocked(run: Run, frame: Frame, get: Getter): false {
  const value = get(run, frame)
  if (value === undefined) return false
  if (value instanceof Unknown || isOpen(run, value)) return blockedEnd(run)
  recordOutcome(run, value)
  return false
}

export function conflict({ kind, headSpan }: CompiledRule): RegoError {
  const message =
    kind === 'function'
      ? 'functions must not produce multiple outputs for same inputs'
      : 'complete rules must not produce multiple outputs'
  return new RegoError({
    code: 'eval_conflict_error',
    message,
    location: locationOf(headSpan),
    line: firstLineOf(headSpan),
  })
}

function sharedConstant(branches: readonly Branch[]): Value | undefined {
  const values = branches.map(({ value }) => (value === undefined ? undefined : constantOf(value)))
  const [first] = values
  return first !== undefined && typeof first !== 'object' && values.every(value => value === first) ? first : undefined
}

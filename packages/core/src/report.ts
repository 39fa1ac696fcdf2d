import type { Overruled } from './decision.ts'
import type { HostCall, Lacking, PrintedLine } from './engine.ts'
import { type Basis, weakestBasis } from './facts.ts'
import { formatPath } from './path.ts'
import type { FactRecord } from './source-tree.ts'

/** One turn of the loop. */
export interface RoundReport {
  readonly policy: string
  /** The source as it stood, without secrets: after a conversion, the pinned one. */
  readonly identifier: string
  /** Undefined where the policy lacked something. */
  readonly verdict: 'allow' | 'deny' | undefined
  /** What the policy lacked: `input.image.labels`, `verify_git_signature(input.git.commit, ...)`. */
  readonly missing: readonly string[]
  readonly durationMs: number
}

/** How a decision came about. */
export interface Report {
  readonly rounds: readonly RoundReport[]
  readonly facts: readonly FactRecord[]
  /** The weakest basis among the facts that policies asked for; undefined where they asked for none. */
  readonly basis: Basis | undefined
  /** What policies printed in their last rounds. */
  readonly prints: readonly PrintedLine[]
  readonly warnings: readonly string[]
  /** Denials that did not count. */
  readonly overruled: readonly Overruled[]
  /** What policies warn of, in their words. */
  readonly warned: readonly { readonly policy: string; readonly message: string }[]
  readonly durationMs: number
}

/** What a report is made of, collected while the source is decided. */
export interface Trail {
  readonly rounds: RoundReport[]
  readonly facts: FactRecord[]
  readonly prints: PrintedLine[]
  readonly warnings: string[]
  readonly overruled: Overruled[]
  readonly warned: Report['warned'][number][]
}

export function createTrail(): Trail {
  return { rounds: [], facts: [], prints: [], warnings: [], overruled: [], warned: [] }
}

/** The report of what was collected since `started`, in milliseconds of `performance.now`. */
export function reportOf(trail: Trail, started: number): Report {
  const { rounds, facts, prints, warnings, overruled, warned } = trail
  const durationMs = performance.now() - started
  return { rounds, facts, basis: basisOf(facts), prints, warnings, overruled, warned, durationMs }
}

/** What is lacking, in words. */
export function describeLacking({ paths, calls }: Lacking): string[] {
  return [...paths.map(formatPath), ...calls.map(describeCall)]
}

function describeCall({ name, args, path }: HostCall): string {
  const shown = args.map((arg, index) => (index === 0 && path !== undefined ? formatPath(path) : JSON.stringify(arg)))
  return `${name}(${shown.join(', ')})`
}

/** The weakest basis among what was asked for. */
function basisOf(facts: readonly FactRecord[]): Basis | undefined {
  return weakestBasis(facts.filter(({ asked }) => asked).map(({ basis }) => basis))
}

import type { Local } from '../compiler/compiled.ts'
import type { Linked } from './linked.ts'
import type { Frame } from './run.ts'

/** What is known of a body while it is linked: the locals bound so far, and where it runs. */
export interface Scope {
  readonly linked: Linked
  /** The slots that have a value at this point. */
  readonly bound: Set<number>
  /** Whether the order in which collections are visited can be seen in what the body gives. */
  readonly ordered: boolean
  /** Whether the rule can reach a function with an effect. */
  readonly effectful: boolean
  /** The frame that the body shares with the bodies around it. */
  readonly layout: Layout
  /** The rule's name, for events. */
  readonly rule: string
}

export interface Layout {
  readonly locals: readonly Local[]
  size: number
  /** An empty frame, to be copied: quicker than to make one. */
  blank: Frame
}

/** A frame for a call: locals first, scratch places behind them. */
export function newFrame(layout: Layout): Frame {
  if (layout.blank.length !== layout.size) layout.blank = Array.from({ length: layout.size })
  return layout.blank.slice()
}

export const newLayout = (locals: readonly Local[]): Layout => ({ locals, size: locals.length, blank: [] })

/** A new place in the frame. */
export const newSlot = (scope: Scope): number => scope.layout.size++

/** A body inside the body: it sees what is bound here, and binds nothing here. */
export const inside = (scope: Scope, ordered = scope.ordered): Scope => ({
  ...scope,
  bound: new Set(scope.bound),
  ordered: ordered || scope.linked.ordered,
})

import type { Span } from '@source-policy/rego/syntax'
import type { Subject } from './subject.ts'

/** A mistake to look for. */
export interface LintRule {
  /** By which findings name it, and comments suppress it. */
  readonly id: string
  readonly title: string
  /** What goes wrong. */
  readonly why: string
  /** The mistake and what to write in its place. */
  readonly example: { readonly wrong: string; readonly right: string }
  find(subject: Subject): Found[] | Promise<Found[]>
}

export interface Found {
  readonly span: Span
  readonly message: string
}

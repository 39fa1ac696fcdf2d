import type { Source } from '@source-policy/core'
import type { Place, Role } from './types.ts'

/** A source, and what asks for it. */
export interface Fetch {
  readonly source: Source
  readonly role: Role
  readonly place?: Place
  readonly namedContext?: string
}

/** The files of a stage or image: what they are made of. Nothing is fetched that the target is not made of. */
export interface Content {
  readonly fetches: Fetch[]
  readonly inputs: Content[]
}

export function contentOf(...fetches: Fetch[]): Content {
  return { fetches, inputs: [] }
}

/** Every fetch that the content is made of, directly or not. */
export function fetchesOf(content: Content): Fetch[] {
  const seen = new Set([content])
  for (const { inputs } of seen) for (const input of inputs) seen.add(input)
  return [...seen].flatMap(({ fetches }) => fetches)
}

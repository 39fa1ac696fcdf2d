import type { HostCall, Lacking, Path } from '../query.ts'
import { equal } from '../value/compare.ts'
import { Hole } from '../value/hole.ts'
import type { Value } from '../value/value.ts'

/** What a blocked expression lacks: input paths and host calls, each once. */
export class Lacks {
  readonly paths = new Map<string, Path>()
  readonly calls = new Map<string, HostCall>()
  readonly failed = new Map<string, HostCall>()

  add(other: Lacks): this {
    if (other === this) return this
    for (const [key, path] of other.paths) this.paths.set(key, path)
    for (const [id, call] of other.calls) this.calls.set(id, call)
    for (const [id, call] of other.failed) this.failed.set(id, call)
    return this
  }

  /** What is here and not in `known`. */
  without(known: Lacks): Lacks {
    const rest = new Lacks()
    for (const [key, path] of this.paths) if (!known.paths.has(key)) rest.paths.set(key, path)
    for (const [id, call] of this.calls) if (!known.calls.has(id)) rest.calls.set(id, call)
    for (const [id, call] of this.failed) if (!known.failed.has(id)) rest.failed.set(id, call)
    return rest
  }

  toLacking(): Lacking {
    return { paths: [...this.paths.values()], calls: [...this.calls.values()], failed: [...this.failed.values()] }
  }
}

export const pathKey = (path: Path): string => JSON.stringify(path)

export function lacksPath(path: Path): Lacks {
  const lacks = new Lacks()
  lacks.paths.set(pathKey(path), path)
  return lacks
}

export function lacksCall(call: HostCall): Lacks {
  const lacks = new Lacks()
  lacks.calls.set(call.id, call)
  return lacks
}

export function lacksFailed(call: HostCall): Lacks {
  const lacks = new Lacks()
  lacks.failed.set(call.id, call)
  return lacks
}

export function joinLacks(all: Iterable<Lacks>): Lacks {
  const joined = new Lacks()
  for (const lacks of all) joined.add(lacks)
  return joined
}

/**
 * Joins what the blocked expressions of one body lack. Host calls wait while another expression awaits a field: an
 * answer that the field makes needless is never asked for. What an expression has from one before it (by a variable) is
 * not counted as its own.
 */
export function settle(entries: readonly Lacks[]): Lacks {
  if (entries.length === 1) return entries[0]!
  const seen = new Lacks()
  const own: Lacks[] = []
  for (const entry of entries) {
    own.push(entry.without(seen))
    seen.add(entry)
  }
  const awaiting = own.filter(entry => entry.paths.size > 0)
  const result = new Lacks()
  for (const entry of own) {
    for (const [key, path] of entry.paths) result.paths.set(key, path)
    for (const [id, call] of entry.failed) result.failed.set(id, call)
    if (awaiting.every(other => other === entry)) for (const [id, call] of entry.calls) result.calls.set(id, call)
  }
  return result
}

/**
 * Stands for a value that is not known. An unknown field of the input may also turn out not to be there; a comprehension
 * or a rule with a default that is blocked is `defined`: only what it is remains open, so that it can be held and passed on.
 */
export class Unknown extends Hole {
  readonly lacks: Lacks
  readonly defined: boolean
  /** The only values that it could have, where that much is known: what a rule's definitions give, a literal's own. */
  readonly values: readonly Value[] | undefined

  constructor(lacks: Lacks, defined: boolean, values?: readonly Value[]) {
    super(lacks.paths.values().next().value ?? [])
    this.lacks = lacks
    this.defined = defined
    this.values = values
  }

  /** What it is, if it is there at all; known, but maybe not all that is inside. Undefined where it could be several. */
  get only(): Value | undefined {
    return this.defined || this.values?.length !== 1 ? undefined : this.values[0]
  }

  /** Whether it could be the value, a known scalar. */
  couldBe(value: Value): boolean {
    return this.values === undefined || this.values.some(own => equal(own, value))
  }
}

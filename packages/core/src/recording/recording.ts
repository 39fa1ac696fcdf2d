import type { Facts } from '../facts.ts'
import type { Path } from '../path.ts'
import type { Answer } from '../resolver.ts'
import { formatPlatform, type Source } from '../source.ts'
import { redactIdentifier } from '../url.ts'

/** What a resolver found out about one source in a run: enough to decide the same again without asking anybody. */
export interface Recording {
  readonly source: RecordedSource
  /** In an order of their own: which answer came first depends on servers. */
  readonly resolved: readonly RecordedFacts[]
  readonly calls: readonly RecordedCall[]
  /** What the embedding program keeps of the source beside facts, by name: plain JSON. */
  readonly notes: Readonly<Record<string, unknown>>
}

/** A source without its secrets. */
export interface RecordedSource {
  readonly kind: string
  readonly identifier: string
  readonly attrs: Readonly<Record<string, string>>
  readonly platform?: string
  /** It was asked for without credentials, as materials are: another answer than with them. */
  readonly anonymous?: boolean
}

/** What came of one question. */
export interface RecordedFacts extends Facts {
  readonly asked: readonly Path[]
}

/** A call of a host function, and the files of the policy that it read: with other files the answer is another one. */
export interface RecordedCall {
  readonly name: string
  readonly path: Path
  readonly args: readonly unknown[]
  /** SHA-256 of each file by its path, in hexadecimal; null where there was none. */
  readonly reads: Readonly<Record<string, string | null>>
  readonly answer: Answer
}

/** Takes secrets out of a text. */
export type Redact = (text: string) => string

/** The source as it is recorded, and found again. */
export function recordedSource(source: Source, anonymous: boolean, redact: Redact): RecordedSource {
  const attrs = Object.entries(source.attrs).map(([name, value]) => [name, redact(redactIdentifier(value))] as const)
  return {
    kind: source.kind,
    identifier: redact(redactIdentifier(source.identifier)),
    attrs: Object.fromEntries(attrs.sort(([a], [b]) => (a < b ? -1 : 1))),
    ...(source.platform && { platform: formatPlatform(source.platform) }),
    ...(anonymous && { anonymous }),
  }
}

/** Equal for equal sources. */
export function recordedSourceKey({ kind, identifier, attrs, platform, anonymous = false }: RecordedSource): string {
  return JSON.stringify([kind, identifier, Object.entries(attrs), platform ?? null, anonymous])
}

/** Equal for calls that have the same answer, files apart. */
export function recordedCallKey({ name, path, args }: Pick<RecordedCall, 'name' | 'path' | 'args'>): string {
  return JSON.stringify([name, path, args])
}

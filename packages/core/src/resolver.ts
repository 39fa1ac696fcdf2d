import type { CodedError } from './error.ts'
import type { Facts } from './facts.ts'
import type { Input } from './input.ts'
import type { Path } from './path.ts'
import type { PolicyFiles } from './policy-set.ts'
import type { Run } from './run.ts'
import type { Platform, Source } from './source.ts'

/** What is known of a source without any I/O, and the fields that are not known yet. */
export interface Description {
  readonly input: Input
  /** Holes of the input; each names a field that `resolve` can answer for. */
  readonly unknown: readonly Path[]
}

export interface ResolveContext {
  readonly run: Run
  readonly signal: AbortSignal
  /** Nested sources are fetched without credentials unless the embedder allowed them. */
  readonly anonymous: boolean
}

/**
 * Finds out about one kind of source. `parse` and `describe` are pure; `resolve` does I/O and checks what it fetches.
 */
export interface Resolver {
  /** The kind of the sources that it makes, and the input's member: `image`, `git`, `http`. */
  readonly kind: string
  /** Schemes of its identifiers, without `://`. */
  readonly schemes: readonly string[]
  /** The source that an identifier names. Throws a coded error where the identifier is not one. */
  parse(
    identifier: string,
    options: { readonly attrs: Readonly<Record<string, string>>; readonly platform?: Platform },
  ): Source
  /** What is known without I/O. Throws a coded error where the source cannot be described. */
  describe(source: Source): Description
  /** Answers each of `paths`; whatever cannot be reached or does not check out is `unavailable`, never `absent`. */
  resolve(source: Source, paths: readonly Path[], context: ResolveContext): Promise<Facts>
  /** Functions that policies may call on sources of this kind: `verify_git_signature`, `artifact_attestation`. */
  readonly functions?: Readonly<Record<string, HostFunction>>
  /** The source with the digest added, where this kind can be pinned: what `pin_image` leads to. */
  pin?(source: Source, digest: string): Source
}

export interface HostFunctionContext extends ResolveContext {
  readonly source: Source
  /** The field of the source's input that the call names: `['git', 'commit']`. */
  readonly path: Path
  /** The files of the policy set that makes the call. */
  readonly files: PolicyFiles
}

/**
 * A value, with the reason where it says that something did not hold; or undefined with the reason (checked, and it did not
 * hold); or could not be checked. Reasons begin with the name of the function.
 */
export type Answer =
  | { readonly value: unknown; readonly reason?: string }
  | { readonly undefined: string }
  | { readonly unavailable: CodedError }

/** Rejects with the code `invalid_call` where the arguments are none of its: that breaks the policy, whatever the facts are. */
export type HostFunction = (args: readonly unknown[], context: HostFunctionContext) => Promise<Answer>

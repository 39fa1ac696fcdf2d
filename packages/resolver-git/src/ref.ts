import type { ListedRef } from './advertisement.ts'
import { GitError } from './error.ts'

/** What a ref is bound to for a run. */
export interface Binding {
  /** In full, or the commit where the source names one. */
  readonly ref: string
  /** A commit, or the object of an annotated tag. */
  readonly checksum: string
  /** The commit that it leads to, as the server says. */
  readonly commitChecksum: string
}

/** Full refs that a ref of a source may mean. */
export interface RefCandidates {
  /** `refs/<ref>` */
  readonly partial: string
  readonly branch: string
  readonly tag: string
}

/** `v1` may mean refs/v1, refs/heads/v1 and refs/tags/v1. */
export function candidatesOf(ref: string): RefCandidates {
  const under = (prefix: string) => (ref.startsWith(prefix) ? ref : prefix + ref)
  return { partial: under('refs/'), branch: under('refs/heads/'), tag: under('refs/tags/') }
}

/**
 * What a ref means among those that a server lists, as BuildKit finds it: a full ref, else a branch, else a tag.
 * Throws `ref_not_found`, or `ambiguous_ref` where BuildKit would fetch another ref than the one that is written.
 */
export function bindRef(ref: string, listed: readonly ListedRef[]): Binding {
  const { partial, branch, tag } = candidatesOf(ref)
  const byName = new Map(listed.map(entry => [entry.name, entry]))
  // hostile: a branch called refs/tags/v1 is refs/heads/refs/tags/v1, which BuildKit prefers to the tag v1
  const isTag = partial === tag
  if (isTag && byName.has(tag) && byName.has(branch)) {
    throw new GitError('ambiguous_ref', `looking up ${tag}: the repository has ${branch}, too`)
  }
  const found = byName.get(partial) ?? byName.get(branch) ?? byName.get(tag)
  if (found === undefined) {
    throw new GitError(
      'ref_not_found',
      `looking up ${JSON.stringify(ref)}: the repository has none of ${partial}, ${branch}, ${tag}`,
    )
  }
  return { ref: found.name, checksum: found.hash, commitChecksum: found.peeled ?? found.hash }
}

/** The short name of the branch that HEAD stands for. Throws `ref_not_found`. */
export function defaultBranchOf(listed: readonly ListedRef[]): string {
  const target = listed.find(({ name }) => name === 'HEAD')?.target
  const branch = /^refs\/heads\/(\S+)$/.exec(target ?? '')?.[1]
  if (branch === undefined)
    throw new GitError('ref_not_found', 'looking up the default branch: the repository names none')
  return branch
}

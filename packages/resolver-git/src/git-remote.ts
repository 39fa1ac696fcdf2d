import type { ListedRef } from './advertisement.ts'
import { GitError } from './error.ts'
import type { GitObject } from './git-hash.ts'
import { MAX_TAG_DEPTH } from './limits.ts'
import { pointeeOf } from './object.ts'

/** A repository somewhere else, whatever it is reached by. */
export interface GitRemote {
  /** The refs with these full names, as far as there are any; others may come along. */
  listRefs(names: readonly string[], signal: AbortSignal): Promise<readonly ListedRef[]>
  /** The commit that a commit or tag object leads to, with the tags on the way. */
  fetchCommit(hash: string, signal: AbortSignal): Promise<PeeledCommit>
  /** What a commit holds: its directories, and its files as they are asked for. */
  openCommit(hash: string, signal: AbortSignal): Promise<ObjectStore>
}

/** Objects by their hash, which was computed here. */
export interface ObjectStore {
  /** Throws `object_missing`, and what fetching it throws. */
  read(hash: string, signal: AbortSignal): Promise<GitObject>
}

/** Objects that came, and how those are had that did not come along. */
export function objectStore(
  objects: ReadonlyMap<string, GitObject>,
  fetch?: (hash: string, signal: AbortSignal) => Promise<GitObject | undefined>,
): ObjectStore {
  return {
    async read(hash, signal) {
      const object = objects.get(hash) ?? (await fetch?.(hash, signal))
      if (object === undefined) throw new GitError('object_missing', `the remote did not send object ${hash}`)
      return object
    },
  }
}

/** A commit, and the tags that lead to it, the outermost first. Their hashes were computed here. */
export interface PeeledCommit {
  readonly commit: GitObject
  readonly tags: readonly GitObject[]
}

/**
 * Follows tags from `hash` to a commit, through objects that come in any order; takes no more of them than it needs.
 * Throws `object_missing`, `object_mismatch`, `unexpected_object` or `too_large`.
 */
export async function peelCommit(hash: string, objects: AsyncIterable<GitObject>): Promise<PeeledCommit> {
  const seen = new Map<string, GitObject>()
  const tags: GitObject[] = []
  let wanted = { hash, type: undefined as string | undefined }
  for await (const object of objects) {
    seen.set(object.hash, object)
    for (let next = seen.get(wanted.hash); next !== undefined; next = seen.get(wanted.hash)) {
      if (wanted.type !== undefined && wanted.type !== next.type) {
        throw new GitError('object_mismatch', `object ${next.hash} is a ${next.type}, its tag says ${wanted.type}`)
      }
      if (next.type === 'commit') return { commit: next, tags }
      tags.push(next)
      if (tags.length > MAX_TAG_DEPTH)
        throw new GitError('too_large', `tag ${hash} leads through more than ${MAX_TAG_DEPTH} tags`)
      wanted = pointeeOf(next)
      if (wanted.type !== 'commit' && wanted.type !== 'tag') {
        throw new GitError('unexpected_object', `tag ${next.hash} leads to a ${wanted.type}, expected a commit`)
      }
    }
  }
  throw new GitError('object_missing', `the remote did not send object ${wanted.hash}, which it was asked for`)
}

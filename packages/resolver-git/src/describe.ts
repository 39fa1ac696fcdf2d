import type { Description, GitInput, Path } from '@source-policy/core'
import { isCommitHash } from '@source-policy/core/git-url'
import type { GitSource } from './git-source.ts'

/** Fields that a ref in full tells without asking anybody. */
const namedByRef = ['tagName', 'branch', 'ref'] as const
const namedByCommit = ['checksum', 'isAnnotatedTag', 'commitChecksum', 'isSHA256'] as const
const objects = ['tag', 'commit'] as const

/** What is known of a git source without I/O, and the holes in buildx's order. */
export function describeGit(source: GitSource): Description {
  const { url, fullURL, subdir, ref } = source
  const isCommitRef = isCommitHash(ref)
  const isFull = isCommitRef || ref.startsWith('refs/tags/') || ref.startsWith('refs/heads/')
  const git: GitInput = {
    schema: url.scheme,
    ...(url.host === '' ? {} : { host: url.host }),
    remote: url.remote,
    ...(fullURL === undefined ? {} : { fullURL }),
    ...(subdir === '' ? {} : { subDir: subdir }),
    ...(isFull ? nameFields(ref) : {}),
    ...(isCommitRef ? { isCommitRef, ...hashFields(ref, ref) } : {}),
  }
  const unknown: Path[] = [...(isFull ? [] : namedByRef), ...(isCommitRef ? [] : namedByCommit), ...objects].map(
    field => ['git', field],
  )
  return { input: { git }, unknown }
}

/** `ref`, and the tag or branch that it is. */
export function nameFields(ref: string): Pick<GitInput, 'ref' | 'tagName' | 'branch'> {
  const tagName = after(ref, 'refs/tags/')
  const branch = after(ref, 'refs/heads/')
  return {
    ...(ref === '' ? {} : { ref }),
    ...(tagName === '' ? {} : { tagName }),
    ...(branch === '' ? {} : { branch }),
  }
}

/** What the hashes of a ref say. */
export function hashFields(
  checksum: string,
  commitChecksum: string,
): Pick<GitInput, 'checksum' | 'commitChecksum' | 'isAnnotatedTag' | 'isSHA256'> {
  return {
    checksum,
    commitChecksum,
    ...(checksum === commitChecksum ? {} : { isAnnotatedTag: true }),
    ...(checksum.length === 64 ? { isSHA256: true } : {}),
  }
}

function after(ref: string, prefix: string): string {
  return ref.startsWith(prefix) ? ref.slice(prefix.length) : ''
}

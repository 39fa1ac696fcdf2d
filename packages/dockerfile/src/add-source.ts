import type { Source } from '@source-policy/core'
import { gitSource, parseGitRef } from '@source-policy/core/git-url'
import { parseURI } from '@source-policy/core/uri'
import { parseDigest } from '@source-policy/oci'
import { UNKNOWN } from './expansion/expand.ts'

export class InvalidSource extends Error {}

export interface AddOptions {
  readonly checksum: string
  readonly keepGitDir: boolean | undefined
}

export interface AddedSource {
  readonly source: Source
  /** What holds for the words after it: BuildKit carries over what a git URL says. */
  readonly following: AddOptions
}

/**
 * The remote source that a word of ADD names; undefined where it is a path of the build context.
 * Throws InvalidSource, CoreError (`invalid_git_url`) or OciError (the checksum is no digest).
 */
export function addSource(word: string, options: AddOptions): AddedSource | undefined {
  const { checksum, keepGitDir } = options
  const git = parseGitRef(word)
  if (git !== undefined && !git.indistinguishableFromLocal) {
    if (keepGitDir !== undefined && git.keepGitDir !== undefined && keepGitDir !== git.keepGitDir) {
      throw new InvalidSource('--keep-git-dir says otherwise than the URL')
    }
    if (checksum !== '' && git.checksum !== '' && checksum !== git.checksum) {
      throw new InvalidSource('--checksum says otherwise than the URL')
    }
    const keep = git.keepGitDir ?? keepGitDir
    const following = { checksum: git.checksum || checksum, keepGitDir: keep }
    const named = { ...git, checksum: following.checksum, ...(keep === undefined ? {} : { keepGitDir: keep }) }
    return { source: { kind: 'git', ...gitSource(named, 'add') }, following }
  }
  if (git !== undefined || !isHTTP(word)) return undefined
  const attrs = {
    'http.filename': downloadName(word),
    ...(checksum === '' ? {} : { 'http.checksum': parseDigest(checksum) }),
  }
  return { source: { kind: 'http', identifier: word, attrs }, following: options }
}

/** Whether a checksum can go with the word: a download or a git repository. */
export function takesChecksum(word: string): boolean {
  return isHTTP(word) || parseGitRef(word) !== undefined
}

/** Lower case only: `HTTPS://` is a path to BuildKit. */
function isHTTP(word: string): boolean {
  return word.startsWith('http://') || word.startsWith('https://')
}

/** The last part of the URL's path. */
export function downloadName(url: string): string {
  const path = (parseURI(url)?.path ?? '').replace(/\/+$/, '')
  const name = path.slice(path.lastIndexOf('/') + 1)
  return name === '' || name === '.' ? '__unnamed__' : name
}

/** Whether a word that is known in part is a path all the same: nothing can make a URL of `/a` or `dir/`. */
export function isSurelyPath(word: string): boolean {
  const known = word.slice(0, word.indexOf(UNKNOWN))
  return /^[A-Za-z0-9_-]*[^A-Za-z0-9_@:-]/.test(known)
}

import { CoreError, type Source } from '@source-policy/core'
import { cleanSubdir, type GitURL, isCommitHash, isGitTransport, parseGitURL } from '@source-policy/core/git-url'
import { GitError } from './error.ts'
import { MAX_REF_LENGTH } from './limits.ts'

/** Where a repository is: a git URL, or a directory of this machine. */
export type RemoteURL = Omit<GitURL, 'scheme'> & { readonly scheme: GitURL['scheme'] | 'file' }

/** What the identifier and the attributes of a git source say. */
export interface GitSource {
  /** Of the remote that is contacted. */
  readonly url: RemoteURL
  /** `git.fullurl` where it is given, with its protocol. */
  readonly fullURL?: string
  /** As it is written; empty where the default branch is meant. */
  readonly ref: string
  /** Clean, empty for the root of the repository. */
  readonly subdir: string
  /** `git.checksum`: what the ref must lead to, perhaps abbreviated. */
  readonly checksum: string
  /** `git.fetchbycommit`: the checksum is taken and the ref is not looked up. */
  readonly fetchByCommit: boolean
}

const SCHEME = 'git://'

/** Reads a source operation. Throws `invalid_identifier`. */
export function readGitSource({ identifier, attrs }: Pick<Source, 'identifier' | 'attrs'>): GitSource {
  if (!identifier.startsWith(SCHEME)) throw invalid(`expected ${SCHEME}..., got another scheme`)
  const named = readURL(identifier.slice(SCHEME.length), 'the identifier')
  const full = attrs['git.fullurl']
  const fullURL = full === undefined || full === '' ? undefined : withProtocol(full)
  const { ref = '', subdir = '' } = named
  // hostile: git, which the build hands it to, would take it for an option
  if (ref.startsWith('-')) throw invalid('the ref begins with -')
  if (/[\0-\x1f\x7f]/.test(ref)) throw invalid('the ref holds a control character')
  if (ref.length > MAX_REF_LENGTH) throw invalid(`the ref is longer than ${MAX_REF_LENGTH}`)
  const checksum = attrs['git.checksum'] ?? ''
  if (!/^[0-9a-fA-F]*$/.test(checksum)) throw invalid('git.checksum is not hexadecimal')
  return {
    url: fullURL === undefined ? named : readURL(fullURL, 'git.fullurl'),
    ...(fullURL === undefined ? {} : { fullURL }),
    ref,
    subdir,
    checksum,
    fetchByCommit: attrs['git.fetchbycommit'] === 'true',
  }
}

/** The commit that the source names in full, whether as its ref or as a checksum that is not to be looked up. */
export function namedCommit({ ref, checksum, fetchByCommit }: GitSource): string | undefined {
  if (isCommitHash(ref)) return ref
  return fetchByCommit && isCommitHash(checksum) ? checksum : undefined
}

function readURL(text: string, what: string): RemoteURL {
  let url: RemoteURL
  try {
    url = parseFileURL(text) ?? parseGitURL(withProtocol(text))
  } catch (cause) {
    throw invalid(`${what} is no git URL: ${cause instanceof CoreError ? cause.message : 'malformed'}`, cause)
  }
  if ((url.host === '') !== (url.scheme === 'file')) throw invalid(`${what} names no host`)
  // hostile: git and ssh would take it for an option
  if ([url.host, url.path, url.userinfo].some(part => part?.startsWith('-')))
    throw invalid(`${what} has a part that begins with -`)
  if (/[\0-\x1f\x7f]/.test(url.remote)) throw invalid(`${what} holds a control character`)
  return url
}

/** `file:///srv/app.git#ref:subdir`, which BuildKit does not know. */
function parseFileURL(text: string): RemoteURL | undefined {
  const [, path, fragment = ''] = /^file:\/\/(\/[^#]*)(?:#(.*))?$/.exec(text) ?? []
  if (path === undefined) return undefined
  const [ref = '', ...subdir] = fragment.split(':')
  const named = fragment === '' ? {} : { ref, subdir: cleanSubdir(subdir.join(':')) }
  return { scheme: 'file', host: '', path, remote: `file://${path}`, ...named }
}

/** Without protocol it is https; another protocol stays, to be refused, rather than become the name of a host. */
function withProtocol(text: string): string {
  return isGitTransport(text) || /^[a-zA-Z0-9+.-]+:\/\//.test(text) ? text : `https://${text}`
}

function invalid(problem: string, cause?: unknown): GitError {
  return new GitError('invalid_identifier', `reading a git source: ${problem}`, cause === undefined ? {} : { cause })
}

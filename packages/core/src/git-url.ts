import { CoreError } from './error.ts'
import { cut, isQuery, parseQuery, parseURI } from './uri.ts'

export type GitTransport = 'http' | 'https' | 'ssh' | 'git'

/** A git URL in BuildKit's grammar: a URL of a git transport or `user@host:path`, either with `#ref[:subdir]`. */
export interface GitURL {
  readonly scheme: GitTransport
  /** With the port. */
  readonly host: string
  /** Percent-decoded; without a leading slash where the scp form has none. */
  readonly path: string
  /** `user` or `user:password`, percent-encoded. */
  readonly userinfo?: string
  readonly query?: ReadonlyMap<string, readonly string[]>
  /** Present, perhaps empty, where there is a fragment. */
  readonly ref?: string
  /** Present where there is a fragment; without leading slash, never outside the repository, empty for its root. */
  readonly subdir?: string
  /** What git is given: the URL without query and fragment. */
  readonly remote: string
}

/** A git reference as a build names it: the URL with the meaning of its fragment and its query. */
export interface GitRef {
  readonly remote: string
  /** Last part of the path without `.git`. */
  readonly shortName: string
  /** Tag, branch, full ref or commit; empty where none is named. */
  readonly ref: string
  /** As written: the fragment's is cleaned, the query's may begin with a slash. */
  readonly subdir: string
  /** Commit that `ref` must lead to, perhaps abbreviated; empty where none is named. */
  readonly checksum: string
  readonly mtime?: 'checkout' | 'commit'
  readonly keepGitDir?: boolean
  readonly submodules?: boolean
  /** The checksum is fetched without looking the ref up. */
  readonly fetchByCommit: boolean
  /** The deprecated form `github.com/...`, which may be a path as well. */
  readonly indistinguishableFromLocal: boolean
  /** `http:` or `git:`. */
  readonly unencryptedTCP: boolean
}

const transports: ReadonlySet<string> = new Set<GitTransport>(['http', 'https', 'ssh', 'git'])
const scpForm = /^([a-zA-Z0-9\-_]+)@([a-zA-Z0-9\-.]+):([^\n]*?)(?:\?([^\n]*?))?(?:#([^\n]*))?$/
const protocol = /^([a-zA-Z0-9]+):\/\//

/** Whether the text begins as a git URL does: a known scheme, or the scp form. Never throws. */
export function isGitTransport(text: string): boolean {
  const scheme = protocol.exec(text)?.[1]
  return scheme === undefined ? isSCPForm(text) : transports.has(scheme.toLowerCase())
}

/** Whether the text is `user@host:path`, which means SSH without saying so. Never throws. */
export function isSCPForm(text: string): boolean {
  return !protocol.test(text) && scpForm.test(text)
}

/** The parts of a git URL. Throws `invalid_git_url` where the text is none, without repeating its credentials. */
export function parseGitURL(text: string): GitURL {
  const scheme = protocol.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined) return parseSCPForm(text)
  if (!transports.has(scheme)) throw invalid(`protocol ${scheme} is none of http, https, ssh, git`)
  const uri = parseURI(text)
  if (uri === undefined) throw invalid('malformed URL')
  return {
    scheme: uri.scheme as GitTransport,
    host: uri.host,
    path: uri.path,
    ...(uri.userinfo === undefined ? {} : { userinfo: uri.userinfo }),
    ...queryOf(uri.rawQuery),
    ...fragmentOf(uri.fragment),
    // an empty query is part of what git is given
    remote: `${uri.base}${/^[^?#]*\?(?:#|$)/.test(text) ? '?' : ''}`,
  }
}

function parseSCPForm(text: string): GitURL {
  const match = scpForm.exec(text)
  if (match === null) throw invalid('no protocol and not user@host:path')
  const [, user = '', host = '', path = '', rawQuery = '', fragment = ''] = match
  // the query of a URL may be malformed in parts, that of the scp form may not
  if (!isQuery(rawQuery)) throw invalid('malformed query')
  return {
    scheme: 'ssh',
    host,
    path,
    userinfo: user,
    ...queryOf(rawQuery),
    ...fragmentOf(fragment),
    remote: `${user}@${host}:${path}`,
  }
}

function queryOf(rawQuery: string): Pick<GitURL, 'query'> {
  const query = parseQuery(rawQuery)
  return query.size === 0 ? {} : { query }
}

function fragmentOf(fragment: string): Pick<GitURL, 'ref' | 'subdir'> {
  if (fragment === '') return {}
  const [ref, subdir] = cut(fragment, ':')
  return { ref, subdir: cleanSubdir(subdir) }
}

/** The directory as seen from the root of the repository, which it cannot leave: `a/../../b/` becomes `b`. */
export function cleanSubdir(subdir: string): string {
  const parts: string[] = []
  for (const part of subdir.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts.join('/')
}

/** Whether it is a commit (or tag object) in full: 40 or 64 lower-case hexadecimal digits. */
export function isCommitHash(ref: string): boolean {
  return /^(?:[a-f0-9]{40}|[a-f0-9]{64})$/.test(ref)
}

/**
 * What a build context or an ADD source means where it is a git reference; undefined where it is none (a path, a download).
 * Throws `invalid_git_url` where it is one but says something wrong: it must not be taken for a download then.
 *
 * @see https://docs.docker.com/build/concepts/context/#git-repositories
 */
export function parseGitRef(text: string): GitRef | undefined {
  if (text.startsWith('./') || text.startsWith('../')) return undefined
  const indistinguishableFromLocal = text.startsWith('github.com/')
  const url = tryParse(indistinguishableFromLocal ? `https:///${text}` : text)
  if (url === undefined) return undefined
  const overHTTP = url.scheme === 'http' || url.scheme === 'https'
  if (overHTTP && !indistinguishableFromLocal && !url.path.endsWith('.git')) return undefined

  const remote = indistinguishableFromLocal ? url.remote.slice('https:///'.length) : url.remote
  const named = { ref: url.ref ?? '', subdir: url.subdir ?? '' }
  return {
    remote,
    shortName: remote.slice(remote.lastIndexOf('/') + 1).replace(/\.git$/, ''),
    ...parseParameters(url.query ?? new Map(), named),
    indistinguishableFromLocal,
    unencryptedTCP: !indistinguishableFromLocal && (url.scheme === 'http' || url.scheme === 'git'),
  }
}

function tryParse(text: string): GitURL | undefined {
  try {
    return parseGitURL(text)
  } catch {
    // not a URL that git could be given: not git
    return undefined
  }
}

type Parameters = Pick<GitRef, 'ref' | 'subdir' | 'checksum' | 'mtime' | 'keepGitDir' | 'submodules' | 'fetchByCommit'>

const textParameters = ['ref', 'tag', 'branch', 'subdir', 'checksum', 'commit', 'mtime'] as const
const flagParameters = ['keep-git-dir', 'submodules', 'fetch-by-commit'] as const
const flagValues: ReadonlyMap<string, boolean> = new Map([
  ...['', '1', 't', 'T', 'TRUE', 'true', 'True'].map(text => [text, true] as const),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map(text => [text, false] as const),
])

function parseParameters(
  query: ReadonlyMap<string, readonly string[]>,
  fragment: { readonly ref: string; readonly subdir: string },
): Parameters {
  const texts = new Map<string, string>()
  const flags = new Map<string, boolean>()
  for (const [name, values] of query) {
    const [value = ''] = values
    const isFlag = (flagParameters as readonly string[]).includes(name)
    if (values.length > 1) throw invalid(`query ${JSON.stringify(name)} has multiple values`)
    if (!isFlag && !(textParameters as readonly string[]).includes(name)) {
      throw invalid(`unexpected query ${JSON.stringify(name)}`)
    }
    if (!isFlag) {
      if (value === '') throw invalid(`query ${JSON.stringify(name)} has no value`)
      texts.set(name, value)
    } else {
      const flag = flagValues.get(value)
      if (flag === undefined) throw invalid(`invalid ${name} value: ${JSON.stringify(value)}`)
      flags.set(name, flag)
    }
  }

  const tag = texts.get('tag')
  const branch = texts.get('branch')
  if (tag !== undefined && branch !== undefined) throw invalid('branch conflicts with tag')
  const mtime = texts.get('mtime')
  if (mtime !== undefined && mtime !== 'checkout' && mtime !== 'commit') {
    throw invalid(`invalid mtime value: ${JSON.stringify(mtime)}`)
  }
  const keepGitDir = flags.get('keep-git-dir')
  const submodules = flags.get('submodules')
  return {
    ref: agreed('ref', [fragment.ref, texts.get('ref'), qualify(tag, 'refs/tags/'), qualify(branch, 'refs/heads/')]),
    subdir: agreed('subdir', [fragment.subdir, texts.get('subdir')]),
    checksum: agreed('checksum', [texts.get('checksum'), texts.get('commit')]),
    ...(mtime === undefined ? {} : { mtime }),
    ...(keepGitDir === undefined ? {} : { keepGitDir }),
    ...(submodules === undefined ? {} : { submodules }),
    fetchByCommit: flags.get('fetch-by-commit') ?? false,
  }
}

function qualify(name: string | undefined, prefix: string): string | undefined {
  return name === undefined || name.startsWith(prefix) ? name : prefix + name
}

/** The one value that all say who say anything; empty where nobody does. */
function agreed(what: string, values: readonly (string | undefined)[]): string {
  let value = ''
  for (const other of values) {
    if (other === undefined || other === '' || other === value) continue
    if (value !== '') throw invalid(`${what} conflicts: ${JSON.stringify(value)} vs ${JSON.stringify(other)}`)
    value = other
  }
  return value
}

/**
 * The reference with its ref, and its directory where `withSubdir` is set, in the fragment:
 * `https://github.com/moby/buildkit.git#v1.0.0:subdir`. Undefined where the text is no git reference. Never throws.
 */
export function formatGitFragment(text: string, options: { readonly withSubdir: boolean }): string | undefined {
  let named: GitRef | undefined
  try {
    named = parseGitRef(text)
  } catch {
    // a reference that says something wrong has no simpler form
    return undefined
  }
  return named && named.remote + fragmentText(named.ref, options.withSubdir ? cleanSubdir(named.subdir) : '')
}

function fragmentText(ref: string, subdir: string): string {
  const below = subdir === '' ? '' : `:${subdir}`
  return ref === '' && below === '' ? '' : `#${ref}${below}`
}

/**
 * The identifier of a git source, the same for each transport: `git://github.com/moby/buildkit.git#v1.0.0:subdir`.
 * Throws `invalid_git_url` where `remote` is no git URL; without protocol it means `https://`.
 */
export function gitIdentifier(remote: string, ref = '', subdir = ''): string {
  const { host, path } = parseGitURL(isGitTransport(remote) ? remote : `https://${remote}`)
  return `git://${host}/${cleanSubdir(path)}${fragmentText(ref, cleanSubdir(subdir))}`
}

/**
 * The identifier and the attributes of the source operation that BuildKit's frontend makes of a git reference.
 * `mtime` counts for a build context only. Known hosts of SSH, which the frontend asks the network for, are not among them.
 */
export function gitSource(
  named: GitRef,
  use: 'context' | 'add' = 'add',
): {
  readonly identifier: string
  readonly attrs: Readonly<Record<string, string>>
} {
  const remote = isGitTransport(named.remote) ? named.remote : `https://${named.remote}`
  return {
    // a directory that the query names goes in as it is written, unlike that of a fragment
    identifier: gitIdentifier(remote) + fragmentText(named.ref, named.subdir),
    attrs: {
      'git.fullurl': remote,
      'git.authtokensecret': 'GIT_AUTH_TOKEN',
      'git.authheadersecret': 'GIT_AUTH_HEADER',
      ...(parseGitURL(remote).scheme === 'ssh' ? { 'git.mountsshsock': 'default' } : {}),
      ...(named.keepGitDir === true ? { 'git.keepgitdir': 'true' } : {}),
      ...(named.checksum === '' ? {} : { 'git.checksum': named.checksum }),
      ...(named.submodules === false ? { 'git.skipsubmodules': 'true' } : {}),
      ...(named.mtime !== undefined && use === 'context' ? { 'git.mtime': named.mtime } : {}),
      ...(named.fetchByCommit ? { 'git.fetchbycommit': 'true' } : {}),
    },
  }
}

function invalid(problem: string): CoreError {
  return new CoreError('invalid_git_url', `parsing a git URL: ${problem}`)
}

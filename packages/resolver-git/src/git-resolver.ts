import type { ResolveContext, Resolver } from '@source-policy/core'
import type { GitURL } from '@source-policy/core/git-url'
import type { Transport } from '@source-policy/transport'
import { credentialOfUserinfo, type GitCredential } from './credentials.ts'
import { describeGit } from './describe.ts'
import { GitError } from './error.ts'
import { gitBinary } from './git-binary.ts'
import { type GitFilesReader, gitFilesReader } from './git-files.ts'
import type { GitBinary } from './git-process.ts'
import { gitSigner, type ObjectFetcher, verifyGitSignature } from './git-signature.ts'
import { type RemoteURL, readGitSource } from './git-source.ts'
import { type BoundRemote, fetchObjects, resolveGit } from './resolve.ts'
import { smartHTTP } from './smart-http.ts'
import type { TrustRootFinder } from './x509-signature.ts'

export interface GitResolverOptions {
  readonly transport: Transport
  /**
   * The credential for a host (with its port), which goes before one in the URL. Never asked for sources that are to be
   * fetched without credentials. Default: none; see `gitSecrets`.
   */
  readonly credentialsFor?: CredentialFinder
  /** Asked only where a host wants a credential and none was sent. Default: nobody; see `gitCredentialHelper`. */
  readonly askCredential?: CredentialFinder
  /** For `ssh://`, `user@host:path`, `git://` and `file://`. Default: git in the PATH, with the user's SSH. */
  readonly git?: GitBinary
  /** Whether `git://file:///...` may read repositories of this machine. Default: false. */
  readonly localRepositories?: boolean
  /** Whom signatures by gitsign have to lead to. Default: the public Sigstore instance, as embedded in @source-policy/attestation. */
  readonly trustRoots?: TrustRootFinder
}

/** The credential for a host with its port, if any. */
export type CredentialFinder = (host: string) => GitCredential | undefined | Promise<GitCredential | undefined>

/** Facts about git sources: `git://github.com/moby/buildkit.git#v0.21.0`. */
export function gitResolver(options: GitResolverOptions): Resolver {
  const objectsOf: ObjectFetcher = context => {
    const git = readGitSource(context.source)
    return fetchObjects(git, () => remoteOf(git.url, options, context), context)
  }
  return {
    kind: 'git',
    schemes: ['git'],
    parse(identifier, { attrs, platform }) {
      const source = { kind: 'git', identifier, attrs, ...(platform && { platform }) }
      readGitSource(source)
      return source
    },
    describe: source => describeGit(readGitSource(source)),
    async resolve(source, paths, context) {
      const git = readGitSource(source)
      return resolveGit(git, paths, () => remoteOf(git.url, options, context), context, options.trustRoots)
    },
    functions: { verify_git_signature: verifyGitSignature(objectsOf), git_signer: gitSigner(objectsOf) },
  }
}

/** Reads the files of git sources, at the commits that a resolver with the same options tells of in the same run. */
export function gitFiles(options: GitResolverOptions): GitFilesReader {
  return gitFilesReader((git, context) => remoteOf(git.url, options, context))
}

async function remoteOf(url: RemoteURL, options: GitResolverOptions, context: ResolveContext): Promise<BoundRemote> {
  const { transport } = options
  const { run, anonymous } = context
  const name = `${url.scheme}://${url.host}/${url.path.replace(/^\/+/, '')}`
  const key = anonymous ? `anonymous:${name}` : name
  if (isHTTP(url)) {
    const credential = anonymous ? undefined : await credentialOf(url, options)
    const ask = anonymous || credential !== undefined ? undefined : options.askCredential
    const remote = smartHTTP({ transport, url, run, key, ...(credential && { credential }), ...(ask && { ask }) })
    return { remote, name, key }
  }
  refuseTransport(url, options, anonymous)
  return { remote: gitBinary({ binary: options.git ?? {}, transport, url, run }), name, key }
}

function isHTTP(url: RemoteURL): url is GitURL {
  return url.scheme === 'http' || url.scheme === 'https'
}

function refuseTransport(
  { scheme }: RemoteURL,
  { localRepositories = false }: GitResolverOptions,
  anonymous: boolean,
): void {
  if (scheme === 'file' && (!localRepositories || anonymous)) {
    throw new GitError('unsupported_protocol', 'repositories of this machine may not be read')
  }
  // the keys of the user are credentials
  if (scheme === 'ssh' && anonymous) throw new GitError('unauthorized', 'SSH needs credentials, and none may be used')
}

async function credentialOf(
  { host, userinfo }: GitURL,
  options: GitResolverOptions,
): Promise<GitCredential | undefined> {
  const given = await options.credentialsFor?.(host)
  return given ?? (userinfo === undefined ? undefined : credentialOfUserinfo(userinfo))
}

import type { ResolveContext, Resolver } from '@source-policy/core'
import type { GitURL } from '@source-policy/core/git-url'
import type { Transport } from '@source-policy/transport'
import { credentialOfUserinfo, type GitCredential } from './credentials.ts'
import { describeGit } from './describe.ts'
import { GitError } from './error.ts'
import { gitSigner, type ObjectFetcher, verifyGitSignature } from './git-signature.ts'
import { readGitSource } from './git-source.ts'
import { type BoundRemote, fetchObjects, resolveGit } from './resolve.ts'
import { smartHTTP } from './smart-http.ts'

export interface GitResolverOptions {
  readonly transport: Transport
  /**
   * The credential for a host (with its port), which goes before one in the URL. Never asked for sources that are to be
   * fetched without credentials. Default: none; see `gitSecrets`.
   */
  readonly credentialsFor?: (host: string) => GitCredential | undefined | Promise<GitCredential | undefined>
}

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
      return resolveGit(git, paths, () => remoteOf(git.url, options, context), context)
    },
    functions: { verify_git_signature: verifyGitSignature(objectsOf), git_signer: gitSigner(objectsOf) },
  }
}

async function remoteOf(
  url: GitURL,
  options: GitResolverOptions,
  { run, anonymous }: ResolveContext,
): Promise<BoundRemote> {
  const name = `${url.scheme}://${url.host}/${url.path.replace(/^\/+/, '')}`
  const key = anonymous ? `anonymous:${name}` : name
  if (url.scheme !== 'http' && url.scheme !== 'https') {
    throw new GitError('unsupported_protocol', `${url.scheme}: there is no transport for it`)
  }
  const credential = anonymous ? undefined : await credentialOf(url, options)
  const remote = smartHTTP({ transport: options.transport, url, run, key, ...(credential && { credential }) })
  return { remote, name, key }
}

async function credentialOf(
  { host, userinfo }: GitURL,
  options: GitResolverOptions,
): Promise<GitCredential | undefined> {
  const given = await options.credentialsFor?.(host)
  return given ?? (userinfo === undefined ? undefined : credentialOfUserinfo(userinfo))
}

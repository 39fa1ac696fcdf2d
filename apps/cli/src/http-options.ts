import type { TrustRoot } from '@source-policy/attestation'
import type { HTTPResolverOptions } from '@source-policy/resolver-http'
import { CliError } from './error.ts'
import type { IO } from './io.ts'
import type { GivenSecrets } from './secret-flag.ts'
import { readTrustRoots } from './trust-roots.ts'

/** What the operator says of signatures and attestations of HTTP sources. */
export interface HTTPFlags {
  /** When OpenPGP keys must be valid. */
  readonly pgpValidity?: NonNullable<HTTPResolverOptions['keyValidity']>
  /** Base URL of the REST API of a GitHub Enterprise. */
  readonly githubApi?: string
  /** File with GitHub's own trust root, from the working directory. */
  readonly githubTrustedRoot?: string
}

/** The options of the HTTP resolver that flags and secrets make. Throws `usage`; files are read when they are needed. */
export function httpOptions(
  { pgpValidity, githubApi, githubTrustedRoot }: HTTPFlags,
  given: GivenSecrets,
  io: Pick<IO, 'cwd'>,
): Omit<HTTPResolverOptions, 'transport'> {
  if (githubApi !== undefined && !/^https?:\/\/[^/?#@]+(?:\/[^?#]*)?$/.test(githubApi)) {
    throw new CliError('usage', '--github-api: expected a URL such as https://github.example.com/api/v3')
  }
  const token = Object.hasOwn(given, 'GITHUB_TOKEN') ? given.GITHUB_TOKEN : undefined
  let roots: Promise<TrustRoot[]> | undefined
  return {
    // a source may name any secret, and the build's author chose its host: only those that name a host themselves are for it
    secret: id => (/^HTTP_AUTH_(?:TOKEN|HEADER)_/.test(id) && Object.hasOwn(given, id) ? given[id] : undefined),
    ...(pgpValidity && { keyValidity: pgpValidity }),
    github: {
      ...(githubApi !== undefined && { api: githubApi }),
      ...(token !== undefined && { token }),
      ...(githubTrustedRoot !== undefined && {
        trustRoots() {
          roots ??= readTrustRoots(githubTrustedRoot, io)
          return roots
        },
      }),
    },
  }
}

import { isGitTransport, parseGitRef, parseGitURL } from '@source-policy/core/git-url'

/** The host, with its port, of a build context that is a git repository: secrets for no host in particular are for it. */
export function gitHostOf(context: string): string | undefined {
  try {
    const remote = parseGitRef(context)?.remote
    return remote === undefined ? undefined : parseGitURL(isGitTransport(remote) ? remote : `https://${remote}`).host
  } catch {
    // whoever reads the context says what is wrong with it
    return undefined
  }
}

import { GitError } from './error.ts'

/** What a git host is given over HTTP: BuildKit's GIT_AUTH_TOKEN, its GIT_AUTH_HEADER, or a name and password. */
export type GitCredential =
  | { readonly token: string }
  | { readonly header: string }
  | { readonly username: string; readonly password: string }

/** Value of the `Authorization` header. Throws `unauthorized` where it could not be one. */
export function authorizationValue(credential: GitCredential): string {
  const value = 'header' in credential ? credential.header.trim() : basic(credential)
  if (!/^[\x20-\x7e]+$/.test(value))
    throw new GitError('unauthorized', 'the credential for git cannot be sent in a header')
  return value
}

function basic(
  credential: { readonly token: string } | { readonly username: string; readonly password: string },
): string {
  const { username, password } =
    'token' in credential ? { username: 'x-access-token', password: credential.token } : credential
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

/** The credential in a URL's userinfo (`user:password`, percent-encoded). Throws `unauthorized` where it is malformed. */
export function credentialOfUserinfo(userinfo: string): GitCredential {
  const at = userinfo.indexOf(':')
  try {
    const username = decodeURIComponent(at === -1 ? userinfo : userinfo.slice(0, at))
    return { username, password: at === -1 ? '' : decodeURIComponent(userinfo.slice(at + 1)) }
  } catch (cause) {
    throw new GitError('unauthorized', 'the credentials in the URL are not percent-encoded text', { cause })
  }
}

export interface GitSecretsOptions {
  /** Secrets by name: `GIT_AUTH_TOKEN`, `GIT_AUTH_HEADER`, `GIT_AUTH_TOKEN.github.com`, ... */
  readonly secrets: Readonly<Record<string, string | undefined>>
  /** Host, with its port, of the main context where that is a git repository: only it gets a secret that names no host. */
  readonly mainContextHost?: string
}

/**
 * Credentials by host from BuildKit's secrets, in its order: the header and then the token for the host,
 * then those for no host in particular.
 */
export function gitSecrets({
  secrets,
  mainContextHost,
}: GitSecretsOptions): (host: string) => GitCredential | undefined {
  const named = (suffix: string): GitCredential | undefined => {
    const header = own(secrets, `GIT_AUTH_HEADER${suffix}`)
    if (header !== undefined) return { header }
    const token = own(secrets, `GIT_AUTH_TOKEN${suffix}`)
    return token === undefined ? undefined : { token }
  }
  return host => named(`.${host}`) ?? (host === mainContextHost ? named('') : undefined)
}

function own(secrets: Readonly<Record<string, string | undefined>>, name: string): string | undefined {
  const value = Object.hasOwn(secrets, name) ? secrets[name] : undefined
  return value === '' ? undefined : value
}

/** What a registry knows somebody by. */
export type Credentials =
  | { readonly username: string; readonly password: string }
  /** A token for the token endpoint, in place of a password. */
  | { readonly identityToken: string }
  /** A token for the registry itself. */
  | { readonly registryToken: string }

/**
 * The credentials for a registry (`ghcr.io`, `localhost:5000`; `docker.io` for Docker Hub); undefined where there are none.
 * Throws `credentials_invalid` where they are there but cannot be read.
 */
export type CredentialsFor = (
  registry: string,
  options: { readonly signal: AbortSignal },
) => Promise<Credentials | undefined>

/**
 * A platform as OCI names it: `{ os: 'linux', architecture: 'arm', variant: 'v7' }`.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md#image-index-property-descriptions
 */
export interface Platform {
  readonly os: string
  readonly architecture: string
  readonly variant?: string
  readonly osVersion?: string
  readonly osFeatures?: readonly string[]
}

/**
 * What a build wants: an identifier in BuildKit's form with the attributes of its source operation.
 *
 * `kind` is the kind of the resolver that parsed it (`image`, `git`, `http`, `local`); a plug-in may bring a new one.
 */
export interface Source {
  readonly kind: string
  /** For example `docker-image://docker.io/library/alpine:3.22`. */
  readonly identifier: string
  /** For example `{ 'git.fullurl': 'https://github.com/moby/buildkit.git' }`. */
  readonly attrs: Readonly<Record<string, string>>
  readonly platform?: Platform
}

/** `linux/arm64`, `linux/arm/v7`: the form that containerd prints. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, variant].filter(part => part !== undefined && part !== '').join('/')
}

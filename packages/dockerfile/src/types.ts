import type { Platform, Source } from '@source-policy/core'

/** A place in a Dockerfile; line and column count from 1, columns in UTF-16 units. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** What the build uses a source for. */
export type Role =
  /** The external frontend that `# syntax=` or BUILDKIT_SYNTAX names. */
  | 'syntax'
  /** The directory or remote that the Dockerfile is read from. */
  | 'dockerfile'
  /** The build context. */
  | 'context'
  /** `FROM`. */
  | 'base'
  /** `COPY --from`. */
  | 'copy-from'
  /** `RUN --mount=from`. */
  | 'mount-from'
  /** `ADD` of a URL or git repository. */
  | 'add'
  /** What SOURCE_DATE_EPOCH takes the time from. */
  | 'epoch'
  /** The image that makes the SBOM. */
  | 'sbom'

/** A source that the build fetches, as BuildKit would name it. */
export interface FoundSource {
  /** Identifier and attributes exactly as BuildKit makes them; a platform for images and OCI layouts only. */
  readonly source: Source
  /** Every place that asks for it, in the order of the file; empty for what no line names (the build context). */
  readonly locations: readonly Place[]
  readonly roles: readonly Role[]
  /** The named context that put it in the place of what the Dockerfile says. */
  readonly namedContext?: string
}

/** The configuration of a base image, as far as it bears on sources. */
export interface BaseConfig {
  /** `['PATH=/bin', ...]`. */
  readonly env?: readonly string[]
  /** Instructions that run in each stage built on it. */
  readonly onbuild?: readonly string[]
  /** Default: `/`. */
  readonly workingDir?: string
}

/** A base image whose configuration would tell what is still undetermined. */
export interface ConfigNeed {
  /** The image source: what to resolve. */
  readonly source: Source
  /** `env`: an expansion needs its variables; `onbuild`: it may hold triggers. */
  readonly why: 'env' | 'onbuild'
  readonly locations: readonly Place[]
}

/** Something that names a source which cannot be told before the build, and why. */
export interface Undetermined {
  readonly kind: /** A word needs variables of a base image whose configuration is not known. */
    | 'env'
    /** A base image whose configuration is not known may hold triggers with sources of their own. */
    | 'onbuild'
    /** A foreign frontend reads the file: what it makes of it is its own affair. */
    | 'frontend'
    /** The build was given a source as an input by whoever embeds it. */
    | 'input'
  readonly location: Place
  /** The words of the Dockerfile: `ADD ${URL}/app.tgz`. */
  readonly text: string
  readonly why: string
}

export interface SourcesOptions {
  /** `--build-arg`; BUILDKIT_SYNTAX and the other arguments that the frontend itself reads included. */
  readonly buildArgs?: Readonly<Record<string, string>>
  /** `--target`: a stage's name; default: the last stage. */
  readonly target?: string
  /** `--platform`; default: none asked for, the build platform. */
  readonly platforms?: readonly Platform[]
  /** The platform that the build runs on. */
  readonly buildPlatform: Platform
  /** `--build-context`: `{ 'alpine': 'docker-image://alpine:3.22', 'lib': 'local:lib', 'lib::linux/arm64': '...' }`. */
  readonly contexts?: Readonly<Record<string, string>>
  /** The build context where it is remote: a git or http URL. Default: the local directory. */
  readonly context?: string
  /** True where the Dockerfile comes from the client although the context is remote. Default: false. */
  readonly localDockerfile?: boolean
  /** True where `<Dockerfile>.dockerignore` exists, which spares the read of the context's own. Default: false. */
  readonly ownDockerignore?: boolean
  /** The generator of `--attest type=sbom`: an image reference. Default: none. */
  readonly sbomGenerator?: string
  /** What is known of a base image's configuration; asked for stages that the target reaches only. */
  readonly baseConfig?: (source: Source) => BaseConfig | undefined
}

export interface DockerfileSources {
  readonly sources: readonly FoundSource[]
  /** Base configurations that would tell more, the fewest that suffice to go on; then ask again. */
  readonly needs: readonly ConfigNeed[]
  /** What stays open while `needs` are not met: never left out silently. */
  readonly undetermined: readonly Undetermined[]
}

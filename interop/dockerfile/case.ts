/** One build: a Dockerfile and what is given with it, in the words of the command line. */
export interface Case {
  readonly name: string
  readonly dockerfile: string
  readonly options?: CaseOptions
}

export interface CaseOptions {
  readonly target?: string
  readonly buildArgs?: Readonly<Record<string, string>>
  readonly platforms?: readonly string[]
  /** Default: `linux/amd64`. */
  readonly buildPlatform?: string
  readonly contexts?: Readonly<Record<string, string>>
  readonly context?: string
  readonly localDockerfile?: boolean
  readonly ownDockerignore?: boolean
  readonly sbomGenerator?: string
  /** Configurations of images by full reference: `docker.io/library/alpine:latest`. */
  readonly configs?: Readonly<Record<string, ImageConfig>>
}

export interface ImageConfig {
  readonly env?: readonly string[]
  readonly onbuild?: readonly string[]
  readonly workingDir?: string
}

/** What came of a build: its sources as sorted lines, or why it is refused. */
export type Outcome = { readonly sources: readonly string[] } | { readonly refused: string }

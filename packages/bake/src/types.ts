/** One build that a file asks for, its inheritance resolved. Paths are as written. */
export interface BakeTarget {
  readonly name: string
  /** Directory or URL. */
  readonly context: string
  /** Relative to the context. */
  readonly dockerfile?: string
  /** The Dockerfile itself, in place of a file. */
  readonly dockerfileInline?: string
  /** The stage that is built. */
  readonly target?: string
  readonly args: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly platforms: readonly string[]
  /** Named contexts: directories, URLs, and `target:<name>` for what another target builds. */
  readonly contexts: Readonly<Record<string, string>>
  /** Entries of `policy` as written: `--policy` values, bare file names, objects with the same keys. */
  readonly policies: readonly PolicyEntry[]
  /** `type=sbom,generator=...`, `type=provenance,mode=max`. */
  readonly attests: readonly string[]
}

export type PolicyEntry = string | Readonly<Record<string, unknown>>

/** What of a file is to be built. */
export interface Bake {
  readonly format: 'bake' | 'compose'
  /** Each once: those that were asked for, then those whose results they take as contexts. */
  readonly targets: readonly BakeTarget[]
}

export interface ReadBakeOptions {
  /** Its name, for errors and to tell HCL from the rest. */
  readonly file: string
  /** Targets, groups or services. Default: the group or target `default`; of a compose file all that are built. */
  readonly targets?: readonly string[]
  /**
   * Values of variables. A name with the value undefined is known to be unset. Whatever else the file mentions without
   * a default is an error: a guess would check another build than the one that takes place. Default: none.
   */
  readonly variables?: ReadonlyMap<string, string | undefined>
  /**
   * Names that the environment sets, where bake and compose look before they take a default. One that the file uses and `variables`
   * does not have is an error, too. Default: none.
   */
  readonly environment?: Iterable<string>
}

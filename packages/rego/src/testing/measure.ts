/** What became of one hostile text: the code of the error that ended it, `none` where it ended by itself. */
export interface Measured {
  readonly name: string
  readonly code: string
  /** Milliseconds by the clock, or of the processor if that is less: what others on the machine take is not ours. */
  readonly milliseconds: number
  /** Milliseconds by the clock. */
  readonly clock: number
  /** Bytes that the process has grown by at its largest. */
  readonly bytes: number
}

/** The exit code of a process is told by its parent; a line that ends with neither comes from a process that died. */
export type Line = { readonly begins: string } | Measured

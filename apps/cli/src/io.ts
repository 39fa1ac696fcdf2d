/** Where text goes. */
export interface Sink {
  write(text: string): void
  readonly isTTY: boolean
}

/** All that the command has of the process around it, so that it can run inside another one. */
export interface IO {
  readonly stdout: Sink
  readonly stderr: Sink
  readonly env: Readonly<Record<string, string | undefined>>
  /** Absolute. */
  readonly cwd: string
  readonly signal: AbortSignal
  /** All of standard input. Throws `unreadable_file` where it is longer than `maxBytes`. */
  readStdin(options: { readonly maxBytes: number }): Promise<Uint8Array>
}

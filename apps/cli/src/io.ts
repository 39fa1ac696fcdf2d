import type { Logger } from './logger.ts'
import type { Secrets } from './secrets.ts'

/** Where text goes. */
export interface Sink {
  write(text: string): void
  readonly isTTY: boolean
}

/** What a command works with. */
export interface CommandContext {
  readonly io: IO
  readonly logger: Logger
  /** What must not be shown, as soon as it is known. */
  readonly secrets: Secrets
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

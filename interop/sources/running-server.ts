import type { GitBinary } from '@source-policy/resolver-git'
import type { TransportOptions } from '@source-policy/transport'

/** A server, and how it is reached. */
export interface RunningServer {
  readonly name: string
  /** The URL of a repository or file. */
  url(name: string): string
  readonly host: string
  readonly port: number
  readonly transport?: TransportOptions
  readonly git?: GitBinary
  stop(): Promise<void>
}

import path from 'node:path'
import { createRun, type Exchange, type Resolver, type Run, type Source } from '@source-policy/core'
import type { BaseConfig } from '@source-policy/dockerfile'
import { readOperatorFile } from './confined-files.ts'
import { CliError } from './error.ts'
import type { CommandContext, IO } from './io.ts'
import { MAX_CERTIFICATE_BYTES } from './limits.ts'
import { openResolvers, readBaseConfig } from './resolvers.ts'

/** What the operator allows the command on the network, and for how long. */
export interface NetworkOptions {
  readonly allowAddress: readonly string[]
  readonly insecureRegistry: readonly string[]
  /** Files of certificates, relative to the working directory. */
  readonly ca: readonly string[]
  readonly timeoutMs?: number
}

/** One run of the command: one snapshot of the world, one set of budgets. */
export interface Session {
  readonly run: Run
  readonly resolvers: readonly Resolver[]
  /** The configuration of a base image. Rejects where it cannot be had. */
  fetchConfig(source: Source): Promise<BaseConfig>
  close(): Promise<void>
}

/** Opens a session; no connection is made before something is asked for. Throws `unreadable_file`. */
export async function openSession(
  options: NetworkOptions,
  { io, logger, secrets, onExchange }: CommandContext & { onExchange?: (exchange: Exchange) => void },
): Promise<Session> {
  const run = createRun({
    signal: io.signal,
    ...(options.timeoutMs !== undefined && { limits: { timeoutMs: options.timeoutMs } }),
    onExchange(exchange) {
      const { method, url, status, bytes, durationMs, error } = exchange
      logger.log(
        'debug',
        `${method} ${url}: ${error ?? status ?? 'no answer'}, ${bytes} bytes, ${Math.round(durationMs)} ms`,
      )
      onExchange?.(exchange)
    },
  })
  const certificates = await Promise.all(options.ca.map(file => readCertificates(file, io)))
  const { resolvers, images, close } = openResolvers({
    allowAddresses: options.allowAddress,
    insecureRegistries: options.insecureRegistry,
    ...(certificates.length > 0 && { ca: certificates }),
    proxy: io.env,
    env: io.env,
    secrets,
  })
  return { run, resolvers, fetchConfig: source => readBaseConfig(images, source, run), close }
}

async function readCertificates(file: string, io: IO): Promise<string> {
  const bytes = await readOperatorFile(path.resolve(io.cwd, file), { maxBytes: MAX_CERTIFICATE_BYTES })
  if (bytes === undefined) throw new CliError('unreadable_file', `reading ${file}: no such file`)
  return new TextDecoder().decode(bytes)
}

import path from 'node:path'
import {
  createRun,
  type Exchange,
  type Resolver,
  type Run,
  type RunOptions,
  redactURL,
  type Source,
  type Usage,
} from '@source-policy/core'
import type { BaseConfig } from '@source-policy/dockerfile'
import { type ContentSource, parseReference, repositoryName } from '@source-policy/oci'
import { openCache } from './cache.ts'
import { type CertificateOptions, readCertificates } from './certificates.ts'
import { CliError } from './error.ts'
import { type HTTPFlags, httpOptions } from './http-options.ts'
import type { CommandContext } from './io.ts'
import type { LogLevel } from './logger.ts'
import { gitHostOf } from './main-context.ts'
import type { OperatorTrustRoots } from './operator-trust.ts'
import { type ContextBinder, contextBinder } from './remote-context.ts'
import type { FetchedPolicy } from './remote-policy.ts'
import { openResolvers, readBaseConfig, referenceOf } from './resolvers.ts'
import { readSecrets } from './secret-flag.ts'
import { readWaivers, type Waivers } from './waivers.ts'

/** Whom the operator trusts to say who signed. */
export interface TrustFlags {
  /** Files with trust roots, from the working directory, which hold beside that of the public Sigstore instance. */
  readonly trustRoot: readonly string[]
  /** Milliseconds that the trust root of the public instance may be old. */
  readonly trustRootMaxAge?: number
  /** False: the trust root of the public instance is taken as it is at hand. */
  readonly trustRootRefresh: boolean
}

/** What the operator allows the command on the network, and for how long. */
export interface NetworkOptions extends HTTPFlags, TrustFlags, CertificateOptions {
  readonly allowAddress: readonly string[]
  readonly insecureRegistry: readonly string[]
  /** Directory of the cache, from the working directory. */
  readonly cacheDir?: string
  /** The cache keeps what tags point to, and with `offline` that counts. */
  readonly rememberTags: boolean
  /** No request is made. */
  readonly offline: boolean
  readonly timeoutMs?: number
  /** Directory, from the working directory, that keeps what was found out. */
  readonly record?: string
  /** Directory of a recording that stands in for the network. */
  readonly replay?: string
  /** File of the operator's waivers, from the working directory. */
  readonly waivers?: string
  /** `--secret` values: what is sent to the hosts that their ids name. */
  readonly secret: readonly string[]
}

/** One run of the command: one snapshot of the world, one set of budgets. */
export interface Session {
  readonly run: Run
  readonly resolvers: readonly Resolver[]
  /** The configuration of a base image. Rejects where it cannot be had. */
  fetchConfig(source: Source): Promise<BaseConfig>
  /** The digest of an image as the run binds it: of its index, where it has one. Rejects where it cannot be had. */
  fetchDigest(source: Source): Promise<string>
  readonly bindContext: ContextBinder
  /** A policy by its URL and digest; equal ones are fetched once. Rejects as `fetchPolicy` does. */
  fetchPolicy(file: string): Promise<FetchedPolicy>
  /** The whole body of a URL. Rejects with a coded error where it is not served or larger than `maxBytes`. */
  download(url: string, maxBytes: number): Promise<Uint8Array>
  /** The names under which an image was read: those of mirrors, and its own. Empty where no server was asked. */
  servedFrom(source: Source): readonly string[]
  /** What came up on the way and is no one source's fault, for the report. */
  readonly notices: readonly string[]
  /** The operator's waiver that covers a denial. */
  readonly waive: Waivers['waive']
  /** What was spent; in a replay, what the recorded run had spent. */
  readonly usage: Readonly<Pick<Usage, 'requests' | 'bytes' | 'hosts'>>
  /** Ends all connections; cache and recording are written by then. */
  close(): Promise<void>
}

export interface SessionContext extends CommandContext {
  readonly onExchange?: (exchange: Exchange) => void
  /** Directories that whoever wrote the build chose the content of: no place for a cache. */
  readonly buildRoots?: readonly string[]
  /** OCI layouts by the name of their store. */
  readonly layouts?: ReadonlyMap<string, ContentSource>
  /** What the operator named to be built or decided: if that is a git repository, git secrets for no host are for its host. */
  readonly subject?: string
}

/** Opens a session; no connection is made before something is asked for. Throws `usage`, `unreadable_file`. */
export async function openSession(options: NetworkOptions, context: SessionContext): Promise<Session> {
  const { record, replay } = options
  if (record === undefined && replay === undefined) return openOnline(options, context)
  if (record !== undefined && replay !== undefined)
    throw new CliError('usage', '--record and --replay exclude each other')
  const directory = path.resolve(context.io.cwd, record ?? replay ?? '')
  if (record !== undefined) {
    const { recordSession } = await import('./record-session.ts')
    return recordSession(directory, () => openOnline(options, context), context)
  }
  const { replaySession } = await import('./replay-session.ts')
  return replaySession(directory, snapshot => openOnline({ ...options, offline: true }, context, snapshot), context)
}

async function openOnline(
  options: NetworkOptions,
  { io, logger, secrets, onExchange, buildRoots = [], layouts, subject }: SessionContext,
  snapshot: Pick<RunOptions, 'time' | 'seed'> = {},
): Promise<Session> {
  const run = createRun({
    ...snapshot,
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
  const certificates = await readCertificates(options, io)
  const given = await readSecrets(options.secret, io)
  for (const value of Object.values(given)) secrets.add(value)
  const mainContextHost = subject === undefined ? undefined : gitHostOf(subject)
  const now = new Date(Number(run.time / 1_000_000n))
  const waivers = options.waivers === undefined ? undefined : await readWaivers(options.waivers, { cwd: io.cwd, now })
  const notices: string[] = [...(waivers?.notices ?? [])]
  for (const notice of notices) logger.log('warn', notice)
  const note = (notice: string, level: LogLevel = 'debug') => {
    notices.push(notice)
    logger.log(level, notice)
  }
  const tell = (notice: string) => note(notice, 'warn')
  if (options.rememberTags && options.cacheDir === undefined) {
    throw new CliError('usage', '--remember-tags: tags are remembered in a cache: say where with --cache-dir')
  }
  const cache = await openCache(options.cacheDir, { io, buildRoots, onProblem: tell })
  let findRoots: Promise<OperatorTrustRoots> | undefined
  const trustRoots: OperatorTrustRoots = async asked => {
    findRoots ??= import('./operator-trust.ts').then(({ operatorTrustRoots }) => {
      const { cacheDir, offline, trustRoot, trustRootMaxAge, trustRootRefresh } = options
      return operatorTrustRoots({
        io,
        files: trustRoot,
        onNotice: (notice, why) => (why === 'failed' ? tell(notice) : note(notice)),
        ...(trustRootMaxAge !== undefined && { maxAgeMs: trustRootMaxAge }),
        ...(trustRootRefresh && !offline && { transport }),
        ...(cacheDir !== undefined && { directory: path.resolve(io.cwd, cacheDir, 'sigstore') }),
      })
    })
    return (await findRoots)(asked)
  }
  const served = new Map<string, Set<string>>()
  const { resolvers, imagesOf, registry, gitFiles, httpContent, transport, close } = openResolvers({
    allowAddresses: options.allowAddress,
    insecureRegistries: options.insecureRegistry,
    ...certificates,
    ...(cache && { cache }),
    ...(layouts && { layouts }),
    rememberTags: options.rememberTags,
    offline: options.offline,
    proxy: io.env,
    env: io.env,
    secrets,
    given,
    ...(mainContextHost !== undefined && { mainContextHost }),
    http: { ...httpOptions(options, given, io), trustRoots: () => trustRoots({ run, signal: run.signal }) },
    trustRoots,
    onServed({ repository, from, digest }) {
      logger.log('debug', `${repository}@${digest}: read from ${from}`)
      served.set(repository, (served.get(repository) ?? new Set()).add(from))
    },
  })
  const download: Session['download'] = async (url, maxBytes) => {
    const response = await transport.request({ method: 'GET', url, maxBytes, run, signal: run.signal })
    if (response.status === 200) return response.bytes()
    await response.discard()
    throw new CliError('unreadable_file', `GET ${redactURL(url)}: got status ${response.status}`)
  }
  return {
    run,
    resolvers,
    notices,
    waive: waivers?.waive ?? (() => undefined),
    usage: run.usage,
    fetchConfig: source => readBaseConfig(imagesOf(source), source, run),
    fetchDigest: async source => {
      const context = { run, signal: run.signal, anonymous: false }
      return (await imagesOf(source).root(referenceOf(source), context)).digest
    },
    bindContext: contextBinder(httpContent, gitFiles, run),
    fetchPolicy: file =>
      run.once(`policy:${file}`, async () => {
        const { fetchPolicy } = await import('./remote-policy.ts')
        return fetchPolicy(file, { run, registry, download })
      }),
    download,
    servedFrom: source => [...(served.get(repositoryOf(source) ?? '') ?? [])].sort(),
    async close() {
      await close()
      await cache?.settled()
    },
  }
}

/** The repository of an image of a registry. */
function repositoryOf({ identifier }: Source): string | undefined {
  const scheme = 'docker-image://'
  return identifier.startsWith(scheme) ? repositoryName(parseReference(identifier.slice(scheme.length))) : undefined
}

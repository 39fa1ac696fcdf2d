import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseTrustRoot, publicGoodTrustRoot, type TrustRoot } from '@source-policy/attestation'
import { type Run, toCodedError } from '@source-policy/core'
import type { Transport } from '@source-policy/transport'
import { CliError } from './error.ts'
import type { IO } from './io.ts'
import { TRUST_ROOT_REFRESH_TIMEOUT_MS } from './limits.ts'
import { withLock } from './lock-file.ts'
import { SIGSTORE_REPOSITORY } from './sigstore-repository.ts'
import { readTrustRoots } from './trust-roots.ts'
import { readTUFTarget, type TUFRepository } from './tuf-target.ts'

export interface TrustRootsOptions {
  readonly io: Pick<IO, 'cwd'>
  /** Files with trust roots of the operator, which hold beside that of the public instance. */
  readonly files: readonly string[]
  /** Milliseconds that the trust root of the public instance may be old. Default: any age. */
  readonly maxAgeMs?: number
  /** Asks for the current trust root. Without it, the one at hand is taken. */
  readonly transport?: Transport
  /** Keeps what was fetched. Default: nothing is kept. */
  readonly directory?: string
  /** Told how old the trust root is that is used, where it is not the current one; by choice, or since that could not be had. */
  readonly onNotice: (notice: string, why: 'chosen' | 'failed') => void
  /** Default: that of the public Sigstore instance. */
  readonly repository?: TUFRepository
}

/** The trust roots of the operator: found when the first signature is looked at, once. */
export type OperatorTrustRoots = (context: { readonly run: Run; readonly signal: AbortSignal }) => Promise<TrustRoot[]>

const TARGET = 'trusted_root.json'
/** When the repository was asked last. */
const CHECKED = 'checked'
/** Within this time the repository is not asked again. */
const FRESH_MS = 24 * 60 * 60_000
const DAY_MS = 24 * 60 * 60_000

/**
 * The trust root of the public Sigstore instance, as its TUF repository has it now, else as it was when that was last asked, else as it is
 * embedded; and those of files. Rejects with `trust_root_too_old`, `unreadable_file`, and what parsing throws.
 */
export function operatorTrustRoots(options: TrustRootsOptions): OperatorTrustRoots {
  let found: Promise<TrustRoot[]> | undefined
  return async ({ run }) => {
    found ??= Promise.all([
      publicGood(options, run),
      ...options.files.map(file => readTrustRoots(file, options.io)),
    ]).then(all => all.flat())
    return found
  }
}

async function publicGood(options: TrustRootsOptions, run: Run): Promise<TrustRoot[]> {
  const { maxAgeMs, onNotice } = options
  const now = Number(run.time / 1_000_000n)
  const { root, why, problem } = await currentRoot(options, run)
  const { asOf = new Date(0) } = root
  const ageMs = Math.max(0, now - asOf.getTime())
  const told = `Sigstore's trust root is of ${asOf.toISOString().slice(0, 10)}, ${Math.floor(ageMs / DAY_MS)} days old`
  if (maxAgeMs !== undefined && ageMs > maxAgeMs) {
    const cause = problem === undefined ? '' : ` (${problem})`
    throw new CliError('trust_root_too_old', `${told}; at most ${maxAgeMs / DAY_MS} are allowed${cause}`)
  }
  if (why !== undefined) onNotice(`${told}: ${problem}`, why)
  return [root]
}

interface Found {
  readonly root: TrustRoot
  /** Why it is not the current one. */
  readonly why?: 'chosen' | 'failed'
  readonly problem?: string
}

async function currentRoot(options: TrustRootsOptions, run: Run): Promise<Found> {
  const { directory, transport } = options
  const atHand = async () => {
    const kept = directory === undefined ? undefined : await keptRoot(directory, options).catch(() => undefined)
    return kept ?? publicGoodTrustRoot()
  }
  if (transport === undefined) return { root: await atHand(), why: 'chosen', problem: 'it was not to be refreshed' }
  const temporary = directory === undefined ? await mkdtemp(path.join(tmpdir(), 'source-policy-tuf-')) : undefined
  const place = directory ?? temporary!
  try {
    return { root: await refresh(place, { ...options, transport }, run) }
  } catch (error) {
    run.signal.throwIfAborted()
    return { root: await atHand(), why: 'failed', problem: `refreshing it failed: ${toCodedError(error).message}` }
  } finally {
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true })
  }
}

/** What the repository has now, or had within a day. */
async function refresh(
  directory: string,
  options: TrustRootsOptions & { readonly transport: Transport },
  run: Run,
): Promise<TrustRoot> {
  const { transport, repository = SIGSTORE_REPOSITORY } = options
  await mkdir(directory, { recursive: true })
  const signal = AbortSignal.any([run.signal, AbortSignal.timeout(TRUST_ROOT_REFRESH_TIMEOUT_MS)])
  return withLock(path.join(directory, 'lock'), signal, async () => {
    const checked = await checkedAt(directory)
    if (checked !== undefined && Date.now() - checked.getTime() < FRESH_MS) {
      const kept = await keptRoot(directory, options).catch(() => undefined)
      if (kept !== undefined) return kept
    }
    const now = new Date()
    const get = (url: string, maxBytes: number) => download(transport, { url, maxBytes, run, signal })
    const bytes = await readTUFTarget(repository, TARGET, { directory, get })
    const root = await parsePublicGood(bytes, now)
    await writeFile(path.join(directory, CHECKED), now.toISOString())
    return root
  })
}

/** What was fetched before, verified again: its metadata must not be expired. */
async function keptRoot(
  directory: string,
  { repository = SIGSTORE_REPOSITORY }: TrustRootsOptions,
): Promise<TrustRoot> {
  const asOf = await checkedAt(directory)
  if (asOf === undefined) throw new CliError('unreadable_file', `${directory} keeps no trust root`)
  return parsePublicGood(await readTUFTarget(repository, TARGET, { directory }), asOf)
}

async function checkedAt(directory: string): Promise<Date | undefined> {
  const text = await readFile(path.join(directory, CHECKED), 'utf8').catch(() => '')
  const time = Date.parse(text)
  // a time to come would make it fresh for ever
  return Number.isNaN(time) || time > Date.now() ? undefined : new Date(time)
}

function parsePublicGood(bytes: Uint8Array, asOf: Date): Promise<TrustRoot> {
  return parseTrustRoot(bytes, { name: 'public-good', publicGood: true, asOf })
}

async function download(
  transport: Transport,
  { url, maxBytes, run, signal }: { url: string; maxBytes: number; run: Run; signal: AbortSignal },
): Promise<Uint8Array | undefined> {
  const response = await transport.request({ method: 'GET', url, maxBytes, run, signal })
  if (response.status === 200) return response.bytes()
  await response.discard()
  if (response.status === 404 || response.status === 403) return undefined
  throw new CliError('unreadable_file', `GET ${url}: got status ${response.status}`)
}

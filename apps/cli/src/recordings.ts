import { createHash } from 'node:crypto'
import { mkdir, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { decodeJSON, type Usage } from '@source-policy/core'
import { decodeRecording, encodeRecording, type Recording } from '@source-policy/core/recording'
import { confinedFiles } from './confined-files.ts'
import { CliError } from './error.ts'
import { MAX_RECORDED_SOURCES, MAX_RECORDING_BYTES } from './limits.ts'
import { writeFileWhole } from './write-file.ts'

/** A recorded run: what all its sources have in common. */
export interface RecordedRun {
  /** Nanoseconds since the epoch: the time that policies saw. */
  readonly time: bigint
  readonly seed: number
  readonly usage: Pick<Usage, 'requests' | 'bytes' | 'hosts'>
  readonly notices: readonly string[]
}

const RUN_FILE = 'run.json'
const RUN_VERSION = 1
const sourceFileName = /^[a-z0-9][a-z0-9.-]*\.json$/

/**
 * Writes a run to a directory, a file for each source; an earlier recording there is replaced. Throws `usage` where the
 * directory has other files, and `unwritable_file`.
 */
export async function writeRecordings(
  directory: string,
  run: RecordedRun,
  recordings: readonly Recording[],
): Promise<void> {
  await prepareDirectory(directory)
  const files = new Map(recordings.map(recording => [fileNameOf(recording), encodeRecording(recording)]))
  const { time, seed, usage, notices } = run
  const document = { version: RUN_VERSION, time: String(time), seed, usage, notices, sources: [...files.keys()].sort() }
  files.set(RUN_FILE, `${JSON.stringify(document, null, 2)}\n`)
  for (const [name, text] of files) await writeFileWhole(path.join(directory, name), text)
}

/** Checks, before anything is decided, that a recording can be kept there. Throws `usage`, `unwritable_file`. */
export async function prepareDirectory(directory: string): Promise<void> {
  await writing(directory, () => mkdir(directory, { recursive: true }))
  const present = await writing(directory, () => readdir(directory))
  if (present.length === 0) return
  if (!present.includes(RUN_FILE)) {
    throw new CliError('usage', `--record ${directory}: the directory has files that are no recording`)
  }
  for (const name of (await readRunFile(directory)).sources) {
    await writing(name, () => rm(path.join(directory, name), { force: true }))
  }
}

export interface RecordingFile {
  /** Within the directory. */
  readonly name: string
  readonly recording: Recording
}

/** The recording in a directory. Throws `unreadable_file`, `invalid_recording`, `invalid_json`. */
export async function readRecordings(directory: string): Promise<{ run: RecordedRun; files: RecordingFile[] }> {
  const { sources, ...run } = await readRunFile(directory)
  const files: RecordingFile[] = []
  for (const name of sources) {
    const bytes = await readFile(directory, name)
    files.push({ name, recording: decodeRecording(bytes, path.join(directory, name)) })
  }
  return { run, files }
}

async function readRunFile(directory: string): Promise<RecordedRun & { readonly sources: readonly string[] }> {
  const what = path.join(directory, RUN_FILE)
  const document = decodeJSON(await readFile(directory, RUN_FILE), { what }) as Partial<Record<string, unknown>> | null
  const { version, time, seed, usage, notices, sources, ...others } = document ?? {}
  const counts = (usage ?? {}) as Record<keyof RecordedRun['usage'], unknown>
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
  const areTexts = (value: unknown): value is string[] =>
    Array.isArray(value) && value.every(text => typeof text === 'string')
  const isRun =
    version === RUN_VERSION &&
    Object.keys(others).length === 0 &&
    typeof time === 'string' &&
    /^\d{1,19}$/.test(time) &&
    isCount(seed) &&
    Object.keys(counts).length === 3 &&
    [counts.requests, counts.bytes, counts.hosts].every(isCount) &&
    areTexts(notices) &&
    areTexts(sources) &&
    sources.length <= MAX_RECORDED_SOURCES &&
    sources.every(name => sourceFileName.test(name))
  if (!isRun) {
    throw new CliError('invalid_recording', `decoding ${what}: expected a recorded run of version ${RUN_VERSION}`)
  }
  const { requests, bytes, hosts } = counts as RecordedRun['usage']
  return { time: BigInt(time), seed, usage: { requests, bytes, hosts }, notices, sources }
}

async function readFile(directory: string, name: string): Promise<Uint8Array> {
  const bytes = await confinedFiles(directory).read(name, { maxBytes: MAX_RECORDING_BYTES })
  if (bytes !== undefined) return bytes
  throw new CliError('unreadable_file', `reading ${path.join(directory, name)}: no such file`)
}

/** `image-docker.io-library-alpine-3.22-linux-amd64-1b4f0e98.json`: to be known at a glance, and never twice. */
function fileNameOf({ source }: Recording): string {
  const { kind, identifier, platform = '' } = source
  const hash = createHash('sha256').update(JSON.stringify(source)).digest('hex').slice(0, 8)
  const readable = `${kind}-${identifier.replace(/^[^:]*:\/\//, '')}-${platform}`
  const slug = readable.toLowerCase().replace(/[^a-z0-9.]+/g, '-')
  return `${slug.slice(0, 80).replace(/^[-.]+|[-.]+$/g, '')}-${hash}.json`
}

async function writing<T>(what: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error'
    throw new CliError('unwritable_file', `writing ${what}: ${code}`, { cause })
  }
}

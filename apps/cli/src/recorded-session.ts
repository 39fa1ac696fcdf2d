import { toCodedError } from '@source-policy/core'
import { createRecorder, createReplay } from '@source-policy/core/recording'
import type { BaseConfig } from '@source-policy/dockerfile'
import { CliError } from './error.ts'
import type { CommandContext } from './io.ts'
import { prepareDirectory, type RecordedRun, readRecordings, writeRecordings } from './recordings.ts'
import type { Session } from './session.ts'

/** A session whose answers are written to a directory when it is closed. Throws `usage`, `unwritable_file`. */
export async function recordSession(
  directory: string,
  open: () => Promise<Session>,
  { secrets }: Pick<CommandContext, 'secrets'>,
): Promise<Session> {
  await prepareDirectory(directory)
  const session = await open()
  const recorder = createRecorder({ redact: secrets.redact })
  return {
    ...session,
    resolvers: session.resolvers.map(recorder.watch),
    async fetchConfig(source) {
      try {
        const value = await session.fetchConfig(source)
        recorder.note(source, 'config', { value })
        return value
      } catch (error) {
        const { code, message } = toCodedError(error)
        recorder.note(source, 'config', { error: { code, message } })
        throw error
      }
    },
    servedFrom(source) {
      const repositories = session.servedFrom(source)
      if (repositories.length > 0) recorder.note(source, 'servedFrom', repositories)
      return repositories
    },
    async close() {
      await session.close()
      const { run, usage, notices } = session
      const { requests, bytes, hosts } = usage
      const recorded = {
        time: run.time,
        seed: run.seed,
        usage: { requests, bytes, hosts },
        notices: notices.map(secrets.redact),
      }
      await writeRecordings(directory, recorded, recorder.recordings())
    },
  }
}

/** A session in which a recording stands in for the network. Throws `unreadable_file`, `invalid_recording`. */
export async function replaySession(
  directory: string,
  open: (snapshot: Pick<RecordedRun, 'time' | 'seed'>) => Promise<Session>,
  { secrets }: Pick<CommandContext, 'secrets'>,
): Promise<Session> {
  const { run, files } = await readRecordings(directory)
  const recordings = files.map(({ recording }) => recording)
  const replay = createReplay(recordings, { redact: secrets.redact })
  const session = await open({ time: run.time, seed: run.seed })
  return {
    ...session,
    resolvers: session.resolvers.map(replay.resolver),
    usage: run.usage,
    notices: run.notices,
    async fetchConfig(source) {
      const noted = replay.noted(source, 'config')
      if (isConfig(noted)) return noted.value
      if (isFailure(noted)) throw Object.assign(new Error(noted.error.message), { code: noted.error.code })
      throw new CliError('not_recorded', `the configuration of ${secrets.redact(source.identifier)} was not recorded`)
    },
    servedFrom(source) {
      const noted = replay.noted(source, 'servedFrom')
      return areTexts(noted) ? noted : []
    },
  }
}

function areTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(text => typeof text === 'string')
}

type Fields = Readonly<Record<string, unknown>>

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isConfig(noted: unknown): noted is { readonly value: BaseConfig } {
  if (!isFields(noted) || !isFields(noted.value)) return false
  const { env, onbuild, workingDir, ...others } = noted.value
  return (
    Object.keys(others).length === 0 &&
    (env === undefined || areTexts(env)) &&
    (onbuild === undefined || areTexts(onbuild)) &&
    (workingDir === undefined || typeof workingDir === 'string')
  )
}

function isFailure(noted: unknown): noted is { readonly error: { readonly code: string; readonly message: string } } {
  if (!isFields(noted) || !isFields(noted.error)) return false
  return typeof noted.error.code === 'string' && typeof noted.error.message === 'string'
}

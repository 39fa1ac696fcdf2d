import { redactIdentifier, type Source } from '@source-policy/core'
import { createReplay } from '@source-policy/core/recording'
import type { BaseConfig } from '@source-policy/dockerfile'
import { CliError } from './error.ts'
import type { CommandContext } from './io.ts'
import {
  areNotedFiles,
  fileSource,
  isNotedContent,
  type NotedContent,
  type NotedFiles,
  policySource,
  readNotedContent,
  replayedFiles,
} from './noted-files.ts'
import { type RecordedRun, readRecordings } from './recordings.ts'
import type { FetchedPolicy } from './remote-policy.ts'
import type { Session } from './session.ts'

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
  const nameOf = ({ identifier }: Source) => secrets.redact(redactIdentifier(identifier))
  /** Throws what was thrown then. */
  const noted = <T>(source: Source, name: string, isExpected: (value: unknown) => value is T): T => {
    const found = replay.noted(source, name)
    if (isFailure(found)) throw Object.assign(new Error(found.error.message), { code: found.error.code })
    if (isFields(found) && isExpected(found.value)) return found.value
    throw new CliError('not_recorded', `the ${name} of ${nameOf(source)} was not recorded`)
  }
  return {
    ...session,
    resolvers: session.resolvers.map(replay.resolver),
    usage: run.usage,
    notices: run.notices,
    fetchConfig: async source => noted(source, 'config', isConfig),
    fetchDigest: async source => noted(source, 'digest', isText),
    bindContext: async source => ({
      async open() {
        const { reads, dockerfile } = noted(source, 'context', isContext)
        const files = replayedFiles(reads, nameOf(source))
        return { files, ...(dockerfile !== undefined && { dockerfile: readNotedContent(dockerfile) }) }
      },
    }),
    async fetchPolicy(file) {
      const source = policySource(file)
      const { reads, files } = noted(source, 'policy', isPolicy)
      return { files, root: replayedFiles(reads, nameOf(source)) }
    },
    download: async url => readNotedContent(noted(fileSource(url), 'content', isNotedContent)),
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

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isConfig(value: unknown): value is BaseConfig {
  if (!isFields(value)) return false
  const { env, onbuild, workingDir, ...others } = value
  return (
    Object.keys(others).length === 0 &&
    (env === undefined || areTexts(env)) &&
    (onbuild === undefined || areTexts(onbuild)) &&
    (workingDir === undefined || typeof workingDir === 'string')
  )
}

function isContext(value: unknown): value is { readonly reads: NotedFiles; readonly dockerfile?: NotedContent } {
  return (
    isFields(value) &&
    areNotedFiles(value.reads) &&
    (value.dockerfile === undefined || isNotedContent(value.dockerfile))
  )
}

function isPolicy(value: unknown): value is { readonly reads: NotedFiles; readonly files: FetchedPolicy['files'] } {
  const isFile = (file: unknown) => isFields(file) && isText(file.path) && isText(file.text)
  return isFields(value) && areNotedFiles(value.reads) && Array.isArray(value.files) && value.files.every(isFile)
}

function isFailure(noted: unknown): noted is { readonly error: { readonly code: string; readonly message: string } } {
  if (!isFields(noted) || !isFields(noted.error)) return false
  return typeof noted.error.code === 'string' && typeof noted.error.message === 'string'
}

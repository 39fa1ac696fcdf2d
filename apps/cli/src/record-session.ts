import { type Source, toCodedError } from '@source-policy/core'
import { createRecorder } from '@source-policy/core/recording'
import type { CommandContext } from './io.ts'
import { fileSource, type NotedFiles, noteContent, policySource, watchedFiles } from './noted-files.ts'
import { prepareDirectory, writeRecordings } from './recordings.ts'
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
  const noted = async <T>(
    source: Source,
    name: string,
    load: () => Promise<T>,
    write: (value: T) => unknown = value => value,
  ) => {
    try {
      const value = await load()
      recorder.note(source, name, { value: write(value) })
      return value
    } catch (error) {
      const { code, message } = toCodedError(error)
      recorder.note(source, name, { error: { code, message } })
      throw error
    }
  }
  // equal ones are opened once, and what is read of them is noted in one place, whoever reads it
  const readsOf = new WeakMap<object, NotedFiles>()
  const reads = (opened: object): NotedFiles => {
    const found = readsOf.get(opened) ?? Object.create(null)
    readsOf.set(opened, found)
    return found
  }
  return {
    ...session,
    resolvers: session.resolvers.map(recorder.watch),
    fetchConfig: source => noted(source, 'config', () => session.fetchConfig(source)),
    fetchDigest: source => noted(source, 'digest', () => session.fetchDigest(source)),
    async bindContext(source) {
      const bound = await session.bindContext(source)
      return {
        async open() {
          const context = await noted(source, 'context', bound.open, opened => ({
            reads: reads(opened),
            ...(opened.dockerfile && { dockerfile: noteContent(opened.dockerfile) }),
          }))
          return { ...context, files: watchedFiles(context.files, reads(context)) }
        },
      }
    },
    async fetchPolicy(file) {
      const fetch = () => session.fetchPolicy(file)
      const policy = await noted(policySource(file), 'policy', fetch, fetched => ({
        reads: reads(fetched),
        files: fetched.files,
      }))
      return { ...policy, root: watchedFiles(policy.root, reads(policy)) }
    },
    download: (url, maxBytes) => noted(fileSource(url), 'content', () => session.download(url, maxBytes), noteContent),
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

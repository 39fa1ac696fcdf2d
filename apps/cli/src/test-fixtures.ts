import path from 'node:path'
import {
  createRun,
  type HostCall,
  inspectSource,
  type Path,
  type PolicyFiles,
  type Resolver,
  type Source,
} from '@source-policy/core'
import { createReplay, type Recording } from '@source-policy/core/recording'
import type { TestFixture } from '@source-policy/engine-opa/policy-tests'
import { parsePlatform } from '@source-policy/oci'
import { loadAllDescribers } from './describers.ts'
import { CliError } from './error.ts'
import { type RecordedRun, readRecordings } from './recordings.ts'

/**
 * Finds the recorded source that a test names: by its identifier, or by the name of its file without `.json`. All that was
 * recorded of it is known, materials included; what was not is a hole. Rejects with `not_recorded` and what reading throws.
 */
export function fixturesIn(directory: string, files: PolicyFiles): (name: string) => Promise<TestFixture> {
  let read: ReturnType<typeof readFixtures> | undefined
  return async name => {
    read ??= readFixtures(directory)
    const { run, recordings, resolvers } = await read
    const named = recordings.filter(
      ({ name: file, recording: { source } }) => source.identifier === name || path.basename(file, '.json') === name,
    )
    const [found, ...others] = named
    if (found === undefined) throw new CliError('not_recorded', `fixture ${name}: not recorded in ${directory}`)
    if (others.length > 0) {
      const names = named.map(({ name: file }) => path.basename(file, '.json')).join(', ')
      throw new CliError('not_recorded', `fixture ${name}: there are several, name one of ${names}`)
    }
    return inputOf(found.recording, { run, resolvers, files })
  }
}

async function readFixtures(directory: string) {
  const { run, files: recordings } = await readRecordings(directory)
  const replay = createReplay(recordings.map(({ recording }) => recording))
  const resolvers = (await loadAllDescribers()).map(replay.resolver)
  return { run, recordings, resolvers }
}

async function inputOf(
  { source: recorded }: Recording,
  { run, resolvers, files }: { run: RecordedRun; resolvers: readonly Resolver[]; files: PolicyFiles },
): Promise<TestFixture> {
  const { platform, kind, identifier, attrs } = recorded
  const source: Source = {
    kind,
    identifier,
    attrs,
    ...(platform !== undefined && { platform: parsePlatform(platform) }),
  }
  // materials bring fields of their own, which are asked for next
  let fields: readonly Path[] = []
  let inspection = await inspectSource(source, { resolvers, fields })
  for (let known = -1; known !== inspection.unknown.length || fields.length === 0; ) {
    if (inspection.unknown.length === 0) break
    known = inspection.unknown.length
    fields = [...fields, ...inspection.unknown]
    inspection = await inspectSource(source, { resolvers, fields })
  }
  const resolver = resolvers.find(each => each.kind === kind)
  return {
    input: inspection.input,
    unknown: inspection.unknown,
    time: run.time,
    seed: run.seed,
    async answer(call: HostCall) {
      const answering = resolver?.functions?.[call.name]
      if (answering === undefined || call.path === undefined) {
        return { unavailable: { code: 'not_recorded', message: `${call.name}() of ${identifier} was not recorded` } }
      }
      const replayed = createRun({ time: run.time, seed: run.seed })
      const { signal } = replayed
      return answering(call.args, { run: replayed, signal, anonymous: false, source, path: call.path, files })
    },
  }
}

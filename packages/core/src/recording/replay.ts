import { type CodedError, CoreError } from '../error.ts'
import type { Facts } from '../facts.ts'
import { formatPath, type Path, pathKey } from '../path.ts'
import type { Answer, HostFunction, HostFunctionContext, Resolver } from '../resolver.ts'
import type { Source } from '../source.ts'
import { sha256 } from './recorder.ts'
import {
  type RecordedCall,
  type RecordedFacts,
  type Recording,
  type Redact,
  recordedCallKey,
  recordedSource,
  recordedSourceKey,
} from './recording.ts'

export interface Replay {
  /** A resolver that parses and describes as the given one does, and answers from the recordings. It makes no request. */
  resolver(original: Resolver): Resolver
  /** What was noted of a source; undefined where nothing was. */
  noted(source: Source, name: string): unknown
}

/**
 * Answers from recordings. What was not recorded is unavailable, never absent; so is the answer to a function that read a
 * file of the policy which is another one now.
 */
export function createReplay(
  recordings: readonly Recording[],
  { redact = text => text }: { readonly redact?: Redact } = {},
): Replay {
  const bySource = new Map(recordings.map(recording => [recordedSourceKey(recording.source), recording]))
  const find = (source: Source, anonymous: boolean) =>
    bySource.get(recordedSourceKey(recordedSource(source, anonymous, redact)))

  const replayed = (name: string): HostFunction => {
    return async (args, context) => {
      const { source, path, anonymous, files } = context
      const key = recordedCallKey({ name, path, args })
      const call = find(source, anonymous)?.calls.find(other => recordedCallKey(other) === key)
      if (call === undefined) return { unavailable: notRecorded(`${name}() on ${formatPath(path)}`, source, redact) }
      const answer = (await changedFile(call, files)) ?? call.answer
      // a call with arguments that are none of the function's breaks the policy, now as then
      if ('unavailable' in answer && answer.unavailable.code === 'invalid_call') throw thrown(answer.unavailable)
      return answer
    }
  }

  return {
    resolver: ({ resolve: _online, functions, ...original }) => ({
      ...original,
      async resolve(source, asked, { anonymous }) {
        return answersFor(asked, find(source, anonymous)?.resolved ?? [], path =>
          notRecorded(formatPath(path), source, redact),
        )
      },
      ...(functions && {
        functions: Object.fromEntries(Object.keys(functions).map(name => [name, replayed(name)])),
      }),
    }),
    noted(source, name) {
      const notes = find(source, false)?.notes
      return notes !== undefined && Object.hasOwn(notes, name) ? notes[name] : undefined
    },
  }
}

/** The answer to the same question; to another one what its fields came with, in whatever question that was. */
function answersFor(
  asked: readonly Path[],
  resolved: readonly RecordedFacts[],
  missing: (path: Path) => CodedError,
): Facts {
  const question = (paths: readonly Path[]) => paths.map(pathKey).join(' ')
  const same = resolved.find(facts => question(facts.asked) === question(asked))
  if (same !== undefined) return same
  const used = new Set<RecordedFacts>()
  const unavailable: Facts['unavailable'][number][] = []
  for (const path of asked) {
    const key = pathKey(path)
    const holds = (paths: readonly Path[]) => paths.some(other => pathKey(other) === key)
    const facts =
      resolved.find(({ asked: paths }) => holds(paths)) ??
      resolved.find(({ known, absent }) => holds([...known, ...absent].map(fact => fact.path)))
    if (facts === undefined) unavailable.push({ path, error: missing(path) })
    else used.add(facts)
  }
  const all = [...used]
  return {
    known: all.flatMap(facts => facts.known),
    absent: all.flatMap(facts => facts.absent),
    unavailable: [...all.flatMap(facts => facts.unavailable), ...unavailable],
    children: all.flatMap(facts => facts.children),
    holes: all.flatMap(facts => facts.holes ?? []),
    warnings: all.flatMap(facts => facts.warnings ?? []),
  }
}

function thrown({ code, message }: CodedError): Error {
  return Object.assign(new Error(message), { code })
}

async function changedFile(
  { name, reads }: RecordedCall,
  files: HostFunctionContext['files'],
): Promise<Answer | undefined> {
  for (const [path, recorded] of Object.entries(reads)) {
    const bytes = await files.read(path, { maxBytes: MAX_REPLAYED_FILE_BYTES })
    const now = bytes === undefined ? null : await sha256(bytes)
    if (now === recorded) continue
    const message = `${name}(): ${path} is not the file that it was when the answer was recorded`
    return { unavailable: new CoreError('not_recorded', message) }
  }
  return undefined
}

/** Bytes of a file that a recorded call read: beyond what any function reads. */
const MAX_REPLAYED_FILE_BYTES = 16 * 1024 ** 2

function notRecorded(what: string, source: Source, redact: Redact): CodedError {
  const { identifier } = recordedSource(source, false, redact)
  return { code: 'not_recorded', message: `${what} of ${identifier} was not recorded` }
}

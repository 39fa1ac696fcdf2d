import { toCodedError } from '../error.ts'
import { pathKey } from '../path.ts'
import type { PolicyFiles } from '../policy-set.ts'
import type { Answer, HostFunction, HostFunctionContext, Resolver } from '../resolver.ts'
import type { Source } from '../source.ts'
import {
  type RecordedCall,
  type RecordedFacts,
  type Recording,
  type Redact,
  recordedCallKey,
  recordedSource,
  recordedSourceKey,
} from './recording.ts'

export interface Recorder {
  /** The same resolver, with what it answers written down. */
  watch(resolver: Resolver): Resolver
  /** Keeps what the embedding program found out about a source beside facts: plain JSON. */
  note(source: Source, name: string, value: unknown): void
  /** What was written down so far, a recording for each source, without secrets, in a stable order. */
  recordings(): Recording[]
}

interface Entry {
  readonly source: Source
  readonly anonymous: boolean
  readonly resolved: Map<string, RecordedFacts>
  readonly calls: Map<string, RecordedCall>
  readonly notes: Record<string, unknown>
}

/**
 * A recorder of what resolvers answer in a run. Secrets are taken out when the recordings are read, by then all are known:
 * user, password and secret parameters of URLs always, and what `redact` knows besides.
 */
export function createRecorder({ redact = text => text }: { readonly redact?: Redact } = {}): Recorder {
  const entries = new Map<string, Entry>()
  const entryOf = (source: Source, anonymous: boolean): Entry => {
    const key = recordedSourceKey(recordedSource(source, anonymous, text => text))
    let entry = entries.get(key)
    if (entry === undefined) {
      entry = { source, anonymous, resolved: new Map(), calls: new Map(), notes: {} }
      entries.set(key, entry)
    }
    return entry
  }

  const watchFunction = (name: string, call: HostFunction): HostFunction => {
    return async (args, context) => {
      const reads: Record<string, string | null> = {}
      const files = noteReads(context.files, reads)
      const keep = (answer: Answer) => {
        const recorded: RecordedCall = { name, path: context.path, args, reads, answer }
        entryOf(context.source, context.anonymous).calls.set(recordedCallKey(recorded), recorded)
      }
      try {
        const answer = await call(args, { ...context, files })
        keep(answer)
        return answer
      } catch (error) {
        if (!context.signal.aborted) keep({ unavailable: toCodedError(error) })
        throw error
      }
    }
  }

  return {
    watch: resolver => ({
      ...resolver,
      async resolve(source, asked, context) {
        const facts = await resolver.resolve(source, asked, context).catch((error: unknown) => {
          if (context.signal.aborted) throw error
          const failed = toCodedError(error)
          return { known: [], absent: [], unavailable: asked.map(path => ({ path, error: failed })), children: [] }
        })
        const key = asked.map(pathKey).join(' ')
        entryOf(source, context.anonymous).resolved.set(key, { asked, ...facts })
        return facts
      },
      ...(resolver.functions && {
        functions: Object.fromEntries(
          Object.entries(resolver.functions).map(([name, call]) => [name, watchFunction(name, call)]),
        ),
      }),
    }),
    note(source, name, value) {
      entryOf(source, false).notes[name] = value
    },
    recordings() {
      const byKey = new Map<string, Recording>()
      for (const entry of entries.values()) {
        const source = recordedSource(entry.source, entry.anonymous, redact)
        const resolved = sortedByKey(entry.resolved)
        const calls = sortedByKey(entry.calls)
        const key = recordedSourceKey(source)
        const recording = redacted({ source, resolved, calls, notes: entry.notes }, redact)
        byKey.set(key, joined(byKey.get(key), recording))
      }
      return sortedByKey(byKey)
    },
  }
}

/** Sources that differ in their secrets only are one. */
function joined(first: Recording | undefined, second: Recording): Recording {
  if (first === undefined) return second
  return {
    source: first.source,
    resolved: [...first.resolved, ...second.resolved],
    calls: [...first.calls, ...second.calls],
    notes: { ...first.notes, ...second.notes },
  }
}

function sortedByKey<T>(map: ReadonlyMap<string, T>): T[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value)
}

/** SHA-256 of what is read, so that a replay can tell whether it would read the same. */
function noteReads(files: HostFunctionContext['files'], reads: Record<string, string | null>): PolicyFiles {
  return {
    async read(path, options) {
      const bytes = await files.read(path, options)
      reads[path] = bytes === undefined ? null : await sha256(bytes)
      return bytes
    },
  }
}

/** In hexadecimal. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const hash = await globalThis.crypto.subtle.digest('SHA-256', new Uint8Array(bytes))
  return Array.from(new Uint8Array(hash), byte => byte.toString(16).padStart(2, '0')).join('')
}

function redacted<T>(value: T, redact: Redact): T {
  const walk = (part: unknown): unknown => {
    if (typeof part === 'string') return redact(part)
    if (Array.isArray(part)) return part.map(walk)
    if (part instanceof Error) return { ...toCodedError(part), message: redact(part.message) }
    if (typeof part !== 'object' || part === null) return part
    return Object.fromEntries(Object.entries(part).map(([name, member]) => [name, walk(member)]))
  }
  return walk(value) as T
}

import type { Hash } from 'node:crypto'
import type { Algorithm } from './digest.ts'
import type { BodyHashes, Downloaded } from './download.ts'
import { HTTPSourceError } from './error.ts'

/** What one URL yields in one run. */
export interface Body {
  /** Somebody finds out which hashes to ask for: the download waits for that. */
  expect(algorithms: Promise<readonly Algorithm[]>): void
  /**
   * The hash of the body, to be copied before it is finished. One download serves all that ask before it begins; an algorithm
   * that nobody had asked for by then takes another one, which must yield the same bytes. Throws what the download throws.
   */
  hash(algorithm: Algorithm): Promise<Hash>
  /** Somebody will read the body, if it has at most so many bytes: the download that begins next keeps it. */
  keep(maxBytes: number): void
  /** The bytes that are hashed; undefined where they are more than that. Throws as `hash` does. */
  content(maxBytes: number): Promise<Uint8Array | undefined>
  /** Where redirects led the download, without secrets; undefined where it came from the URL itself, or not yet. */
  readonly from: string | undefined
}

/** Binds a URL: `download` yields the hashes of its whole body, and the body where it is to be kept and has at most `keepBytes`. */
export function createBody(
  download: (algorithms: readonly Algorithm[], keepBytes?: number) => Promise<Downloaded>,
): Body {
  const wanted = new Set<Algorithm>(['sha256'])
  const expected: Promise<readonly Algorithm[]>[] = []
  const later = new Map<Algorithm | 'content', Promise<Downloaded>>()
  let keepBytes: number | undefined
  let first: Promise<Downloaded> | undefined
  let begun = false
  let from: string | undefined

  const loadFirst = async () => {
    // what else is asked for in the same round comes before this
    await new Promise(resolve => setImmediate(resolve))
    for (const found of await Promise.allSettled(expected)) {
      if (found.status === 'fulfilled') for (const algorithm of found.value) wanted.add(algorithm)
    }
    begun = true
    const downloaded = await download([...wanted], keepBytes)
    from = downloaded.from
    return downloaded
  }
  const loadAgain = async (bound: Downloaded, algorithm: Algorithm, keepBytes?: number) => {
    const again = await download(['sha256', algorithm], keepBytes)
    if (hexOf(get(again.hashes, 'sha256')) !== hexOf(get(bound.hashes, 'sha256'))) {
      throw new HTTPSourceError('changed_during_run', 'downloading once more: got another file')
    }
    return again
  }
  const once = (what: Algorithm | 'content', load: () => Promise<Downloaded>) => {
    const again = later.get(what) ?? load()
    later.set(what, again)
    return again
  }

  const body: Body = {
    get from() {
      return from
    },
    expect(algorithms) {
      expected.push(algorithms)
    },
    keep(maxBytes) {
      keepBytes = Math.max(keepBytes ?? 0, maxBytes)
    },
    async hash(algorithm) {
      if (!begun) wanted.add(algorithm)
      first ??= loadFirst()
      const bound = await first
      const again = bound.hashes.has(algorithm) ? bound : await once(algorithm, () => loadAgain(bound, algorithm))
      return get(again.hashes, algorithm)
    },
    async content(maxBytes) {
      body.keep(maxBytes)
      first ??= loadFirst()
      const bound = await first
      if (bound.length > maxBytes) return undefined
      return (bound.content ? bound : await once('content', () => loadAgain(bound, 'sha256', bound.length))).content
    },
  }
  return body
}

/** The digest of what went into the hash so far; the hash itself can go on. */
export function hexOf(hash: Hash): string {
  return hash.copy().digest('hex')
}

function get(hashes: BodyHashes, algorithm: Algorithm): Hash {
  const hash = hashes.get(algorithm)
  if (hash === undefined) throw new TypeError(`the download was not asked for ${algorithm}`)
  return hash
}

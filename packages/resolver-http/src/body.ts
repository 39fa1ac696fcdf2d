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
  /** Where redirects led the download, without secrets; undefined where it came from the URL itself, or not yet. */
  readonly from: string | undefined
}

/** Binds a URL: `download` yields the hashes of its whole body. */
export function createBody(download: (algorithms: readonly Algorithm[]) => Promise<Downloaded>): Body {
  const wanted = new Set<Algorithm>(['sha256'])
  const expected: Promise<readonly Algorithm[]>[] = []
  const later = new Map<Algorithm, Promise<Hash>>()
  let first: Promise<BodyHashes> | undefined
  let begun = false
  let from: string | undefined

  const loadFirst = async () => {
    // what else is asked for in the same round comes before this
    await new Promise(resolve => setImmediate(resolve))
    for (const found of await Promise.allSettled(expected)) {
      if (found.status === 'fulfilled') for (const algorithm of found.value) wanted.add(algorithm)
    }
    begun = true
    const downloaded = await download([...wanted])
    from = downloaded.from
    return downloaded.hashes
  }
  const loadAgain = async (bound: BodyHashes, algorithm: Algorithm) => {
    const { hashes } = await download(['sha256', algorithm])
    if (hexOf(get(hashes, 'sha256')) !== hexOf(get(bound, 'sha256'))) {
      throw new HTTPSourceError('changed_during_run', 'downloading once more for another digest: got another file')
    }
    return get(hashes, algorithm)
  }

  return {
    get from() {
      return from
    },
    expect(algorithms) {
      expected.push(algorithms)
    },
    async hash(algorithm) {
      if (!begun) wanted.add(algorithm)
      first ??= loadFirst()
      const bound = await first
      const hash = bound.get(algorithm)
      if (hash !== undefined) return hash
      const again = later.get(algorithm) ?? loadAgain(bound, algorithm)
      later.set(algorithm, again)
      return again
    },
  }
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

import type { Hash } from 'node:crypto'
import type { Algorithm } from './digest.ts'
import type { BodyHashes } from './download.ts'
import { HTTPSourceError } from './error.ts'

/** What one URL yields in one run. */
export interface Body {
  /**
   * The hash of the body, to be copied before it is finished. One download serves all that ask before it begins; an algorithm
   * that nobody had asked for by then takes another one, which must yield the same bytes. Throws what the download throws.
   */
  hash(algorithm: Algorithm): Promise<Hash>
}

/** Binds a URL: `download` yields the hashes of its whole body. */
export function createBody(download: (algorithms: readonly Algorithm[]) => Promise<BodyHashes>): Body {
  const wanted = new Set<Algorithm>(['sha256'])
  const later = new Map<Algorithm, Promise<Hash>>()
  let first: Promise<BodyHashes> | undefined
  let begun = false

  const loadFirst = async () => {
    // what else is asked for in the same round comes before this
    await new Promise(resolve => setImmediate(resolve))
    begun = true
    return download([...wanted])
  }
  const loadAgain = async (bound: BodyHashes, algorithm: Algorithm) => {
    const hashes = await download(['sha256', algorithm])
    if (hexOf(get(hashes, 'sha256')) !== hexOf(get(bound, 'sha256'))) {
      throw new HTTPSourceError('changed_during_run', 'downloading once more for another digest: got another file')
    }
    return get(hashes, algorithm)
  }

  return {
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

import { HTTPSourceError } from './error.ts'

/** Algorithms of BuildKit's digests, with the length of their text. */
const hexLength = { sha256: 64, sha384: 96, sha512: 128 } as const

export type Algorithm = keyof typeof hexLength

/** A digest in its parts; undefined where nothing is asked. Throws `invalid_checksum`. */
export function parseDigest(text: string | undefined): { algorithm: Algorithm; hex: string } | undefined {
  if (text === undefined || text === '') return undefined
  const match = /^(sha256|sha384|sha512):([0-9a-f]+)$/.exec(text)
  const algorithm = match?.[1] as Algorithm | undefined
  const hex = match?.[2]
  if (algorithm === undefined || hex === undefined || hex.length !== hexLength[algorithm]) {
    const shown = JSON.stringify(text.slice(0, 160))
    throw new HTTPSourceError(
      'invalid_checksum',
      `reading http.checksum: expected sha256:<64 hex digits>, got ${shown}`,
    )
  }
  return { algorithm, hex }
}

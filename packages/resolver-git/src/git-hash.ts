import { createHash } from 'node:crypto'
import { GitError } from './error.ts'

export type ObjectFormat = 'sha1' | 'sha256'
export type ObjectType = 'commit' | 'tree' | 'blob' | 'tag'

/** An object whose hash was computed here. */
export interface GitObject {
  readonly type: ObjectType
  readonly hash: string
  readonly content: Uint8Array
}

const digits: Readonly<Record<ObjectFormat, number>> = { sha1: 40, sha256: 64 }

/** The format that a hash in full belongs to; undefined where the text is none. */
export function formatOfHash(hash: string): ObjectFormat | undefined {
  if (!/^[0-9a-f]*$/.test(hash)) return undefined
  return hash.length === digits.sha1 ? 'sha1' : hash.length === digits.sha256 ? 'sha256' : undefined
}

/** The object with the hash of `<type> <length>\0<content>`. */
export function hashObject(type: ObjectType, content: Uint8Array, format: ObjectFormat): GitObject {
  const hash = createHash(format).update(`${type} ${content.length}\0`).update(content).digest('hex')
  return { type, hash, content }
}

/** The hash, where the text is one of this format and not the null one. Throws `malformed_response`. */
export function parseHash(text: string, format: ObjectFormat): string {
  if (formatOfHash(text) === format && !/^0+$/.test(text)) return text
  throw new GitError('malformed_response', `expected a ${format} object name, got ${JSON.stringify(text.slice(0, 80))}`)
}

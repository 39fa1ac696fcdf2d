import type { Digest } from './digest.ts'

/** Keeps content between runs. Nothing in it is believed: what it returns has been hashed. */
export interface ContentCache {
  /** The bytes of the digest, hashed again; undefined where they are missing, larger than `maxBytes` or altered. */
  read(digest: Digest, options: { readonly maxBytes: number }): Promise<Uint8Array | undefined>
  /** Keeps bytes that have the digest. Never throws: a cache that cannot be written is no cache. */
  write(digest: Digest, bytes: Uint8Array): Promise<void>
  /** What a server said of something that may change (a tag), for offline use; undefined where missing or altered. */
  readRecord(key: string): Promise<string | undefined>
  writeRecord(key: string, value: string): Promise<void>
}

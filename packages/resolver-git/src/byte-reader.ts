import { GitError } from './error.ts'

/** Reads exact counts of bytes off a stream of chunks. */
export interface ByteReader {
  /** Bytes that are there already. */
  readonly buffered: Uint8Array
  /** Waits until at least `count` bytes are buffered; false where the stream ends before. */
  fill(count: number): Promise<boolean>
  /** Drops bytes that are buffered. */
  skip(count: number): void
  /** The next bytes, a copy. Throws `truncated` where the stream ends before. */
  read(count: number): Promise<Uint8Array>
}

/** `what` is named in errors. */
export function createByteReader(source: AsyncIterator<Uint8Array>, what: string): ByteReader {
  let buffer = Buffer.alloc(0)
  let ended = false
  const fill = async (count: number): Promise<boolean> => {
    if (buffer.length >= count) return true
    const chunks: Uint8Array[] = [buffer]
    let length = buffer.length
    while (length < count && !ended) {
      const next = await source.next()
      if (next.done) ended = true
      else {
        chunks.push(next.value)
        length += next.value.length
      }
    }
    buffer = Buffer.concat(chunks, length)
    return length >= count
  }
  const skip = (count: number) => {
    buffer = buffer.subarray(count)
  }
  return {
    get buffered() {
      return buffer
    },
    fill,
    skip,
    async read(count) {
      if (!(await fill(count))) {
        throw new GitError('truncated', `reading ${what}: expected ${count} more bytes, got ${buffer.length}`)
      }
      const bytes = Uint8Array.prototype.slice.call(buffer, 0, count)
      skip(count)
      return bytes
    },
  }
}

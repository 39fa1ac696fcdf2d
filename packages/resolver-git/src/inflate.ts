import { once } from 'node:events'
import { createInflate, inflateSync } from 'node:zlib'
import type { ByteReader } from './byte-reader.ts'
import { GitError } from './error.ts'

/** Up to this many bytes of result are inflated in one go. */
const SMALL_BYTES = 64 * 1024
/** Deflated data is hardly longer than what it makes; a stream of empty blocks would never end. */
const MAX_OVERHEAD_BYTES = 64 * 1024

/**
 * The result of the zlib stream that comes next, which must have `size` bytes; exactly its bytes are read.
 * With `keep` false the result is checked and dropped. Throws `malformed_response` or `truncated`.
 */
export async function inflateNext(reader: ByteReader, size: number, keep: boolean): Promise<Uint8Array> {
  const result = size > SMALL_BYTES ? await inflateLarge(reader, size, keep) : await inflateSmall(reader, size)
  if (result.length !== (keep || size <= SMALL_BYTES ? size : 0)) {
    throw malformed(`expected ${size} bytes, got ${result.length}`)
  }
  return result
}

async function inflateSmall(reader: ByteReader, size: number): Promise<Uint8Array> {
  const limit = 2 * size + MAX_OVERHEAD_BYTES
  for (let wanted = 1; ; wanted = Math.min(limit, 2 * reader.buffered.length + 1)) {
    const isWhole = await reader.fill(wanted)
    try {
      const { buffer, engine } = inflateSync(reader.buffered.subarray(0, limit), {
        info: true,
        maxOutputLength: size + 1,
      }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } }
      reader.skip(engine.bytesWritten)
      return buffer
    } catch (cause) {
      if ((cause as { code?: unknown }).code !== 'Z_BUF_ERROR') throw malformed('not a zlib stream of its size', cause)
      if (!isWhole) throw new GitError('truncated', 'reading a pack: it ends within an object', { cause })
      if (reader.buffered.length >= limit) throw malformed('an object is longer deflated than it may be', cause)
    }
  }
}

async function inflateLarge(reader: ByteReader, size: number, keep: boolean): Promise<Uint8Array> {
  const inflate = createInflate()
  const kept: Buffer[] = []
  const progress = { length: 0, ended: false, failure: undefined as unknown }
  let consumed = 0
  inflate.on('data', (chunk: Buffer) => {
    progress.length += chunk.length
    if (keep) kept.push(chunk)
  })
  inflate.on('error', error => {
    progress.failure = error
  })
  inflate.on('end', () => {
    progress.ended = true
  })
  try {
    while (!progress.ended) {
      if (consumed > 2 * size + MAX_OVERHEAD_BYTES) throw malformed('an object is longer deflated than it may be')
      if (!(await reader.fill(1))) throw new GitError('truncated', 'reading a pack: it ends within an object')
      const chunk = reader.buffered
      const before = inflate.bytesWritten
      await new Promise<void>(resolve => {
        inflate.once('close', resolve)
        inflate.write(chunk, () => {
          inflate.off('close', resolve)
          resolve()
        })
      })
      if (progress.failure !== undefined) throw malformed('not a zlib stream', progress.failure)
      if (progress.length > size) throw malformed(`expected ${size} bytes, got more`)
      const used = inflate.bytesWritten - before
      consumed += used
      reader.skip(used)
      // the stream says that it ends only once it leaves bytes unread
      if (used < chunk.length && !progress.ended) await once(inflate, 'end')
    }
  } finally {
    inflate.destroy()
  }
  if (progress.length !== size) throw malformed(`expected ${size} bytes, got ${progress.length}`)
  return Buffer.concat(kept)
}

function malformed(problem: string, cause?: unknown): GitError {
  return new GitError('malformed_response', `reading a pack: ${problem}`, cause === undefined ? {} : { cause })
}

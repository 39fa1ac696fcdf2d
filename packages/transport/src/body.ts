import { type BodyOptions, BoundedSink, isCoded, tooLarge } from './bounded-sink.ts'
import { TransportError } from './error.ts'
import type { Reception } from './reception.ts'

/** All of a body, counted and bounded; ends in an error unless all of it came. */
export function readWhole(reception: Reception, options: BodyOptions): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const parts: Uint8Array[] = []
    const body = new BoundedSink(reception, options, {
      take: part => parts.push(part) > 0,
      end: () => resolve(parts.length === 1 ? parts[0]! : Buffer.concat(parts)),
      fail: reject,
    })
    body.begin()
  })
}

/** Reads what nobody wants, as long as it is little, so that its connection can be used again. Never rejects. */
export function drain(reception: Reception, maxBytes: number, timeoutMs: number): Promise<void> {
  return new Promise(resolve => {
    const giveUp = () => reception.abort(new TransportError('truncated', 'a body that nobody wants'))
    const timer = setTimeout(giveUp, timeoutMs).unref()
    const done = () => {
      clearTimeout(timer)
      resolve()
    }
    let received = 0
    reception.pour({
      take(part) {
        received += part.byteLength
        if (received > maxBytes) giveUp()
        return true
      },
      end: done,
      fail: done,
    })
  })
}

/** The parts of a gzipped body, decompressed and bounded: a bomb stops at the limit, in constant memory. */
export async function* gunzip(
  encoded: AsyncIterable<Uint8Array>,
  options: Pick<BodyOptions, 'what' | 'maxBytes' | 'signal'>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { what, maxBytes, signal } = options
  const [{ createGunzip }, { pipeline, Readable: ReadableStream }] = await Promise.all([
    import('node:zlib'),
    import('node:stream'),
  ])
  const decoder = createGunzip()
  // the decoder carries the error to the loop below
  pipeline(ReadableStream.from(encoded), decoder, () => undefined)
  let decoded = 0
  try {
    for await (const chunk of decoder as AsyncIterable<Uint8Array>) {
      decoded += chunk.byteLength
      if (decoded > maxBytes) throw tooLarge(what, maxBytes)
      yield chunk
    }
  } catch (thrown) {
    if (signal.aborted) throw signal.reason
    if (isCoded(thrown)) throw thrown
    const code = (thrown as { code?: string }).code === 'Z_BUF_ERROR' ? 'truncated' : 'malformed_response'
    throw new TransportError(code, `${what}: decompressing the body`, { cause: thrown })
  } finally {
    decoder.destroy()
  }
}

import { HTTPSourceError } from './error.ts'

/**
 * The bytes of a Snappy block (not of the framing format), at most `maxBytes` of them. Throws `malformed_attestation`, `too_large`.
 *
 * @see https://github.com/google/snappy/blob/1.2.2/format_description.txt
 */
export function decodeSnappy(block: Uint8Array, maxBytes: number): Uint8Array {
  const { length, start } = readLength(block)
  if (length > maxBytes) {
    throw new HTTPSourceError(
      'too_large',
      `decompressing a Snappy block: ${length} bytes, at most ${maxBytes} are allowed`,
    )
  }
  const output = new Uint8Array(length)
  let written = 0
  for (let at = start; at < block.length; ) {
    const { size, from, next } = readElement(block, at, written)
    if (written + size > length) throw malformed('longer than it says')
    if (from === undefined) {
      output.set(block.subarray(next - size, next), written)
      written += size
    } else {
      // byte by byte: what is copied may overlap with what it is copied to
      for (let count = 0; count < size; count++) output[written++] = output[from + count]!
    }
    at = next
  }
  if (written !== length) throw malformed('shorter than it says')
  return output
}

/** Up to 32 bits, seven in a byte, the lowest first. */
function readLength(block: Uint8Array): { length: number; start: number } {
  let length = 0
  for (let at = 0; at < 5; at++) {
    const byte = byteAt(block, at)
    length += (byte & 0x7f) * 2 ** (7 * at)
    if (byte < 0x80) {
      if (length > 0xffffffff) break
      return { length, start: at + 1 }
    }
  }
  throw malformed('its length is no number of 32 bits')
}

interface Element {
  /** Bytes that it adds. */
  readonly size: number
  /** Where in the output they are copied from; undefined where they are the last ones of the element itself. */
  readonly from?: number
  readonly next: number
}

/** By the two lowest bits of its first byte: a literal, or a copy with an offset of 1, 2 or 4 bytes. */
function readElement(block: Uint8Array, at: number, written: number): Element {
  const tag = byteAt(block, at)
  const upper = tag >> 2
  if ((tag & 3) === 0) {
    const lengthBytes = Math.max(0, upper - 59)
    const size = (lengthBytes === 0 ? upper : littleEndian(block, at + 1, lengthBytes)) + 1
    const next = at + 1 + lengthBytes + size
    if (next > block.length) throw malformed('a literal is cut short')
    return { size, next }
  }
  const offsetBytes = [0, 1, 2, 4][tag & 3]!
  const low = littleEndian(block, at + 1, offsetBytes)
  const [size, offset] = offsetBytes === 1 ? [(upper & 7) + 4, (upper >> 3) * 256 + low] : [upper + 1, low]
  if (offset === 0 || offset > written) throw malformed('a copy of what is not there')
  return { size, from: written - offset, next: at + 1 + offsetBytes }
}

function littleEndian(block: Uint8Array, at: number, count: number): number {
  let value = 0
  for (let index = 0; index < count; index++) value += byteAt(block, at + index) * 256 ** index
  return value
}

function byteAt(block: Uint8Array, at: number): number {
  const byte = block[at]
  if (byte === undefined) throw malformed('cut short')
  return byte
}

function malformed(problem: string): HTTPSourceError {
  return new HTTPSourceError('malformed_attestation', `decompressing a Snappy block: ${problem}`)
}

import { SignatureError, type SignatureErrorCode } from './error.ts'

/** Reads numbers and strings off bytes from outside; throws `code` where they end too early. */
export interface ByteCursor {
  readonly left: number
  bytes(count: number): Uint8Array
  /** Big-endian number of 1, 2 or 4 bytes. */
  number(size: 1 | 2 | 4): number
  /** SSH's string: RFC 4251 section 5. */
  string(): Uint8Array
}

export function createByteCursor(
  data: Uint8Array,
  what: string,
  code: SignatureErrorCode = 'malformed_signature',
): ByteCursor {
  let offset = 0
  const take = (count: number): Uint8Array => {
    if (count > data.length - offset) {
      throw new SignatureError(
        code,
        `reading ${what}: expected ${count} bytes at offset ${offset}, got ${data.length - offset}`,
      )
    }
    offset += count
    return data.subarray(offset - count, offset)
  }
  const number = (size: 1 | 2 | 4): number => take(size).reduce((sum, byte) => sum * 256 + byte, 0)
  return {
    get left() {
      return data.length - offset
    },
    bytes: take,
    number,
    string: () => take(number(4)),
  }
}

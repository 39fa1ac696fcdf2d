import { isUtf8 } from 'node:buffer'

/** Latin-1 text as the UTF-8 that its bytes are; each byte that is none becomes U+FFFD. */
export function decodeText(latin1: string): string {
  const bytes = Buffer.from(latin1, 'latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : decodeBytewise(bytes)
}

/** As Go decodes it, which replaces single bytes where others replace sequences. Hostile: megabytes of such bytes. */
function decodeBytewise(bytes: Buffer): string {
  const text = Buffer.alloc(bytes.length * REPLACEMENT.length)
  let written = 0
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at]!
    const length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2
    if (length === 1) text[written++] = lead
    else if (isUtf8(bytes.subarray(at, at + length))) written += bytes.copy(text, written, at, at + length)
    else {
      written += REPLACEMENT.copy(text, written)
      at++
      continue
    }
    at += length
  }
  return text.toString('utf8', 0, written)
}

const REPLACEMENT = Buffer.from('\ufffd')

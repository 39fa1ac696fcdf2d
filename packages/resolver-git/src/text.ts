/** Latin-1 text as the UTF-8 that its bytes are; each byte that is none becomes U+FFFD. */
export function decodeText(latin1: string): string {
  const bytes = Buffer.from(latin1, 'latin1')
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return decodeBytewise(bytes)
  }
}

/** As Go decodes it, which replaces single bytes where others replace sequences. */
function decodeBytewise(bytes: Uint8Array): string {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at]!
    const length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2
    try {
      text += decoder.decode(bytes.subarray(at, at + length))
      at += length
    } catch {
      text += '\ufffd'
      at++
    }
  }
  return text
}

/*
 * BuildKit is written in Go, whose notion of spaces and letters differs from JavaScript's in ways that can move a word:
 * U+FEFF is no space there, U+0085 is, and lower case is made of each character by itself.
 */

const space = /[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/u

export function isSpace(character: string): boolean {
  return space.test(character)
}

export function trimStart(text: string): string {
  let start = 0
  while (start < text.length && isSpace(text.charAt(start))) start++
  return text.slice(start)
}

export function trimEnd(text: string): string {
  let end = text.length
  while (end > 0 && isSpace(text.charAt(end - 1))) end--
  return text.slice(0, end)
}

export function trim(text: string): string {
  return trimEnd(trimStart(text))
}

/** Each character by itself: no final sigma, and U+0130 is a plain i. */
export function lowerCase(text: string): string {
  if (/^[\0-\x7f]*$/.test(text)) return text.toLowerCase()
  return Array.from(text, character => (character === '\u0130' ? 'i' : character.toLowerCase())).join('')
}

/** Each character by itself, and only where one character comes of it (not SS of sharp s). */
export function upperCase(text: string): string {
  return Array.from(text, character => {
    const upper = character.toUpperCase()
    return Array.from(upper).length === 1 ? upper : character
  }).join('')
}

/** The text as UTF-8 with a character for each byte. */
export function toBytes(text: string): string {
  let bytes = ''
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte)
  return bytes
}

/** Inverse of `toBytes`; what is not UTF-8 becomes U+FFFD. */
export function fromBytes(bytes: string): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes, byte => byte.charCodeAt(0)))
}

/** UTF-8 bytes of the text. */
export function byteLength(text: string): number {
  let bytes = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    bytes += code < 0x80 ? 1 : code < 0x800 || (code >= 0xd800 && code <= 0xdfff) ? 2 : 3
  }
  return bytes
}

/** Lone surrogates become U+FFFD. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd')
}

/** Whether the text is an integer of 64 bits, as Go's Atoi takes it. */
export function isInteger(text: string): boolean {
  return /^[+-]?\d+$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text)
}

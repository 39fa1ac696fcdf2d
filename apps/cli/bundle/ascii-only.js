/** Engines read text faster where every character is one byte. */
export function asciiOnly() {
  return {
    name: 'ascii-only',
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue
        // an escape would change what is escaped already
        if (/\\[^\0-\x7f]/.test(chunk.code)) throw new Error('a character beyond ASCII stands after a backslash')
        chunk.code = chunk.code.replace(/[^\0-\x7f]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      }
    },
  }
}

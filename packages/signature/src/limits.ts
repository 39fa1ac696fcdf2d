/** Bytes of one signature in its armor: a post-quantum one takes tens of kilobytes. */
export const MAX_SIGNATURE_BYTES = 256 * 1024
/** Bytes of a file of keys. */
export const MAX_KEYS_BYTES = 4 * 1024 ** 2
/** Packets read before the first signature. */
export const MAX_PACKETS = 64
/** Signatures tried of one detached signature. */
export const MAX_SIGNATURES = 16
/** Keys of one file; a distribution's keyring has about a thousand. */
export const MAX_KEYS = 4096
/** Bits of the smallest RSA key that is accepted. */
export const MIN_RSA_BITS = 2048
/** How far the clock of a signer may be ahead. */
export const MAX_CLOCK_SKEW_MS = 5 * 60_000

/** Bytes of one signature in its armor: a post-quantum one takes tens of kilobytes. */
export const MAX_SIGNATURE_BYTES = 256 * 1024
/** Packets read before the first signature. */
export const MAX_PACKETS = 64

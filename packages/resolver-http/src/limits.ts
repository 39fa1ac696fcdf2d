/** Bytes of one download. */
export const MAX_BODY_BYTES = 8 * 1024 ** 3

/** How often a download that broke is taken up again where it broke. */
export const MAX_RESUMPTIONS = 3

/** Characters of an identifier. */
export const MAX_IDENTIFIER_LENGTH = 64 * 1024

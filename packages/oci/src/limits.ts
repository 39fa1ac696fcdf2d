/** Characters of a reference; the grammar bounds the repository (255) and the tag (128) but not the domain. */
export const MAX_REFERENCE_CHARS = 4096

/** Characters of a repository without its domain, as distribution has it. */
export const MAX_REPOSITORY_CHARS = 255

/** Characters of a package URL. */
export const MAX_PURL_CHARS = 8192

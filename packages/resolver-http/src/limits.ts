/** Bytes of one download. */
export const MAX_BODY_BYTES = 8 * 1024 ** 3

/** How often a download that broke is taken up again where it broke. */
export const MAX_RESUMPTIONS = 3

/** Characters of an identifier. */
export const MAX_IDENTIFIER_LENGTH = 64 * 1024

/** Bytes of a file of signatures or keys, as in buildx. */
export const MAX_SIGNATURE_FILE_BYTES = 512 * 1024

/** Bytes of a Sigstore bundle, as in buildx. */
export const MAX_BUNDLE_BYTES = 8 * 1024 ** 2

/** Bytes of one page of a listing of attestations, with the bundles that stand in it. */
export const MAX_ATTESTATION_PAGE_BYTES = 32 * 1024 ** 2

/** Pages of one listing of attestations. */
export const MAX_ATTESTATION_PAGES = 10

/** Attestations of one digest that are tried. */
export const MAX_ATTESTATIONS = 300

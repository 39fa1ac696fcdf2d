/** Referrers of one manifest that are opened: those that are signatures by their type, or do not tell their type. */
export const MAX_OPENED_REFERRERS = 100

/** Bytes of a layer with a statement, as in BuildKit. */
export const MAX_STATEMENT_BYTES = 40 * 1024 ** 2

/** Bytes of a bundle, an envelope or a payload that is signed. */
export const MAX_SIGNATURE_BYTES = 56 * 1024 ** 2

/** Bytes of all signatures at one place, and of all statements of one image: they are held at the same time. */
export const MAX_CANDIDATE_BYTES = 128 * 1024 ** 2

/** Layers of one manifest that are read as statements or signatures. */
export const MAX_LAYERS = 100

/** Bytes of a key or trust root of a policy. */
export const MAX_KEY_BYTES = 4 * 1024 ** 2

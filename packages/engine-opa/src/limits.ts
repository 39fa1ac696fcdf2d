/** Bytes of one policy file. */
export const MAX_POLICY_FILE_BYTES = 4 * 1024 ** 2

/** Modules of one policy set, imports included. */
export const MAX_POLICY_MODULES = 1_000

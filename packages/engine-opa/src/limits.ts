/** Bytes of one policy file. */
export const MAX_POLICY_FILE_BYTES = 4 * 1024 ** 2

/** Modules of one policy set, imports included. */
export const MAX_POLICY_MODULES = 1_000

/** Rules inside each other that an explanation follows. */
export const MAX_EXPLAINED_DEPTH = 8

/** What is told of one evaluation that is explained; what comes after it is left out. */
export const MAX_EXPLAINED_EVENTS = 200_000

/** Characters of the values in it. */
export const MAX_EXPLAINED_CHARS = 16 * 1024 ** 2

/** Rules of one explanation, each as often as it is shown. */
export const MAX_EXPLAINED_RULES = 2_000

/** Evaluations of one test: each answers the calls of host functions that the last one lacked. */
export const MAX_TEST_ROUNDS = 32

/** Errors of builtins that one evaluation tells of. */
export const MAX_TOLD_ERRORS = 20

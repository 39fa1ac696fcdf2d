/** Bytes of a Dockerfile. */
export const MAX_DOCKERFILE_BYTES = 16 * 1024 ** 2

/** Bytes of a policy file on standard input or beside a Dockerfile. */
export const MAX_POLICY_BYTES = 4 * 1024 ** 2

/** Bytes of a file of certificates. */
export const MAX_CERTIFICATE_BYTES = 1024 ** 2

/** Bytes of a bake or compose file. */
export const MAX_BAKE_BYTES = 4 * 1024 ** 2

/** Bytes of a build context that is downloaded, as it comes and unpacked. */
export const MAX_ARCHIVE_BYTES = 512 * 1024 ** 2

/** Links on the way to one file, as on Linux. */
export const MAX_LINKS = 40

/** Bytes of one file of a policy that a registry has. */
export const MAX_POLICY_ARTIFACT_BYTES = 16 * 1024 ** 2

/** Files of a policy that a registry has. */
export const MAX_POLICY_ARTIFACT_LAYERS = 100

/** Builds that are checked side by side. */
export const MAX_CONCURRENT_BUILDS = 8

/** Characters of one foreign text on a terminal: a deny message, an identifier. */
export const MAX_PRINTED_CHARS = 4_000

/** Sources that are decided side by side. */
export const MAX_CONCURRENT_SOURCES = 8

/** Bytes of one file of a recording. */
export const MAX_RECORDING_BYTES = 64 * 1024 ** 2

/** Sources of a recording: as many as a run may have. */
export const MAX_RECORDED_SOURCES = 2_000

/** Bytes of a file with a secret, as in BuildKit. */
export const MAX_SECRET_BYTES = 500 * 1024

/** Milliseconds that asking for the current trust root may take; then the one at hand is taken. */
export const TRUST_ROOT_REFRESH_TIMEOUT_MS = 5_000

/** Bytes of a file of trust roots. */
export const MAX_TRUST_ROOT_BYTES = 4 * 1024 ** 2

/** Bytes of an attestation file: a bundle with a statement as large as BuildKit takes. */
export const MAX_ATTESTATION_BYTES = 64 * 1024 ** 2

/** Bytes of a public key in PEM. */
export const MAX_KEY_BYTES = 64 * 1024

/** Bytes of an artifact up to which it is kept in memory: signatures by Ed25519 are over all of it. */
export const MAX_HELD_ARTIFACT_BYTES = 64 * 1024 ** 2

/** Bytes of a file of waivers. */
export const MAX_WAIVERS_BYTES = 1024 ** 2

/** Waivers of one file. */
export const MAX_WAIVERS = 1_000

/** Characters of each text of a waiver. */
export const MAX_WAIVER_CHARS = 1_000

/** Files of tests, and directories that are looked through for them. */
export const MAX_TEST_FILES = 10_000

/** Characters of a value or an expression in an explanation. */
export const MAX_EXPLAINED_CHARS = 160

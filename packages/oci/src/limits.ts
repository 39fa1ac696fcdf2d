/** Characters of a reference; the grammar bounds the repository (255) and the tag (128) but not the domain. */
export const MAX_REFERENCE_CHARS = 4096

/** Characters of a repository without its domain, as distribution has it. */
export const MAX_REPOSITORY_CHARS = 255

/** Characters of a package URL. */
export const MAX_PURL_CHARS = 8192

/** Bytes of a manifest or index: what registries have to accept, and the most that builders read. */
export const MAX_MANIFEST_BYTES = 4 * 1024 ** 2

/** Bytes of an image config. */
export const MAX_CONFIG_BYTES = 8 * 1024 ** 2

/** Times that a blob is asked for again from where it broke off. */
export const MAX_BLOB_RESUMES = 3

/** Descriptors of one document. */
export const MAX_DESCRIPTORS = 10_000

/** Indexes on the way from a reference to a manifest. */
export const MAX_INDEX_DEPTH = 4

/** Entries without a platform that are opened in search of one. */
export const MAX_PLATFORM_PROBES = 16

/** Bytes of an error document, of which at most a few words are shown. */
export const MAX_ERROR_BYTES = 64 * 1024

/** Characters of a WWW-Authenticate header. */
export const MAX_CHALLENGE_CHARS = 8192

/** Bytes of a token endpoint's answer. */
export const MAX_TOKEN_RESPONSE_BYTES = 256 * 1024

/** Characters of a token; it goes into a header. */
export const MAX_TOKEN_CHARS = 48 * 1024

/** Seconds that a token is good for where its endpoint does not say, as the token specification has it. */
export const DEFAULT_TOKEN_SECONDS = 60

/** Seconds after which a token is asked for again, whatever its endpoint says. */
export const MAX_TOKEN_SECONDS = 24 * 60 * 60

/** Pages of a referrers list, and descriptors of all of them. */
export const MAX_REFERRER_PAGES = 100

/** Bytes of Docker's config.json. */
export const MAX_DOCKER_CONFIG_BYTES = 1024 ** 2

/** Bytes that a credential helper may write. */
export const MAX_CREDENTIAL_HELPER_BYTES = 64 * 1024

/** Milliseconds that a credential helper may take; some ask a cloud. */
export const CREDENTIAL_HELPER_TIMEOUT_MS = 30_000

/** Bytes of all entries of a disk cache. */
export const MAX_CACHE_BYTES = 1024 ** 3

/** Bytes of a cached record. */
export const MAX_CACHE_RECORD_BYTES = 64 * 1024

/** Bytes of a buildkitd.toml. */
export const MAX_BUILDKIT_CONFIG_BYTES = 1024 ** 2

/** Bytes of a file of certificates. */
export const MAX_CERTIFICATE_BYTES = 1024 ** 2

/** Files of a directory of certificates. */
export const MAX_CERTIFICATE_FILES = 1_000

/** Bytes of the `index.json` of an OCI layout. */
export const MAX_LAYOUT_INDEX_BYTES = 4 * 1024 ** 2

/** Entries of a tar archive. */
export const MAX_TAR_ENTRIES = 100_000

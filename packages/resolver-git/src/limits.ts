/** Bytes of a listing of refs or capabilities. With protocol 0 it holds all refs of the repository. */
export const MAX_REFS_BYTES = 64 * 1024 ** 2
/** Refs of one listing. */
export const MAX_REFS = 1_000_000
/** Bytes of one pack. Only a server that cannot leave out trees comes near it. */
export const MAX_PACK_BYTES = 256 * 1024 ** 2
/** Bytes of one commit or tag object. */
export const MAX_OBJECT_BYTES = 8 * 1024 ** 2
/** Bytes of all commits and tags of a pack that are held at the same time. */
export const MAX_HELD_BYTES = 32 * 1024 ** 2
/** What an object that is held takes besides its content: a pack may have millions of empty ones. */
export const HELD_OBJECT_BYTES = 512
/** Bytes of one file that is read from a repository, and of one of its directories. */
export const MAX_FILE_BYTES = 32 * 1024 ** 2
/** Bytes of all objects of a commit that are held while its files are read. */
export const MAX_TREE_BYTES = 256 * 1024 ** 2
/** Symbolic links on the way to one file, as on Linux. */
export const MAX_LINKS = 40
/** How often a tag may point to a tag. */
export const MAX_TAG_DEPTH = 16
/** Characters of what a server says that are repeated in an error. */
export const MAX_REMOTE_MESSAGE = 500
/** Characters of a ref. */
export const MAX_REF_LENGTH = 4096
/** Bytes of a file of keys, as in buildx. */
export const MAX_KEY_FILE_BYTES = 128 * 1024
/** Milliseconds that one command of the git binary may take. */
export const GIT_TIMEOUT_MS = 60_000

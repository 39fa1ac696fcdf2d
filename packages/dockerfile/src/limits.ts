/** Characters of a Dockerfile. */
export const MAX_DOCKERFILE_CHARS = 4 * 1024 ** 2

/** UTF-8 bytes of a line without its newline; BuildKit's scanner stops there as well. */
export const MAX_LINE_BYTES = 64 * 1024 - 1

/** Characters that a word may expand to: each `ARG B=$A$A` doubles what the line before it made. */
export const MAX_EXPANDED_CHARS = 256 * 1024

/** Nesting of `${a:-${b:-...}}`. */
export const MAX_EXPANSION_DEPTH = 100

/** Steps that matching `${X#pattern}` and its like may take in one build. */
export const MAX_PATTERN_STEPS_PER_BUILD = 5_000_000

/** Characters that the variables in all words of one build may stand for together. */
export const MAX_EXPANSION_CHARS_PER_BUILD = 16 * 1024 ** 2

/** Variables that the stages of one build may copy from those below them, all together. */
export const MAX_COPIED_VARIABLES = 5_000_000

/** How far triggers may lead: an image whose trigger copies from an image whose trigger... */
export const MAX_TRIGGER_DEPTH = 100

/** Stages of a Dockerfile, with one more for each image that COPY or a mount names. */
export const MAX_STAGES = 10_000

/** UTF-16 units of a bake or compose file. */
export const MAX_FILE_LENGTH = 4 * 1024 ** 2
/** Targets of one file. */
export const MAX_TARGETS = 10_000
/** Policies of one target, those of its parents included. */
export const MAX_POLICIES = 1_000
/** How deep groups, `inherits` and `target:` contexts may lead. */
export const MAX_REFERENCE_DEPTH = 100
/** Collections inside each other in a YAML file. */
export const MAX_YAML_NESTING = 100
/** Aliases of a YAML file, those within what aliases stand for counted each time. */
export const MAX_YAML_ALIASES = 1_000
/** UTF-16 units that one text may have after its variables were put in. */
export const MAX_EXPANDED_LENGTH = 64 * 1024
/** Defaults inside defaults: `${A:-${B:-${C}}}`. */
export const MAX_EXPANSION_DEPTH = 20

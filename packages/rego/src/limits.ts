/** UTF-16 units of one module or query. */
export const maxModuleLength = 4 * 1024 * 1024

/** Nesting of terms and bodies (brackets, comprehensions, operators, else branches) that the parser follows. */
export const maxParseDepth = 500

/** Errors reported at once by one stage of parsing or compiling; the rest are counted, not told. */
export const maxErrors = 10

/** Terms of one compiled program, all modules together. */
export const maxProgramTerms = 2_000_000

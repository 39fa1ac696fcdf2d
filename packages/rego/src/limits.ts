/** UTF-16 units of one module or query. */
export const maxModuleLength = 4 * 1024 * 1024

/** Nesting of terms and bodies (brackets, comprehensions, operators, else branches) that the parser follows. */
export const maxParseDepth = 500

/** Errors reported at once by one stage of parsing or compiling; the rest are counted, not told. */
export const maxErrors = 10

/** Steps of one evaluation: rules and functions entered, members visited, what builtins charge. */
export const maxEvaluationSteps = 50_000_000

/** Milliseconds of one evaluation. */
export const maxEvaluationMilliseconds = 10_000

/** Rules, functions and closures inside each other during evaluation. */
export const maxEvaluationDepth = 500

/** Members of all arrays, objects and sets in the results of one evaluation, shared parts counted each time. */
export const maxResultSize = 5_000_000

/** Bytes, by a rough count, of all values that one evaluation makes, those that it drops again included. */
export const maxEvaluationBytes = 256 * 1024 * 1024

/** UTF-16 units of a string that evaluation makes. */
export const maxStringLength = 4 * 1024 * 1024

/** Members of a collection that evaluation makes. */
export const maxItems = 1_000_000

/** UTF-16 units of the text, JSON or key of one value. */
export const maxTextLength = 4 * 1024 * 1024

/** Parts of values that one comparison, or one copy, looks at. */
export const maxComparedValues = 5_000_000

/** Parts of values that one sorting looks at. */
export const maxSortedValues = 20_000_000

/** Values that a rule could have, as long as something is unknown, that are told apart. */
export const maxOutcomes = 16

/** Parts of a static type, shared ones counted each time; of larger types nothing is known before evaluation. */
export const maxTypeSize = 5_000

/** Static types inside each other. */
export const maxTypeDepth = 200

/** Alternatives that a static type lists. */
export const maxTypeAlternatives = 1_000

/** Milliseconds of compiling the modules of one program; looked at between the stages. */
export const maxCompileMilliseconds = 10_000

/** Parts of the name of a package or rule, `data` not counted. */
export const maxNameParts = 500

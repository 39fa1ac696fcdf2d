import { aggregates } from './aggregates.ts'
import { arithmetic, bits } from './arithmetic.ts'
import { arrays } from './arrays.ts'
import { casts, typeNames } from './casts.ts'
import { comparison } from './comparison.ts'
import { formatting } from './formatting.ts'
import { jsonPaths } from './json-paths.ts'
import { numbers } from './numbers.ts'
import { objects } from './objects.ts'
import { sets } from './sets.ts'
import type { Builtin } from './signature.ts'
import { strings } from './strings.ts'
import { tracing } from './tracing.ts'
import { undelivered } from './undelivered.ts'

/** The builtins of OPA v1.14.1 by name, those without an implementation among them. */
export const builtins: ReadonlyMap<string, Builtin> = new Map(
  [
    comparison,
    arithmetic,
    bits,
    aggregates,
    arrays,
    sets,
    objects,
    strings,
    formatting,
    numbers,
    casts,
    typeNames,
    jsonPaths,
    tracing,
    undelivered,
  ]
    .flat()
    .map(builtin => [builtin.name, builtin]),
)

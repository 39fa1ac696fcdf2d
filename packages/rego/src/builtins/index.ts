import { aggregates } from './aggregates.ts'
import { arithmetic, bits } from './arithmetic.ts'
import { arrays } from './arrays.ts'
import { casts, typeNames } from './casts.ts'
import { comparison } from './comparison.ts'
import { crypto } from './crypto.ts'
import { encoding } from './encoding.ts'
import { formatting } from './formatting.ts'
import { glob } from './glob.ts'
import { graph } from './graph.ts'
import { json } from './json.ts'
import { jsonPaths } from './json-paths.ts'
import { net } from './net.ts'
import { numbers } from './numbers.ts'
import { objects } from './objects.ts'
import { regex } from './regex.ts'
import { semver } from './semver.ts'
import { sets } from './sets.ts'
import type { Builtin } from './signature.ts'
import { strings } from './strings.ts'
import { time } from './time.ts'
import { tracing } from './tracing.ts'
import { undelivered } from './undelivered.ts'
import { units } from './units.ts'
import { uuid } from './uuid.ts'
import { yaml } from './yaml.ts'

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
    crypto,
    encoding,
    glob,
    graph,
    json,
    net,
    regex,
    semver,
    time,
    units,
    uuid,
    yaml,
    tracing,
    undelivered,
  ]
    .flat()
    .map(builtin => [builtin.name, builtin]),
)
